"""A training small enough for a test, and what a test looks at in it."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from syntrust_core.errors import Cancelled, PlatformError
from syntrust_segmenter.compute import ComputeConfig
from syntrust_segmenter.model_card import ModelCard
from syntrust_segmenter.preprocessing.case_cache import PreparedCache
from syntrust_segmenter.preprocessing.image_entry import ImageEntry
from syntrust_segmenter.training.live_curves import ShowFile
from syntrust_segmenter.training.training_job import train
from syntrust_segmenter.training_history import History

SMALLEST = {"patch": 32, "roi": 32, "norm": "group", "validations": 1, "precision": "float32"}
EVERY_ITERATION = ComputeConfig(threads=1, device="cpu", checkpoint_every_s=0.0)


class CheckpointFile:
    """Keeps a checkpoint as the platform does, in a file of its own; the first `until` of them."""

    def __init__(self, path: Path, until: int | None = None) -> None:
        self.path = path
        self.until = until
        self.saved = 0

    def load_checkpoint(self, path: Path) -> bool:
        if self.path.exists():
            shutil.copy(self.path, path)
        return self.path.exists()

    def save_checkpoint(self, path: Path, iteration: int) -> None:
        if self.saved != self.until:
            shutil.copy(path, self.path)
            self.saved += 1


class Progress:
    """Remembers what was reported and, asked to, stops the training as a cancel would."""

    def __init__(self, stop_at: int | None = None, error: type[PlatformError] = Cancelled) -> None:
        self.error = error
        self.done: list[int] = []
        self.details: list[dict[str, float | str]] = []
        self.stop_at = stop_at

    def __call__(self, done: int, total: int, **detail: float | str) -> None:
        if "doing" in detail:
            return  # between two iterations
        self.done.append(done)
        self.details.append(detail)
        if done == self.stop_at:
            raise self.error(f"stopped at {done} of {total}")


class KillingProgress(Progress):
    """Kills its own process, as no handler can prevent, once an iteration is done."""

    def __call__(self, done: int, total: int, **detail: float | str) -> None:
        if done == self.stop_at and "doing" not in detail:
            os.kill(os.getpid(), signal.SIGKILL)


def with_twin(entry: ImageEntry) -> ImageEntry:
    return ImageEntry(entry.name, entry.folder, entry.folder.with_name(f"{entry.name}-twin"))


def train_tiny(
    cases: list[ImageEntry],
    out: Path,
    *,
    seed: int = 0,
    iterations: int = 2,
    overrides: Mapping[str, Any] | None = None,
    start: Path | None = None,
    validation: list[ImageEntry] | None = None,
    progress: Progress | None = None,
    kept: CheckpointFile | None = None,
    show: ShowFile | None = None,
    compute: ComputeConfig = EVERY_ITERATION,
) -> ModelCard:
    scratch = out.with_name(f"{out.name}-scratch")
    scratch.mkdir(exist_ok=True)
    return train(
        cases,
        validation or [],
        preset="tiny",
        overrides={**SMALLEST, **(overrides or {})},
        seed=seed,
        iterations=iterations,
        start=start,
        out=out,
        scratch=scratch,
        cache=PreparedCache(out.parent / "prepared", limit_bytes=1 << 30),
        report=progress or Progress(),
        checkpoints=kept,
        show=show,
        compute=compute,
    )


def read_history(model: Path) -> History:
    return History.model_validate_json((model / "history.json").read_bytes())
