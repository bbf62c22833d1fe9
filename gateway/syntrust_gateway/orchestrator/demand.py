"""What is needed: a row for every step that a dataset in inspection, a job or an experiment has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Select, null, select, update
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Ref, StepMessage
from syntrust_core.contracts.experiment_steps import InspectCase
from syntrust_core.log import get_logger
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.db.schedule_tables import StepNeed
from syntrust_gateway.db.session import in_chunks, insert_new
from syntrust_gateway.db.tables import Case, CaseState, Dataset, DatasetState, Step, StepState
from syntrust_gateway.orchestrator.damage import forget_damage
from syntrust_gateway.orchestrator.retry import reset_attempts
from syntrust_gateway.runs.ready_steps import make_ready
from syntrust_gateway.runs.tables import NOT_ENDED, TABLES
from syntrust_gateway.uploads.receipts import make_receipt

log = get_logger(__name__)

_STEPS_AT_ONCE = 500


def ensure_steps(
    session: Session,
    store: ObjectStore,
    messages: Iterable[StepMessage],
    *,
    owner: int | None = None,
) -> list[str]:
    """Make sure that each step has a row. A step that has failed gets all its attempts again.

    `owner` is the client who is charged for the steps that nobody asked for before. A new step is
    ready once the caller has given it to a run.
    """
    ids: list[str] = []
    for chunk in in_chunks(messages, _STEPS_AT_ONCE):
        steps = {message.step_id: message for message in chunk}
        ids += steps
        known, tried = _states(session, steps)
        new = {step: message for step, message in steps.items() if step not in known}
        rows = [_row(step, message, owner) for step, message in new.items()]
        insert_new(session, Step, rows)
        insert_new(session, StepNeed, _needs(session, store, new))
        asked = {step for step, state in known.items() if state is not StepState.DONE}
        again = asked - _in_progress(session, asked)
        _ask_again(session, store, [steps[step] for step in again], tried)
        make_ready(session, again)
    return ids


def _states(session: Session, steps: Iterable[str]) -> tuple[dict[str, StepState], set[str]]:
    """Read the states of those that have a row, and which of them were tried."""
    query = select(Step.id, Step.state, Step.attempts).where(Step.id.in_(list(steps)))
    rows = session.execute(query).all()
    tried = {row.id for row in rows if row.attempts or row.state is StepState.FAILED}
    return {row.id: row.state for row in rows}, tried


def _row(step: str, message: StepMessage, owner: int | None) -> dict[str, Any]:
    return {
        "id": step,
        "owner": owner,
        "kind": message.KIND.value,
        "message": message.model_dump(mode="json"),
        "needs": [[need.kind.value, need.id] for need in message.needs()],
    }


def _needs(
    session: Session, store: ObjectStore, messages: dict[str, StepMessage]
) -> list[dict[str, Any]]:
    """List what the new steps need, and whether it is there."""
    needs = {step: dict.fromkeys(message.needs()) for step, message in messages.items()}
    there = _available(session, store, {need for refs in needs.values() for need in refs})
    return [
        {"step_id": step, "need_id": need.id, "kind": need.kind.value, "met": need.id in there}
        for step, refs in needs.items()
        for need in refs
    ]


def _available(session: Session, store: ObjectStore, needs: Iterable[Ref]) -> set[str]:
    """Find which artifacts are there, by id.

    A refused inspection is done, but leaves nothing that another step could use.
    """
    imported = {need for need in needs if need.kind is Kind.IMPORTED_MODEL}
    found = {need.id for need in imported if store.exists(need.manifest_key)}
    usable = select(Step.id).where(Step.state == StepState.DONE, Step.error.is_(null()))
    for chunk in in_chunks(need.id for need in needs):
        found.update(session.scalars(usable.where(Step.id.in_(chunk))))
    return found


def _in_progress(session: Session, steps: Iterable[str]) -> set[str]:
    """Find those of `steps` that wait for a run which has not ended: their attempts go on."""
    found: set[str] = set()
    for table in TABLES:
        query = (
            select(table.links.step_id)
            .join(table.rows, table.rows.id == table.run_id)
            .join(Step, Step.id == table.links.step_id)
            .where(table.links.step_id.in_(list(steps)), Step.state == StepState.WAITING)
            .where(table.rows.state.in_(NOT_ENDED))
        )
        found.update(session.scalars(query))
    return found


def _ask_again(
    session: Session, store: ObjectStore, asked: Sequence[StepMessage], tried: Collection[str]
) -> None:
    for message in asked:
        if message.step_id in tried:
            reset_attempts(store, message.ref)
            forget_damage(store, message.ref)
        # Its identity is the same, but it may name a better copy of an upload.
        values = {"state": StepState.WAITING, "error": None, "attempts": 0}
        changed = {**values, "message": message.model_dump(mode="json")}
        session.execute(update(Step).where(Step.id == message.step_id).values(changed))


def has_uninspected(session: Session) -> bool:
    """Whether `ensure_inspections` has something to do."""
    return session.scalar(_uninspected(select(Case.case_id)).limit(1)) is not None


def _uninspected(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        query.join(Dataset, Dataset.id == Case.dataset_id)
        .where(Dataset.state == DatasetState.INSPECTING, Case.state == CaseState.INSPECTING)
        .where(Case.step.is_(null()))
    )


def ensure_inspections(session: Session, store: ObjectStore) -> set[str]:
    """Give a step to cases of datasets in inspection that have none yet, a few hundred at once.

    The files of a case are received before it is inspected. Gives the steps that had ended before,
    for an equal case: no end of them will be heard of.
    """
    query = _uninspected(select(Case, Dataset)).order_by(Dataset.id, Case.case_id)
    rows = session.execute(query.limit(_STEPS_AT_ONCE)).all()
    owners = {dataset.id: dataset.owner for _, dataset in rows}
    found = [(case, _try_inspection(case, dataset)) for case, dataset in rows]
    inspections = [(case, message) for case, message in found if message is not None]
    for case, message in inspections:
        (case.step,) = ensure_steps(session, store, [message], owner=owners[case.dataset_id])
    session.flush()
    steps = [message.step_id for _, message in inspections]
    make_ready(session, steps)
    ended = select(Step.id).where(Step.id.in_(steps), Step.state != StepState.WAITING)
    return set(session.scalars(ended))


def _try_inspection(case: Case, dataset: Dataset) -> StepMessage | None:
    """Make the step that receives or inspects `case`; refuse it if none can be made."""
    try:
        return make_receipt(case.files) or make_inspection(case, dataset)
    except (KeyError, TypeError, ValueError):
        log.exception("orchestrator.case_refused", dataset=dataset.id)
        reason = "The platform cannot inspect this case as it is stored. Register it again."
        case.state = CaseState.REFUSED
        case.problems = [{"file": "", "field": "", "reason": reason}]
        return None


def make_inspection(case: Case, dataset: Dataset) -> InspectCase:
    """Make the step that inspects `case` on the dataset's grid."""
    return InspectCase.model_validate(
        {"files": case.files, "scheme": case.scheme or dataset.scheme, "grid": dataset.grid}
    )
