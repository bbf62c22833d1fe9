from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from syntrust_core.cases.model import read_case
from syntrust_core.imaging.nifti import read_volume
from syntrust_segmenter.inference.prediction_set import PredictionJob, write_predictions
from syntrust_segmenter.preprocessing.case_cache import PreparedCache
from syntrust_segmenter.preprocessing.image_entry import ImageEntry
from syntrust_segmenter.training.training_job import train
from syntrust_segmenter.training.validation_dice import region_dice


def _silent(done: int, total: int, **detail: float | str) -> None:
    """Nobody watches."""


@pytest.mark.slow
def test_it_overfits_two_cases(case_folders: list[Path], tmp_path: Path) -> None:
    entries = [ImageEntry(folder.name, folder) for folder in case_folders[:2]]
    overrides = {
        "patch": 32,
        "roi": 32,
        "norm": "group",
        "precision": "float32",
        "learning_rate": 3e-3,
        "intensity": 0.0,
        "flip": 0.0,
    }

    cache = PreparedCache(tmp_path / "prepared", limit_bytes=1 << 30)
    train(
        entries,
        [],
        preset="tiny",
        overrides=overrides,
        seed=0,
        iterations=60,
        out=tmp_path / "model",
        scratch=tmp_path,
        cache=cache,
        report=_silent,
    )
    paths = write_predictions(
        tmp_path / "model", entries, PredictionJob(cache, _silent), out=tmp_path / "labels"
    )

    dice: list[float | None] = []
    for entry in entries:
        predicted = read_volume(paths[f"{entry.name}.nii.gz"])[0].astype(np.uint8)
        dice += region_dice(read_case(entry.folder)[0].labels, predicted).values()
    assert np.mean([value or 0.0 for value in dice]) >= 0.95
