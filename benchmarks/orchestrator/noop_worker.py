"""The worker of `bench_orchestrator`: steps and bare tasks that do nothing.

It serves the generator queue as a real one does: a step has its lease, its attempt, its manifest.
"""

from __future__ import annotations

import os
from unittest.mock import patch

from benchmarks.orchestrator.folder_store import FOLDER_VARIABLE, FolderStore
from celery import Celery

from syntrust_core.configuration import read_at_start
from syntrust_core.contracts.base import Kind, Queue, StepMessage
from syntrust_core.runtime.queue import make_celery
from syntrust_core.runtime.runner import StepContext
from syntrust_core.runtime.worker import run_worker
from syntrust_core.settings import QueueSettings, Settings
from syntrust_core.storage.s3 import S3Store

BARE_TASK = "bench.bare"
NOTHING = "benchmarks.orchestrator.noop_worker:do_nothing"


def do_nothing(message: StepMessage, context: StepContext) -> None:
    """Publish a manifest without a file."""


def do_bare() -> None:
    """Do nothing. Celery cannot register a lambda."""


def make_with_bare_task(settings: QueueSettings) -> Celery:
    app = make_celery(settings)
    app.task(do_bare, name=BARE_TASK)
    return app


if __name__ == "__main__":
    store = FolderStore if FOLDER_VARIABLE in os.environ else S3Store
    handlers = {Kind.SYNTHESISE_CASE: NOTHING, Kind.TRAIN_GENERATOR: NOTHING}
    with (
        patch("syntrust_core.runtime.worker.S3Store", store),
        patch("syntrust_core.runtime.worker.make_celery", make_with_bare_task),
    ):
        run_worker(Queue.GENERATOR, handlers, read_at_start(Settings))
