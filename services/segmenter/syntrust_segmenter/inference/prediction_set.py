"""The job that predicts the label maps of a set of images, with the entropy of each region."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from syntrust_core.contracts.vocabulary import LABELS, Region
from syntrust_core.errors import InvalidRequest
from syntrust_core.imaging.geometry import Geometry
from syntrust_core.imaging.nifti import write_volume
from syntrust_segmenter.compute import ComputeConfig, explain_out_of_memory, reproducible
from syntrust_segmenter.inference.predict_case import Prediction, predict_case
from syntrust_segmenter.models.store import Model, load_model
from syntrust_segmenter.preprocessing.case_cache import PreparedCache
from syntrust_segmenter.preprocessing.image_entry import (
    ImageEntry,
    ImageKind,
    load_prepared,
    require_distinct,
)
from syntrust_segmenter.progress import ProgressReporter

RECORD_FILE: Final = "predictions.json"
CLASS_NAMES: Final = ("background", *LABELS)


class PredictedImage(BaseModel):
    """Facts about one predicted label map."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: ImageKind
    voxels: Annotated[dict[Region, int], Field(description="Predicted, per region.")]
    entropy: Annotated[
        dict[Region, float | None],
        Field(
            description="Mean over a region's predicted voxels of -Σ p ln p over background, NCR, "
            "ED and ET: 0 is certain, ln 4 = 1.386 knows nothing; null: no such voxel."
        ),
    ]


class PredictionRecord(BaseModel):
    """predictions.json: one entry per label map, by its name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    weights_digest: str
    images: dict[str, PredictedImage]


@dataclass(frozen=True)
class PredictionJob:
    """How a job predicts. With `probabilities` it also keeps those of each class."""

    cache: PreparedCache
    report: ProgressReporter
    probabilities: bool = False
    compute: ComputeConfig = field(default_factory=ComputeConfig)


def write_predictions(
    model_folder: Path, entries: Sequence[ImageEntry], job: PredictionJob, *, out: Path
) -> dict[str, Path]:
    """Write the label map of each entry and `predictions.json`; paths by file name.

    `<name>.nii.gz` is uint8 on the canonical grid: 0 background, 1 NCR, 2 ED, 3 ET; 0 outside the
    brain. With `job.probabilities`, `<name>.p-<class>.nii.gz` (float32) lies beside it for each of
    the four. All are computed in the precision that the model was trained in.

    Raises
    ------
    InvalidRequest
        There is no entry, two have one name, a twin is incomplete, or the weights do not fit the
        model's card.
    InvalidVolume, ObjectDamaged, OutOfMemory
        See `preprocessing.normalise`, `load_model`.
    """
    _check(entries)
    model = load_model(model_folder)
    out.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    found: dict[str, PredictedImage] = {}
    for entry, prediction in predict_entries(model, entries, job):
        geometry = Geometry.from_frame(entry.record().canonical)
        paths |= _write_volumes(prediction, entry.name, geometry, out)
        found[entry.name] = _describe(prediction, entry)
    record = PredictionRecord(weights_digest=model.card.weights_digest, images=found)
    paths[RECORD_FILE] = out / RECORD_FILE
    paths[RECORD_FILE].write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return paths


def predict_entries(
    model: Model, entries: Sequence[ImageEntry], job: PredictionJob
) -> Iterator[tuple[ImageEntry, Prediction]]:
    """Predict each entry in the precision that the model was trained in.

    `job.report` is also called before every batch of windows, so that a prediction shows progress
    and can be stopped midway.
    """
    config, total = model.card.config, len(entries)
    with (
        explain_out_of_memory(config),
        reproducible(job.compute.threads, deterministic=config.deterministic),
    ):
        network = model.network.to(job.compute.device)
        for done, entry in enumerate(entries):
            grid = Geometry.from_frame(entry.record().canonical).shape
            case = load_prepared(entry, job.cache)
            with _report_windows(network, partial(job.report, done, total)):
                prediction = predict_case(
                    network,
                    case,
                    config,
                    grid=grid,
                    precision=model.card.precision,
                    probabilities=job.probabilities,
                )
            yield entry, prediction
            job.report(done + 1, total)


@contextmanager
def _report_windows(network: nn.Module, tell: Callable[..., None]) -> Iterator[None]:
    """Report, while the block runs, how many windows the network has received."""
    given = 0

    def hook(_: nn.Module, inputs: tuple[Tensor]) -> None:
        nonlocal given
        given += len(inputs[0])
        tell(windows=given)

    handle = network.register_forward_pre_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def _check(entries: Sequence[ImageEntry]) -> None:
    if not entries:
        raise InvalidRequest("There is no image to predict.", pointer="/images")
    require_distinct([entry.name for entry in entries], what="images to predict")


def _write_volumes(
    prediction: Prediction, name: str, geometry: Geometry, out: Path
) -> dict[str, Path]:
    volumes: dict[str, NDArray[np.uint8] | NDArray[np.float32]] = {
        f"{name}.nii.gz": prediction.labels
    }
    if prediction.probabilities is not None:
        for kind, values in zip(CLASS_NAMES, prediction.probabilities, strict=True):
            volumes[f"{name}.p-{kind}.nii.gz"] = values
    for file, array in volumes.items():
        write_volume(out / file, array, geometry.affine)
    return {file: out / file for file in volumes}


def _describe(prediction: Prediction, entry: ImageEntry) -> PredictedImage:
    voxels = {
        region: int(np.count_nonzero(prediction.labels == value))
        for region, value in LABELS.items()
    }
    return PredictedImage(image=entry.view, voxels=voxels, entropy=prediction.entropy)
