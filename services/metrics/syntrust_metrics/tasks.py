"""Run the steps of the metrics queue: read the inputs, call the work once, publish the files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syntrust_core.cases.export import export_images as write_export
from syntrust_core.cases.model import read_case, read_images
from syntrust_core.contracts.base import RECIPES, Kind, Ref, StepMessage
from syntrust_core.contracts.case_record import CASE_FILE, CaseRecord
from syntrust_core.contracts.experiment_steps import CompareTwin, InspectCase, ScoreCases
from syntrust_core.contracts.job_steps import ExportImages
from syntrust_core.contracts.report import BuildReport, ReportCase
from syntrust_core.imaging.nifti import read_volume
from syntrust_core.runtime.runner import StepContext, require_message
from syntrust_metrics.fidelity.compare import compare_twins
from syntrust_metrics.fidelity.schema import COMPARISON_FILE, TwinComparison
from syntrust_metrics.inspection import inspect
from syntrust_metrics.report import ReportInputs, TwinPair, choose_sample_cases, write_report
from syntrust_metrics.segmentation.case_metrics import score_case
from syntrust_metrics.segmentation.score_file import SCORES_FILE, CaseScore, ScoreFile

LABELS_FILE = "labels.nii.gz"
TWIN_FILE = "twin.json"
VERSIONS = ("syntrust-core", "syntrust-metrics", "numpy", "scipy", "matplotlib", "nibabel")


def inspect_case(message: StepMessage, context: StepContext) -> None:
    """Publish the canonical case of an upload, or the reasons why there is none."""
    request = require_message(InspectCase, message)
    files = {
        role: context.fetch_upload(role, upload, context.scratch / "upload" / role)
        for role, upload in request.files.items()
    }
    found = inspect(
        files,
        scheme=request.scheme,
        grid=request.grid,
        purpose=request.purpose,
        folder=context.scratch / "case",
    )
    for name, path in found.files.items():
        context.add(name, path)


def score_cases(message: StepMessage, context: StepContext) -> None:
    """Publish the measures of every predicted label map against its reference."""
    request = require_message(ScoreCases, message)
    predictions = context.fetch(Ref(kind=Kind.PREDICT_CASES, id=request.prediction))
    scores = {}
    for index, case in enumerate(request.cases):
        scores[case] = _score_case(context, case, predictions / f"{case}.nii.gz")
        context.report(index + 1, len(request.cases))
    path = context.scratch / SCORES_FILE
    path.write_text(ScoreFile(cases=scores).model_dump_json(indent=1), encoding="utf-8")
    context.add(SCORES_FILE, path)


def compare_twin(message: StepMessage, context: StepContext) -> None:
    """Publish how the twins of a case compare with their source and with each other."""
    request = require_message(CompareTwin, message)
    case, _ = read_case(context.fetch(Ref(kind=Kind.INSPECT_CASE, id=request.case)))
    folders = [context.fetch(Ref(kind=Kind.SYNTHESISE_CASE, id=twin)) for twin in request.twins]

    def read_twins() -> Iterator[NDArray[np.float32]]:
        for index, folder in enumerate(folders):
            context.report(index, len(folders))
            yield read_images(folder, case.geometry)

    compared = compare_twins(case, read_twins())
    path = context.scratch / COMPARISON_FILE
    path.write_text(compared.model_dump_json(indent=1), encoding="utf-8")
    context.add(COMPARISON_FILE, path)


def build_report(message: StepMessage, context: StepContext) -> None:
    """Publish the results of an experiment, its figures and its report."""
    request = require_message(BuildReport, message)
    records = {case.case: _read_record(context, case) for case in request.cases}
    scores = {
        step: _read_scores(context, step) for each in request.trainings for step in each.scores
    }
    compared = [case.comparison for case in request.cases if case.comparison is not None]
    pairs = [_read_pair(context, case) for case in choose_sample_cases(request, records)]
    provenance = {
        "step": request.step_id,
        "models": _list_models(request),
        "recipes": {str(kind): recipe for kind, recipe in RECIPES.items()},
        "versions": {name: version(name) for name in VERSIONS},
    }
    comparisons = {step: _read_comparison(context, step) for step in compared}
    context.report(0, 1)
    inputs = ReportInputs(request, scores, records, pairs, provenance, comparisons)
    for name, path in write_report(inputs, context.scratch / "report").items():
        context.add(name, path)


def export_images(message: StepMessage, context: StepContext) -> None:
    """Publish a twin on the grid of the mask for which it was drawn."""
    request = require_message(ExportImages, message)
    folder = context.fetch(Ref(kind=Kind.INSPECT_CASE, id=request.case))
    case, record = read_case(folder)
    twin = context.fetch(Ref(kind=Kind.SYNTHESISE_CASE, id=request.twin))
    origin = json.loads((twin / TWIN_FILE).read_bytes())
    paths = write_export(
        read_images(twin, case.geometry),
        brain=case.brain,
        geometry=case.geometry,
        uploaded=record.uploaded,
        background=origin["background"],
        folder=context.scratch / "images",
    )
    # The record says what inspection chose, and which part of the mask the grid cuts off.
    for path in (*paths.values(), twin / TWIN_FILE, folder / CASE_FILE):
        context.add(path.name, path)


def _list_models(request: BuildReport) -> dict[str, str]:
    """List the model of every training by its name in the report."""
    mixes = {f"α {run.alpha}, seed {run.seed}": run.model for run in request.runs}
    controls = {
        f"{arm.control}{'' if arm.alpha is None else f', α {arm.alpha}'}, seed {each.seed}": (
            each.model
        )
        for arm in request.controls
        for each in arm.trainings
    }
    return mixes | controls


def _read_record(context: StepContext, case: ReportCase) -> CaseRecord:
    ref = Ref(kind=Kind.INSPECT_CASE, id=case.case)
    return CaseRecord.model_validate_json(context.read(ref, CASE_FILE))


def _read_scores(context: StepContext, step: str) -> ScoreFile:
    ref = Ref(kind=Kind.SCORE_CASES, id=step)
    return ScoreFile.model_validate_json(context.read(ref, SCORES_FILE))


def _read_comparison(context: StepContext, step: str) -> TwinComparison:
    ref = Ref(kind=Kind.COMPARE_TWIN, id=step)
    return TwinComparison.model_validate_json(context.read(ref, COMPARISON_FILE))


def _read_pair(context: StepContext, case: ReportCase) -> TwinPair:
    """Read the real and the synthetic image of a sample case; only cases with a twin are chosen."""
    real, _ = read_case(context.fetch(Ref(kind=Kind.INSPECT_CASE, id=case.case)))
    twin = context.fetch(Ref(kind=Kind.SYNTHESISE_CASE, id=case.twin or ""))
    return TwinPair(
        id=case.id,
        real=real.images,
        twin=read_images(twin, real.geometry),
        labels=real.labels,
        brain=real.brain,
        spacing_mm=real.geometry.spacing_mm,
    )


def _score_case(context: StepContext, case: str, prediction: Path) -> CaseScore:
    """Score a case. Only its labels are read: its images are a hundred times their size."""
    ref = Ref(kind=Kind.INSPECT_CASE, id=case)
    record = CaseRecord.model_validate_json(context.read(ref, CASE_FILE))
    path = context.scratch / LABELS_FILE
    path.write_bytes(context.read(ref, LABELS_FILE))
    reference, predicted = (
        read_volume(one)[0].astype(np.uint8, copy=False) for one in (path, prediction)
    )
    return score_case(reference, predicted, spacing_mm=record.canonical.spacing_mm)
