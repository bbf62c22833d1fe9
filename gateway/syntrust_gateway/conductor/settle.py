"""Close what has come to an end: inspected cases, datasets, experiments."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syntrust_core.canonical import digest
from syntrust_core.contracts import Manifest
from syntrust_core.store import ObjectStore
from syntrust_gateway.conductor.dispatch import Clock
from syntrust_gateway.conductor.wishes import LIVE
from syntrust_gateway.db import (
    Case,
    CaseState,
    Dataset,
    DatasetState,
    Experiment,
    ExperimentStep,
    Step,
    StepState,
    WishState,
)

RECORD_FILE = "case.json"
PROBLEMS_FILE = "problems.json"


def settle_cases(session: Session, store: ObjectStore) -> None:
    """Give each inspected case its record, or the reasons why it was refused."""
    query = (
        select(Case, Step)
        .join(Step, Step.id == Case.step)
        .where(Case.state == CaseState.INSPECTING, Step.state != StepState.WAITING)
    )
    for case, step in session.execute(query).all():
        if step.state is StepState.FAILED:
            _refuse(case, [_failure_problem(step)])
        else:
            _take_inspection(case, Manifest.model_validate(step.manifest), store)


def _take_inspection(case: Case, manifest: Manifest, store: ObjectStore) -> None:
    problems = manifest.files.get(PROBLEMS_FILE)
    if problems is not None:
        _refuse(case, _json(store, problems.key))
    else:
        case.record = _json(store, manifest.files[RECORD_FILE].key)
        case.state, case.problems = CaseState.READY, []


def _refuse(case: Case, problems: list[Any]) -> None:
    case.state, case.problems, case.record = CaseState.REFUSED, problems, None


def _failure_problem(step: Step) -> dict[str, str]:
    error = step.error or {}
    return {
        "file": str(error.get("file", "")),
        "field": str(error.get("field", "")),
        "reason": str(error.get("text", "")),
    }


def settle_datasets(session: Session) -> None:
    """A dataset whose cases are all inspected is ready, or open again if one was refused."""
    for dataset in session.scalars(
        select(Dataset).where(Dataset.state == DatasetState.INSPECTING)
    ).all():
        cases = session.scalars(select(Case).where(Case.dataset_id == dataset.id)).all()
        states = {case.state for case in cases}
        if CaseState.INSPECTING in states:
            continue
        if states == {CaseState.READY}:
            dataset.state, dataset.digest = DatasetState.READY, dataset_digest(dataset.grid, cases)
        else:
            dataset.state = DatasetState.OPEN


def dataset_digest(grid: Any, cases: Sequence[Case]) -> str:  # noqa: ANN401 - JSON
    """SHA-256 over the grid and, by case id, id, group, scheme and volume digests."""
    ordered = sorted(cases, key=lambda case: case.case_id)
    return digest({"grid": grid, "cases": [_identity(case) for case in ordered]})


def _identity(case: Case) -> list[Any]:
    record = case.record or {}
    return [case.case_id, case.group, record["scheme"], record["digests"]]


def settle_experiments(session: Session, clock: Clock) -> None:
    """An experiment succeeds with its report and fails with the first step that failed."""
    query = select(Experiment).where(Experiment.state.in_(LIVE), Experiment.planned)
    for experiment in session.scalars(query).all():
        report = session.get(Step, experiment.report_step)
        failed = _first_failed(session, experiment.id)
        if report is not None and report.state is StepState.DONE:
            _end(experiment, WishState.SUCCEEDED, clock)
        elif failed is not None:
            experiment.error = {**(failed.error or {}), "step": failed.id, "kind": failed.kind}
            _end(experiment, WishState.FAILED, clock)
        elif experiment.state is WishState.QUEUED and _any_done(session, experiment.id):
            experiment.state = WishState.RUNNING


def _first_failed(session: Session, experiment: str) -> Step | None:
    return session.scalars(
        select(Step)
        .join(ExperimentStep, ExperimentStep.step_id == Step.id)
        .where(ExperimentStep.experiment_id == experiment, Step.state == StepState.FAILED)
        .order_by(ExperimentStep.position)
        .limit(1)
    ).first()


def _any_done(session: Session, experiment: str) -> bool:
    query = (
        select(func.count())
        .select_from(ExperimentStep)
        .join(Step, Step.id == ExperimentStep.step_id)
        .where(ExperimentStep.experiment_id == experiment, Step.state == StepState.DONE)
    )
    return bool(session.scalar(query))


def _end(experiment: Experiment, state: WishState, clock: Clock) -> None:
    experiment.state, experiment.finished = state, clock()


def _json(store: ObjectStore, key: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(store.get(key))
