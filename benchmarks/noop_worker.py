"""The worker of `bench_orchestrator`: steps and bare tasks that do nothing.

It serves the generator queue as a real one does: a step has its lease, its attempt, its manifest.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from celery.signals import worker_init
from folder_store import FOLDER_VARIABLE, FolderStore

from syntrust_core.contracts.base import Kind, Queue, StepMessage
from syntrust_core.runtime import worker
from syntrust_core.runtime.runner import StepContext

BARE_TASK = "bench.bare"


def do_nothing(message: StepMessage, context: StepContext) -> None:
    """Publish a manifest without a file."""


def _register_bare(sender: object, **_: object) -> None:
    sender.app.task(lambda: None, name=BARE_TASK)  # type: ignore[attr-defined]


if __name__ == "__main__":
    worker_init.connect(_register_bare, weak=False)
    if FOLDER_VARIABLE in os.environ:
        worker.S3Store = FolderStore  # type: ignore[misc,assignment]
    nothing = "noop_worker:do_nothing"
    worker.run_worker(
        Queue.GENERATOR, {Kind.SYNTHESISE_CASE: nothing, Kind.TRAIN_GENERATOR: nothing}
    )
