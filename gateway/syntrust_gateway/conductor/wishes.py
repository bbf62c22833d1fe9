"""What is wanted: the steps of inspecting datasets and of live experiments, in order."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from syntrust_core.contracts import InspectCase, Kind, Ref, StepMessage
from syntrust_core.store import ObjectStore
from syntrust_gateway.conductor.history import forget
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

LIVE = (WishState.QUEUED, WishState.RUNNING)


def want(session: Session, store: ObjectStore, messages: Iterable[StepMessage]) -> list[str]:
    """Make sure each step has a row; one that was given up gets all its tries again."""
    live = set(session.scalars(_wanted_ids()))
    ids = []
    for message in messages:
        step = session.get(Step, message.step_id)
        if step is None:
            session.add(_row(message))
        elif step.state is not StepState.DONE and step.id not in live:
            forget(store, message.ref)
            step.state, step.error, step.not_before = StepState.WAITING, None, None
            # Equal in identity, yet it may say where a better copy of an upload lies.
            step.message = message.model_dump(mode="json")
        ids.append(message.step_id)
    return ids


def _wanted_ids() -> Select[str]:
    """Ids of the steps that some live experiment waits for."""
    return (
        select(Step.id)
        .join(ExperimentStep, ExperimentStep.step_id == Step.id)
        .join(Experiment, Experiment.id == ExperimentStep.experiment_id)
        .where(Experiment.state.in_(LIVE), Step.state == StepState.WAITING)
    )


def _row(message: StepMessage) -> Step:
    return Step(
        id=message.step_id,
        kind=message.KIND.value,
        message=message.model_dump(mode="json"),
        needs=[[need.kind.value, need.id] for need in message.needs()],
    )


def want_inspections(session: Session, store: ObjectStore) -> None:
    """Give every case of an inspecting dataset its step."""
    query = (
        select(Case, Dataset)
        .join(Dataset, Dataset.id == Case.dataset_id)
        .where(Dataset.state == DatasetState.INSPECTING, Case.state == CaseState.INSPECTING)
        .where(Case.step.is_(None))
    )
    for case, dataset in session.execute(query).all():
        (case.step,) = want(session, store, [inspection(case, dataset)])


def inspection(case: Case, dataset: Dataset) -> InspectCase:
    """The step that inspects `case` on the dataset's grid."""
    return InspectCase.model_validate(
        {"files": case.files, "scheme": case.scheme or dataset.scheme, "grid": dataset.grid}
    )


def wanted_steps(session: Session) -> list[Step]:
    """Waiting steps that somebody wants, inspections first, then by experiment and position."""
    inspections = (
        select(Step)
        .join(Case, Case.step == Step.id)
        .join(Dataset, Dataset.id == Case.dataset_id)
        .where(Dataset.state == DatasetState.INSPECTING, Case.state == CaseState.INSPECTING)
        .where(Step.state == StepState.WAITING)
        .order_by(Dataset.created, Case.case_id)
    )
    experiments = (
        select(Step)
        .join(ExperimentStep, ExperimentStep.step_id == Step.id)
        .join(Experiment, Experiment.id == ExperimentStep.experiment_id)
        .where(Experiment.state.in_(LIVE), Step.state == StepState.WAITING)
        .order_by(Experiment.created, Experiment.id, ExperimentStep.position)
    )
    rows = (*session.scalars(inspections), *session.scalars(experiments))
    return list({step.id: step for step in rows}.values())


def artifacts_at_hand(session: Session, store: ObjectStore, wanted: Iterable[Step]) -> set[str]:
    """Ids, among what `wanted` needs, of artifacts that are there."""
    needs = {(kind, need) for step in wanted for kind, need in step.needs}
    imported = {
        need
        for kind, need in needs
        if kind == Kind.IMPORTED_MODEL
        and store.exists(Ref(kind=Kind.IMPORTED_MODEL, id=need).manifest_key)
    }
    done = set(session.scalars(select(Step.id).where(Step.state == StepState.DONE)))
    return imported | (done & {need for _, need in needs})
