"""Why a run that is live does not move: nobody works on its queue, or others come first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from syntrust_core.contracts.base import QUEUES, Kind, Queue
from syntrust_core.errors import QueueUnavailable
from syntrust_core.runtime.coordination import StepCoordinator
from syntrust_gateway.api.schemas import AnswerBody
from syntrust_gateway.db.tables import Run, Step, StepState
from syntrust_gateway.runs.schemas import RunningStep, StepCount
from syntrust_gateway.runs.tables import LIVE, get_table

Cause = Literal["planning", "no_orchestrator", "no_worker", "busy", "queued", "no_queue_server"]
LONGEST_TICK_S: Final = 60.0
_LOOKED_AT: Final = 200  # steps of a run, the first ones: of them one is ready if any is
IN_WORDS: Final = {
    Kind.TRAIN_SEGMENTER: "the training of a segmenter",
    Kind.TRAIN_GENERATOR: "the training of a generator",
    Kind.SYNTHESISE_CASE: "a twin",
}


class BusyWorker(AnswerBody):
    """What a worker of the queue computes, whoever asked for it."""

    kind: Kind
    since: datetime


class Waiting(AnswerBody):
    """Why no step of a run is being computed now."""

    cause: Cause
    reason: Annotated[str, Field(description="The same as a sentence.")]
    queue: Annotated[Queue | None, Field(description="The queue of its next step.")] = None
    ahead: Annotated[
        int | None, Field(description="Steps of others that were handed to this queue before.")
    ] = None
    busy: list[BusyWorker] = Field(default=[])


class Movement(AnswerBody):
    """How far a run is, and what of it moves now."""

    steps: StepCount
    running: list[RunningStep]
    waiting: Annotated[
        Waiting | None, Field(description="Why none of its steps runs now; null if one does.")
    ]


def explain_waiting(
    session: Session, coordinator: StepCoordinator, run: Run, *, is_running: bool
) -> Waiting | None:
    """Explain why a live run waits; None if a step of it runs, or it is not live."""
    if run.state not in LIVE or is_running:
        return None
    try:
        return _explain(session, coordinator, run)
    except QueueUnavailable:
        return Waiting(
            cause="no_queue_server", reason="The queue server does not answer; work goes on later."
        )


def _explain(session: Session, coordinator: StepCoordinator, run: Run) -> Waiting | None:
    tick_s = coordinator.tick_age_s()
    if tick_s is None or tick_s > LONGEST_TICK_S:
        said = "The orchestrator gives no sign of life; it starts work once it is back."
        return Waiting(cause="no_orchestrator", reason=said)
    if not run.planned:
        return Waiting(cause="planning", reason="Its uploads are received and its steps planned.")
    ready = _next_step(session, run)
    return None if ready is None else _explain_step(session, coordinator, *ready)


def _next_step(session: Session, run: Run) -> tuple[str, Kind] | None:
    """Find the first step of a run that waits for nothing but a worker."""
    table = get_table(run)
    rows = session.execute(
        select(Step.id, Step.kind, Step.needs)
        .join(table.links, table.belongs_to(run.id))
        .where(Step.state == StepState.WAITING)
        .order_by(table.links.position)
        .limit(_LOOKED_AT)
    ).all()
    needs = {need for row in rows for _, need in row.needs}
    needed = aliased(Step)
    missing = select(needed.id).where(needed.id.in_(needs), needed.state != StepState.DONE)
    blocked = set(session.scalars(missing))
    for row in rows:
        if not blocked & {need for _, need in row.needs}:
            return row.id, Kind(row.kind)
    return None


def _explain_step(session: Session, coordinator: StepCoordinator, step: str, kind: Kind) -> Waiting:
    queue = QUEUES[kind]
    ahead = _count_ahead(session, coordinator, step, queue)
    if not coordinator.workers(queue):
        reason = f"No worker of the queue {queue} is there; it starts once one is."
        return Waiting(cause="no_worker", reason=reason, queue=queue, ahead=ahead)
    busy = _find_busy(session, coordinator, queue)
    if not busy:
        reason = f"It is handed out to the queue {queue}; {_steps(ahead)} before it."
        return Waiting(cause="queued", reason=reason, queue=queue, ahead=ahead)
    first = busy[0]
    what = IN_WORDS.get(first.kind, first.kind.replace("_", " "))
    reason = (
        f"The queue {queue} is busy with {what} since {first.since:%H:%M} UTC; "
        f"{_steps(ahead)} before it."
    )
    return Waiting(cause="busy", reason=reason, queue=queue, ahead=ahead, busy=busy)


def _steps(count: int) -> str:
    return "no step is" if not count else "1 step is" if count == 1 else f"{count} steps are"


def _count_ahead(session: Session, coordinator: StepCoordinator, step: str, queue: Queue) -> int:
    """Count what was handed to the queue and is not begun, besides the step itself."""
    handed = coordinator.active() - {step}
    _, leased = coordinator.look_up(handed)
    kinds = [str(kind) for kind, other in QUEUES.items() if other is queue]
    query = select(Step.id).where(Step.id.in_(handed - leased), Step.kind.in_(kinds))
    return len(session.scalars(query).all())


def _find_busy(session: Session, coordinator: StepCoordinator, queue: Queue) -> list[BusyWorker]:
    """Find what the workers of a queue compute, the oldest first."""
    holders = coordinator.holders()
    rows = session.execute(select(Step.id, Step.kind).where(Step.id.in_(list(holders)))).all()
    found = [
        BusyWorker(kind=Kind(row.kind), since=holders[row.id].since)
        for row in rows
        if QUEUES[Kind(row.kind)] is queue
    ]
    return sorted(found, key=lambda worker: worker.since)
