"""The job that segments one uploaded case; the label map has the grid and labels of the upload."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_core.cases.export import export_labels, export_volumes
from syntrust_core.cases.label_schemes import output_values
from syntrust_core.cases.model import read_mask
from syntrust_core.contracts.base import Ref
from syntrust_core.contracts.case_record import CASE_FILE, CaseRecord
from syntrust_core.contracts.job_results import SegmentationRecord
from syntrust_core.contracts.vocabulary import REGIONS
from syntrust_core.imaging.geometry import Geometry, uploaded_grid
from syntrust_segmenter.inference.predict_case import Prediction
from syntrust_segmenter.inference.prediction_set import CLASS_NAMES, PredictionJob, predict_entries
from syntrust_segmenter.models.store import load_model
from syntrust_segmenter.preprocessing.image_entry import ImageEntry

RECORD_FILE: Final = "segmentation.json"
LABELS_FILE: Final = "seg.nii.gz"


def segment(
    model_folder: Path, case_folder: Path, job: PredictionJob, *, model: Ref, out: Path
) -> dict[str, Path]:
    """Segment a canonical case and write the result on the upload's grid; paths by file name.

    `seg.nii.gz` has the shape, frame and label values of the upload; outside the brain it is
    background. With `job.probabilities`, `p-<class>.nii.gz` (float32) lies beside it for
    background, NCR, ED and ET: interpolated linearly within the brain, background certain around
    it. `case.json` is the record of the inspection.

    Raises
    ------
    InvalidRequest, InvalidVolume, ObjectDamaged, OutOfMemory
        See `load_model`, `preprocessing.normalise`.
    """
    loaded = load_model(model_folder)
    entry = ImageEntry(case_folder.name, case_folder)
    ((_, prediction),) = predict_entries(loaded, [entry], job)
    out.mkdir(parents=True, exist_ok=True)
    case, record = read_mask(case_folder)
    voxels = export_labels(prediction.labels, record, out / LABELS_FILE, brain=case.brain)
    paths = {LABELS_FILE: out / LABELS_FILE, CASE_FILE: case_folder / CASE_FILE}
    paths |= _write_probabilities(prediction, case.brain, record, out)
    found = _make_record(voxels, prediction, record, model, loaded.card.weights_digest)
    paths[RECORD_FILE] = out / RECORD_FILE
    paths[RECORD_FILE].write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return paths


def _write_probabilities(
    prediction: Prediction, brain: NDArray[np.bool_], record: CaseRecord, out: Path
) -> dict[str, Path]:
    if prediction.probabilities is None:
        return {}
    volumes = {
        f"p-{name}": (chances, float(name == CLASS_NAMES[0]))
        for name, chances in zip(CLASS_NAMES, prediction.probabilities, strict=True)
    }
    paths = export_volumes(
        volumes,
        brain=brain,
        geometry=Geometry.from_frame(record.canonical),
        uploaded=record.uploaded,
        folder=out,
    )
    return {path.name: path for path in paths.values()}


def _make_record(
    voxels: NDArray[np.uint8],
    prediction: Prediction,
    record: CaseRecord,
    model: Ref,
    weights_digest: str,
) -> SegmentationRecord:
    values = output_values(record.scheme)
    native, _ = uploaded_grid(record.uploaded)
    counts = {region: int(np.count_nonzero(voxels == values[region])) for region in REGIONS}
    return SegmentationRecord(
        model=model,
        weights_digest=weights_digest,
        labels=values,
        voxels=counts,
        volumes_ml={region: count * native.voxel_ml for region, count in counts.items()},
        entropy=prediction.entropy,
        brain_ml=record.brain_ml,
        brain_source=record.brain_source,
    )
