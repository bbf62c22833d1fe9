"""Complete what has ended: inspected cases, datasets, experiments and jobs."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Manifest, Ref
from syntrust_core.contracts.canonical import digest
from syntrust_core.contracts.case_record import CASE_FILE, PROBLEMS_FILE
from syntrust_core.log import get_logger
from syntrust_core.runtime.runner import INTERNAL_TEXT
from syntrust_core.storage.base import ObjectStore
from syntrust_core.storage.verified import read_verified
from syntrust_gateway.case_comparison import find_contradicting_labels
from syntrust_gateway.db.session import in_chunks
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
from syntrust_gateway.orchestrator import receiving
from syntrust_gateway.orchestrator.containment import contained
from syntrust_gateway.orchestrator.damage import MOST_DAMAGED, set_aside_manifest
from syntrust_gateway.orchestrator.ending.failure import settle_failure
from syntrust_gateway.orchestrator.reconcile import Clock, tell
from syntrust_gateway.runs.ready_steps import mark_lost, unschedule
from syntrust_gateway.runs.tables import LIVE, TABLES, RunTable, get_table

log = get_logger(__name__)


def complete_cases(
    session: Session, store: ObjectStore, steps: Collection[str] | None = None
) -> None:
    """Give each inspected case its record, or the reasons why it was refused.

    Only the cases of `steps` are looked at, if these are given.
    """
    query = (
        select(Case.dataset_id, Case.case_id, Case.step)
        .join(Step, Step.id == Case.step)
        .where(Case.state == CaseState.INSPECTING, Step.state != StepState.WAITING)
    )
    for chunk in [None] if steps is None else in_chunks(steps):
        among = query if chunk is None else query.where(Case.step.in_(chunk))
        for dataset, case, step in session.execute(among).all():
            with contained(session, store, "case", dataset) as outcome:
                _complete_case(session, store, session.get_one(Case, (dataset, case)))
            if outcome.error is not None:
                _give_up_case(session, store, (dataset, case), step)


def _complete_case(session: Session, store: ObjectStore, case: Case) -> None:
    step = session.get_one(Step, case.step)
    if step.state is StepState.FAILED:
        _refuse(case, [_failure_problem(step)])
    elif step.kind == Kind.RECEIVE_UPLOAD:
        if problems := receiving.take_case_receipt(session, store, case, step):
            _refuse(case, problems)
    else:
        _take_inspection(case, Manifest.model_validate(step.manifest), store)


def _give_up_case(
    session: Session, store: ObjectStore, case: tuple[str, str], step: str | None
) -> None:
    """Inspect a case again whose inspection left something that cannot be read, or refuse it."""
    with contained(session, store, "case", case[0]) as outcome:
        row = session.get_one(Step, step)
        ref = Ref(kind=Kind(row.kind), id=row.id)
        if 0 < set_aside_manifest(store, ref) < MOST_DAMAGED:
            mark_lost(session, ref.id)
            return
    error = type(outcome.error).__name__
    log.warning("orchestrator.case_refused", dataset=case[0], step=step, error=error)
    problem = {"file": "", "field": "", "reason": INTERNAL_TEXT}
    values = {"state": CaseState.REFUSED, "problems": [problem], "record": None}
    which = (Case.dataset_id == case[0]) & (Case.case_id == case[1])
    session.execute(update(Case).where(which).values(values))


def _take_inspection(case: Case, manifest: Manifest, store: ObjectStore) -> None:
    problems = manifest.files.get(PROBLEMS_FILE)
    if problems is not None:
        _refuse(case, json.loads(read_verified(store, problems)))
    else:
        case.record = json.loads(read_verified(store, manifest.files[CASE_FILE]))
        digest(_identity(case))  # raises unless the record has what a dataset's digest needs
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


def complete_datasets(session: Session, store: ObjectStore) -> None:
    """Make a dataset ready once all its cases are, or open it again if one was refused."""
    unfinished = exists().where(Case.dataset_id == Dataset.id, Case.state == CaseState.INSPECTING)
    query = select(Dataset.id).where(Dataset.state == DatasetState.INSPECTING, ~unfinished)
    for dataset in session.scalars(query).all():
        with contained(session, store, "dataset", dataset) as outcome:
            _complete_dataset(session, session.get_one(Dataset, dataset))
        if outcome.error is not None:
            values = {"state": DatasetState.OPEN}
            session.execute(update(Dataset).where(Dataset.id == dataset).values(values))


def _complete_dataset(session: Session, dataset: Dataset) -> None:
    cases = session.scalars(select(Case).where(Case.dataset_id == dataset.id)).all()
    _refuse_contradictions(cases)
    if {case.state for case in cases} == {CaseState.READY}:
        dataset.state, dataset.digest = DatasetState.READY, digest_dataset(dataset.grid, cases)
    else:
        dataset.state = DatasetState.OPEN


def _refuse_contradictions(cases: Sequence[Case]) -> None:
    """Refuse cases whose labels were read by a choice that another case contradicts."""
    ready = {case.case_id: case for case in cases if case.state is CaseState.READY}
    for case, reason in find_contradicting_labels(ready.values()).items():
        _refuse(ready[case], [{"file": "seg", "field": "label", "reason": reason}])


def digest_dataset(grid: Any, cases: Sequence[Case]) -> str:  # noqa: ANN401 - JSON
    """Compute the SHA-256 of the grid and, of each case, id, group, scheme and volume digests.

    A patient that was named counts too: it decides which cases may be split.
    """
    ordered = sorted(cases, key=lambda case: case.case_id)
    return digest({"grid": grid, "cases": [_identity(case) for case in ordered]})


def _identity(case: Case) -> list[Any]:
    record = case.record or {}
    named = [] if case.patient is None else [case.patient]
    return [case.case_id, case.group, record["scheme"], record["digests"], *named]


def complete_runs(
    session: Session,
    store: ObjectStore,
    clock: Clock,
    running: Collection[str],
    among: Collection[str] | None = None,
) -> None:
    """Complete the runs that have ended: with their goal, or with what failed steps leave of them.

    A queued run is running once one of its steps runs or is done; `running` are the ids of the
    steps that run now. Only the runs `among` these ids are looked at, if they are given.
    """
    for table in TABLES:
        query = select(table.rows.id).where(table.rows.state.in_(LIVE), table.rows.planned)
        for chunk in [None] if among is None else in_chunks(among):
            chosen = query if chunk is None else query.where(table.rows.id.in_(chunk))
            for run in session.scalars(chosen).all():
                with contained(session, store, table.name, run) as outcome:
                    row = session.get_one(table.rows, run)
                    _complete_run(session, store, row, clock, running)
                if outcome.error is not None:
                    _fail_run(session, table, run, clock, outcome.error)


def _fail_run(session: Session, table: RunTable, run: str, clock: Clock, error: Exception) -> None:
    slug, text = tell(error)
    values = {
        "state": RunState.FAILED,
        "error": {"slug": slug, "text": text},
        "finished": clock(),
    }
    session.execute(update(table.rows).where(table.rows.id == run).values(values))
    unschedule(session, [run])


def _complete_run(
    session: Session, store: ObjectStore, run: Run, clock: Clock, running: Collection[str]
) -> None:
    # The goal may need thousands of steps; nothing but its state is read here.
    if session.scalar(select(Step.state).where(Step.id == run.goal)) is StepState.DONE:
        _end(session, store, run, clock)
        return
    failed = settle_failure(session, store, run, clock)
    if run.state is RunState.QUEUED and (failed or _has_begun(session, run, running)):
        run.state = RunState.RUNNING


def _end(session: Session, store: ObjectStore, run: Run, clock: Clock) -> None:
    """End a run whose goal is done. The report of what is there is not what was asked for."""
    run.finished = clock()
    if run.partial:
        run.state = RunState.FAILED
        return
    run.state, run.error = RunState.SUCCEEDED, None
    if isinstance(run, Job) and run.kind in MAKING_MODELS:
        models.register_generator(session, store, run)


def _has_begun(session: Session, run: Run, running: Collection[str]) -> bool:
    table = get_table(run)
    query = (
        select(Step.id)
        .join(table.links, table.belongs_to(run.id))
        .where((Step.state == StepState.DONE) | Step.id.in_(running))
        .limit(1)
    )
    return session.scalar(query) is not None
