"""Record in the database what became of steps, and what follows from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.db.session import in_chunks, insert_new
from syntrust_gateway.db.tables import Attempt, Step, StepState
from syntrust_gateway.orchestrator.containment import contained
from syntrust_gateway.orchestrator.healing.heal import heal_all
from syntrust_gateway.orchestrator.reconcile import Clock, Finished, tell
from syntrust_gateway.orchestrator.scheduling.flights import News
from syntrust_gateway.runs.ready_steps import no_longer_ready, note_available


def record(session: Session, store: ObjectStore, clock: Clock, news: News) -> None:
    """Write the ends of steps and the counts of their attempts, each step's once."""
    for step, attempts in news.attempts.items():
        session.execute(update(Step).where(Step.id == step).values(attempts=attempts))
    waiting = _waiting(session, [ended.ref.id for ended in news.finished])
    finished = [ended for ended in news.finished if ended.ref.id in waiting]
    with contained(session, store, "steps", str(len(finished))) as together:
        _write(session, clock, finished)
    if together.error is not None:
        for ended in finished:
            _write_alone(session, store, clock, ended)
    heal_all(session, store, news.lost)


def _waiting(session: Session, steps: Collection[str]) -> set[str]:
    """Find those of `steps` that wait, and have other writers wait for them."""
    found: set[str] = set()
    for chunk in in_chunks(steps):
        query = select(Step.id, Step.state).where(Step.id.in_(chunk)).with_for_update()
        rows = session.execute(query).all()
        found.update(step for step, state in rows if state is StepState.WAITING)
    return found


def _write(session: Session, clock: Clock, finished: Sequence[Finished]) -> None:
    if not finished:
        return
    # Of the table and not of the class: SQLAlchemy then writes many rows in one call.
    step = Step.metadata.tables[Step.__tablename__]
    change = update(step).where(step.c.id == bindparam("step"))
    session.execute(change, [_values(clock, ended) for ended in finished])
    insert_new(session, Attempt, [row for ended in finished for row in ended.attempt_rows()])
    no_longer_ready(session, [ended.ref.id for ended in finished])
    note_available(session, [ended.ref.id for ended in finished if ended.leaves_artifact])


def _values(clock: Clock, ended: Finished) -> dict[str, Any]:
    manifest = None if ended.manifest is None else ended.manifest.model_dump(mode="json")
    return {
        "step": ended.ref.id,
        "state": ended.state,
        "error": None if ended.error is None else dict(ended.error),
        "manifest": manifest,
        "attempts": len(ended.attempts),
        "seconds": None if ended.manifest is None else ended.manifest.made.seconds,
        "bytes": None if ended.manifest is None else ended.manifest.bytes,
        "done_at": clock() if ended.state is StepState.DONE else None,
    }


def _write_alone(session: Session, store: ObjectStore, clock: Clock, ended: Finished) -> None:
    """Write one step by itself; a step whose end the database refuses has failed."""
    with contained(session, store, "step", ended.ref.id) as alone:
        _write(session, clock, [ended])
    if alone.error is not None:
        slug, text = tell(alone.error)
        failed = Finished(ended.ref, StepState.FAILED, {"slug": slug, "text": text})
        with contained(session, store, "step", ended.ref.id):
            _write(session, clock, [failed])
