"""Artifacts that are gone or damaged are computed again.

A worker's error names the object that it could not read. If that is true, the artifact's manifest
is set aside, its step waits again, and the attempt that found it is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Select, false, select, update
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind
from syntrust_core.contracts.registry import parse_message
from syntrust_core.errors import ObjectDamaged, ObjectMissing
from syntrust_core.log import get_logger
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.db.schedule_tables import UNMET, StepNeed
from syntrust_gateway.db.session import insert_new
from syntrust_gateway.db.tables import RunState, Step, StepState
from syntrust_gateway.lifecycle.integrity import Loss, was_replaced
from syntrust_gateway.orchestrator.damage import MOST_DAMAGED, note_lost
from syntrust_gateway.orchestrator.demand import ensure_steps
from syntrust_gateway.runs.ready_steps import (
    make_ready,
    mark_lost,
    no_longer_ready,
)
from syntrust_gateway.runs.tables import TABLES, RunTable

log = get_logger(__name__)

# What a plan takes as it is there, without a step of its own.
_FROM_BEFORE: Final = (
    Kind.INSPECT_CASE,
    Kind.IMPORT_MODEL,
    Kind.TRAIN_GENERATOR,
    Kind.TRAIN_SEGMENTER,
)
_BEFORE_THE_PLAN: Final = -1


def heal(session: Session, store: ObjectStore, loss: Loss) -> str:
    """Have a lost artifact computed again, for every run that needs it; say what became of it.

    The manifest goes before the row changes: a row that waits beside a manifest would be taken for
    done, and one that is done without a manifest is found again.
    """
    ref = loss.artifact
    step = session.get(Step, ref.id, with_for_update=True)
    log.error("orchestrator.artifact_lost", kind=ref.kind, step=ref.id, reason=loss.reason)
    if step is None:
        note_lost(store, ref, loss.reason)
        _fail_reader(session, loss)
        return "nothing computes it"
    if step.state is StepState.WAITING or was_replaced(store, loss):
        return "is computed again already"
    times = note_lost(store, ref, loss.reason)
    reopen_runs(session, ref.id)
    mark_lost(session, ref.id)
    if times >= MOST_DAMAGED:
        _give_up(session, step, loss.reason, times)
        return f"given up after {times} times"
    return "is computed again when a run needs it"


def _fail_reader(session: Session, loss: Loss) -> None:
    """Fail the step that needs what nobody can make."""
    unmet = StepNeed.need_id == loss.artifact.id
    session.execute(update(StepNeed).where(unmet).values(met=False))
    if loss.seen_by is None:
        return
    text = f"{loss.artifact.kind} {loss.artifact.id} is lost ({loss.reason}) and has no step."
    _fail(session, loss.seen_by.id, {"slug": ObjectMissing.slug, "text": text})


def _give_up(session: Session, step: Step, reason: str, times: int) -> None:
    text = (
        f"The artifact {step.kind} {step.id} was lost or damaged {times} times, the last time "
        f"because {reason}. Check the disks of the object store, then ask again."
    )
    _fail(session, step.id, {"slug": ObjectDamaged.slug, "text": text})


def _fail(session: Session, step: str, error: dict[str, Any]) -> None:
    values = {"state": StepState.FAILED, "error": error, "manifest": None, "done_at": None}
    session.execute(update(Step).where(Step.id == step).values(values))
    no_longer_ready(session, [step])


def reopen_runs(session: Session, goal: str) -> list[str]:
    """Let the runs that had ended with `goal` run until it is there again."""
    reopened: list[str] = []
    for table in TABLES:
        # Runs that cannot be partial have no such column.
        is_partial = getattr(table.rows, "partial", false())
        had_result = (table.rows.state == RunState.SUCCEEDED) | (
            (table.rows.state == RunState.FAILED) & is_partial
        )
        again = update(table.rows).where(table.rows.goal == goal, had_result)
        values = {"state": RunState.RUNNING, "finished": None}
        reopened += session.scalars(again.values(values).returning(table.rows.id)).all()
    return reopened


def want_lost_inputs(session: Session, store: ObjectStore, table: RunTable, run: str) -> None:
    """Give a planned run the steps that it takes as done and that are not, and what these need."""
    while steps := session.execute(_lost_inputs(table, run)).all():
        messages = [parse_message(Kind(kind), message) for _, kind, message in steps]
        wanted = ensure_steps(session, store, messages)
        names = {table.run_id.key: run}
        rows = [names | {"step_id": step, "position": _BEFORE_THE_PLAN} for step in wanted]
        insert_new(session, table.links, rows)
        make_ready(session, wanted)


def _lost_inputs(table: RunTable, run: str) -> Select[*tuple[Any, ...]]:
    own = select(table.links.step_id).where(table.run_id == run)
    # From the run's steps to what they need: asked the other way, the database looks at every step.
    needed = select(StepNeed.need_id).where(StepNeed.step_id.in_(own), UNMET)
    return (
        select(Step.id, Step.kind, Step.message)
        .where(Step.id.in_(needed), Step.id.not_in(own))
        .where(Step.kind.in_([str(kind) for kind in _FROM_BEFORE]), Step.state != StepState.DONE)
    )


def heal_all(session: Session, store: ObjectStore, losses: Iterable[Loss]) -> None:
    """Heal each artifact once."""
    for loss in {loss.artifact.id: loss for loss in losses}.values():
        heal(session, store, loss)
