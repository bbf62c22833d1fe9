"""Complete what has ended: inspected cases, datasets, experiments and jobs."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, null, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Manifest
from syntrust_core.contracts.canonical import digest
from syntrust_core.contracts.case_record import CASE_FILE, PROBLEMS_FILE
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.db.tables import (
    Case,
    CaseState,
    Dataset,
    DatasetState,
    Job,
    Run,
    RunState,
    Step,
    StepState,
)
from syntrust_gateway.models import registry as models
from syntrust_gateway.models.registry import MAKING_MODELS
from syntrust_gateway.orchestrator.reconcile import Clock
from syntrust_gateway.runs.tables import LIVE, TABLES, RunTable, get_table


def complete_cases(session: Session, store: ObjectStore) -> None:
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
        case.record = _json(store, manifest.files[CASE_FILE].key)
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


def complete_datasets(session: Session) -> None:
    """Make a dataset ready once all its cases are, or open it again if one was refused."""
    for dataset in session.scalars(
        select(Dataset).where(Dataset.state == DatasetState.INSPECTING)
    ).all():
        cases = session.scalars(select(Case).where(Case.dataset_id == dataset.id)).all()
        states = {case.state for case in cases}
        if CaseState.INSPECTING in states:
            continue
        if states == {CaseState.READY}:
            dataset.state, dataset.digest = DatasetState.READY, digest_dataset(dataset.grid, cases)
        else:
            dataset.state = DatasetState.OPEN


def digest_dataset(grid: Any, cases: Sequence[Case]) -> str:  # noqa: ANN401 - JSON
    """Compute the SHA-256 of the grid and of id, group, scheme and volume digests of each case."""
    ordered = sorted(cases, key=lambda case: case.case_id)
    return digest({"grid": grid, "cases": [_identity(case) for case in ordered]})


def _identity(case: Case) -> list[Any]:
    record = case.record or {}
    return [case.case_id, case.group, record["scheme"], record["digests"]]


def complete_runs(
    session: Session, store: ObjectStore, clock: Clock, running: Collection[str]
) -> None:
    """Complete the runs that have ended: with their goal, or with the first step that failed.

    A queued run is running once one of its steps runs or is done; `running` are the ids of the
    steps that run now.
    """
    for table in TABLES:
        query = select(table.rows).where(table.rows.state.in_(LIVE), table.rows.planned)
        for run in session.scalars(query).all():
            _complete_run(session, store, run, clock, running)


def _complete_run(
    session: Session, store: ObjectStore, run: Run, clock: Clock, running: Collection[str]
) -> None:
    table = get_table(run)
    failed = _first_failed(session, table, run.id)
    if session.get_one(Step, run.goal).state is StepState.DONE:
        run.state, run.finished = RunState.SUCCEEDED, clock()
        if isinstance(run, Job) and run.kind in MAKING_MODELS:
            models.register_generator(session, store, run)
    elif failed is not None:
        run.error = {**(failed.error or {}), "step": failed.id, "kind": failed.kind}
        run.state, run.finished = RunState.FAILED, clock()
    elif run.state is RunState.QUEUED and _has_begun(session, table, run.id, running):
        run.state = RunState.RUNNING


def _first_failed(session: Session, table: RunTable, run: str) -> Step | None:
    return session.scalars(
        select(Step)
        .join(table.links, table.belongs_to(run))
        .where(Step.error.is_not(null()))
        .order_by(table.links.position)
        .limit(1)
    ).first()


def _has_begun(session: Session, table: RunTable, run: str, running: Collection[str]) -> bool:
    query = (
        select(func.count())
        .select_from(Step)
        .join(table.links, table.belongs_to(run))
        .where((Step.state == StepState.DONE) | Step.id.in_(running))
    )
    return bool(session.scalar(query))


def _json(store: ObjectStore, key: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(store.get(key))
