"""Phantoms for the segmenter's benchmarks, kept under build/bench, and how they are scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from syntrust_core.cases.inspect import inspect_case
from syntrust_core.cases.model import write_case
from syntrust_core.contracts.case_record import CASE_FILE
from syntrust_core.contracts.vocabulary import MODALITIES, Region
from syntrust_core.segmenter_presets import SegmenterConfig
from syntrust_segmenter.preprocessing.case_cache import PreparedCache, PreparedCase
from syntrust_segmenter.preprocessing.image_entry import ImageEntry, load_prepared
from syntrust_segmenter.training.checkpoints import TrainingState
from syntrust_segmenter.training.loop import TrainingRun, create_state, iterate
from syntrust_segmenter.training.sampling import Samples
from syntrust_segmenter.training.validation_dice import region_dice
from syntrust_standalone.phantoms import PhantomOptions, make_cohort

KEPT = Path(__file__).parents[1] / "build" / "bench" / "segmenter"
FULL_SIZE = PhantomOptions(fraction_without_et=0.0)
SMALL = PhantomOptions.demo()


class Cohort:
    """Canonical phantoms, and the same prepared; made once."""

    def __init__(self, name: str, options: PhantomOptions, count: int, *, seed: int = 0) -> None:
        root = KEPT / name
        uploads = make_cohort(root / "uploads", seed=seed, count=count, options=options)
        self.folders = [_canonical(upload, root / "cases") for upload in uploads]
        self.kept = root / "prepared"

    def cases(self) -> list[PreparedCase]:
        return [self.case(folder) for folder in self.folders]

    def case(self, folder: Path) -> PreparedCase:
        cache = PreparedCache(self.kept, limit_bytes=1 << 40)
        return load_prepared(ImageEntry(folder.name, folder), cache)


def _canonical(upload: Path, cases: Path) -> Path:
    kept = cases / upload.name
    if not (kept / CASE_FILE).is_file():
        files = {role: upload / f"{role}.nii.gz" for role in (*MODALITIES, "seg", "brain")}
        case, record = inspect_case(files, scheme="brats2023")
        write_case(case, record, kept)
    return kept


def trained(
    cases: Sequence[PreparedCase], config: SegmenterConfig, iterations: int, seed: int
) -> TrainingState:
    """What `iterations` make of fresh weights, as a worker makes it, on this thread."""
    run = TrainingRun(seed, iterations, "benchmark", Path(), torch.device("cpu"))
    state, samples = create_state(cases, config, run), Samples(cases, config, seed)
    for iteration in range(iterations):
        iterate(state, samples.batch(iteration), config, run)
    return state


def mean_dice(labels: NDArray[np.uint8], case: PreparedCase) -> float:
    """Over NCR, ED and ET of a label map on the case's box; an empty region left empty is 1."""
    values = region_dice(np.asarray(case.labels), labels).values()
    return float(np.mean([1.0 if value is None else value for value in values]))


def shown(dice: Mapping[Region, float | None]) -> str:
    values = {region: value for region, value in dice.items() if value is not None}
    return ", ".join(f"{region} {value:.3f}" for region, value in values.items())
