"""The steps of the metrics queue: inputs in, the work called once, files out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from syntrust_core.cases import read_case
from syntrust_core.contracts import InspectCase, Kind, Ref, ScoreCases, StepMessage
from syntrust_core.steps import StepContext, expect
from syntrust_core.volumes import read_volume
from syntrust_metrics.dice import score_case
from syntrust_metrics.inspection import inspect
from syntrust_metrics.scores import SCORES_FILE, CaseScore, ScoreFile


def inspect_case(message: StepMessage, context: StepContext) -> None:
    request = expect(InspectCase, message)
    files = {
        role: context.fetch_upload(role, upload, context.scratch / "upload" / role)
        for role, upload in request.files.items()
    }
    found = inspect(
        files, scheme=request.scheme, grid=request.grid, folder=context.scratch / "case"
    )
    for name, path in found.files.items():
        context.add(name, path)


def score_cases(message: StepMessage, context: StepContext) -> None:
    request = expect(ScoreCases, message)
    predictions = context.fetch(Ref(kind=Kind.PREDICT_CASES, id=request.prediction))
    scores = {}
    for index, case in enumerate(request.cases):
        folder = context.fetch(Ref(kind=Kind.INSPECT_CASE, id=case))
        scores[case] = _score(folder, predictions / f"{case}.nii.gz")
        context.report(index + 1, len(request.cases))
    path = context.scratch / SCORES_FILE
    path.write_text(ScoreFile(cases=scores).model_dump_json(indent=1), encoding="utf-8")
    context.add(SCORES_FILE, path)


def _score(case_folder: Path, prediction: Path) -> CaseScore:
    case, _ = read_case(case_folder)
    predicted, _ = read_volume(prediction)
    volume_mm3 = float(np.prod(case.geometry.spacing_mm))
    return score_case(case.labels, predicted.astype(np.uint8), voxel_volume_mm3=volume_mm3)
