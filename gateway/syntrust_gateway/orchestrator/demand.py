"""What is needed: the steps of datasets in inspection, of live jobs and of live experiments."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import null, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Ref, StepMessage
from syntrust_core.contracts.experiment_steps import InspectCase
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.db.tables import Case, CaseState, Dataset, DatasetState, Step, StepState
from syntrust_gateway.orchestrator.retry import reset_attempts
from syntrust_gateway.runs.tables import TABLES


def ensure_steps(
    session: Session, store: ObjectStore, messages: Iterable[StepMessage]
) -> list[str]:
    """Make sure that each step has a row. A step that has failed gets all its attempts again."""
    live = {
        step
        for table in TABLES
        for step in session.scalars(table.waiting_steps().with_only_columns(Step.id))
    }
    ids = []
    for message in messages:
        step = session.get(Step, message.step_id)
        if step is None:
            session.add(_row(message))
        elif step.state is not StepState.DONE and step.id not in live:
            reset_attempts(store, message.ref)
            step.state, step.error, step.not_before = StepState.WAITING, None, None
            # Its identity is the same, but it may name a better copy of an upload.
            step.message = message.model_dump(mode="json")
        ids.append(message.step_id)
    return ids


def _row(message: StepMessage) -> Step:
    return Step(
        id=message.step_id,
        kind=message.KIND.value,
        message=message.model_dump(mode="json"),
        needs=[[need.kind.value, need.id] for need in message.needs()],
    )


def ensure_inspections(session: Session, store: ObjectStore) -> None:
    """Give a step to every case of a dataset in inspection."""
    query = (
        select(Case, Dataset)
        .join(Dataset, Dataset.id == Case.dataset_id)
        .where(Dataset.state == DatasetState.INSPECTING, Case.state == CaseState.INSPECTING)
        .where(Case.step.is_(None))
    )
    for case, dataset in session.execute(query).all():
        (case.step,) = ensure_steps(session, store, [make_inspection(case, dataset)])


def make_inspection(case: Case, dataset: Dataset) -> InspectCase:
    """Make the step that inspects `case` on the dataset's grid."""
    return InspectCase.model_validate(
        {"files": case.files, "scheme": case.scheme or dataset.scheme, "grid": dataset.grid}
    )


def pending_steps(session: Session) -> list[Step]:
    """List the waiting steps that are needed: of datasets, then of jobs, then of experiments."""
    inspections = (
        select(Step)
        .join(Case, Case.step == Step.id)
        .join(Dataset, Dataset.id == Case.dataset_id)
        .where(Dataset.state == DatasetState.INSPECTING, Case.state == CaseState.INSPECTING)
        .where(Step.state == StepState.WAITING)
        .order_by(Dataset.created, Case.case_id)
    )
    queries = (inspections, *(table.waiting_steps() for table in TABLES))
    rows = (step for query in queries for step in session.scalars(query))
    return list({step.id: step for step in rows}.values())


def available_artifacts(session: Session, store: ObjectStore, pending: Iterable[Step]) -> set[str]:
    """Find which artifacts that the `pending` steps need are there, by id.

    A refused inspection is done, but leaves nothing that another step could use.
    """
    needs = {(kind, need) for step in pending for kind, need in step.needs}
    imported = {
        need
        for kind, need in needs
        if kind == Kind.IMPORTED_MODEL
        and store.exists(Ref(kind=Kind.IMPORTED_MODEL, id=need).manifest_key)
    }
    usable = select(Step.id).where(Step.state == StepState.DONE, Step.error.is_(null()))
    done = set(session.scalars(usable))
    return imported | (done & {need for _, need in needs})
