"""How far a run is: counts from the database, and what runs now from the coordinator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import QUEUES, Kind, Queue
from syntrust_core.errors import QueueUnavailable
from syntrust_core.runtime.coordination import StepCoordinator
from syntrust_gateway.db.tables import Run, Step, StepState
from syntrust_gateway.runs.schemas import KindCount, RunningStep, StepCount
from syntrust_gateway.runs.tables import LIVE, RunTable, get_table

_TIMED_STEPS = 50


@dataclass(frozen=True)
class Progress:
    steps: StepCount
    running: list[RunningStep]
    eta_seconds: float | None


def get_progress(session: Session, coordinator: StepCoordinator, run: Run) -> Progress:
    """Count the steps of a run. Without a queue server it knows of no step that runs."""
    table = get_table(run)
    counts = _counts(session, table, run.id)
    running: list[RunningStep] = []
    workers: Mapping[Queue, int] = {}
    if not run.state.final:
        with suppress(QueueUnavailable):
            running = _running(session, coordinator, table, run.id)
            workers = {queue: coordinator.workers(queue) for queue in Queue}
    for step in running:
        counts[step.kind].running += 1
    done = sum(count.done for count in counts.values())
    total = sum(count.total for count in counts.values())
    return Progress(
        steps=StepCount(done=done, total=total, by_kind=counts),
        running=running,
        eta_seconds=_eta(session, run, counts, workers),
    )


def _counts(session: Session, table: RunTable, run: str) -> dict[Kind, KindCount]:
    query = (
        select(Step.kind, Step.state, func.count())
        .join(table.links, table.belongs_to(run))
        .group_by(Step.kind, Step.state)
    )
    found: dict[Kind, KindCount] = {}
    for kind, state, count in session.execute(query):
        counted = found.setdefault(Kind(kind), KindCount())
        counted.total += count
        counted.done += count if state is StepState.DONE else 0
    return {kind: found[kind] for kind in Kind if kind in found}


def _running(
    session: Session, coordinator: StepCoordinator, table: RunTable, run: str
) -> list[RunningStep]:
    active = sorted(coordinator.active())
    query = (
        select(Step.id, Step.kind)
        .join(table.links, table.belongs_to(run))
        .where(Step.id.in_(active), Step.state == StepState.WAITING)
        .order_by(table.links.position)
    )
    found = session.execute(query).all()
    _, leased = coordinator.look_up([step for step, _ in found])
    return [
        RunningStep(step=step, kind=Kind(kind), progress=coordinator.progress(step))
        for step, kind in found
        if step in leased
    ]


def _eta(
    session: Session,
    run: Run,
    counts: Mapping[Kind, KindCount],
    workers: Mapping[Queue, int],
) -> float | None:
    if run.state not in LIVE or not run.planned:
        return None
    total_s = 0.0
    for kind, count in counts.items():
        to_go = count.total - count.done
        step_s = _step_seconds(session, run, kind) if to_go else 0.0
        if step_s is None:
            return None
        total_s += step_s * to_go / max(1, workers.get(QUEUES[kind], 0))
    return round(total_s, 1)


def _step_seconds(session: Session, run: Run, kind: Kind) -> float | None:
    """Take the median seconds of this run's done steps of a kind, else of all runs' latest."""
    table = get_table(run)
    done = (
        select(Step.seconds)
        .where(Step.state == StepState.DONE, Step.kind == str(kind))
        .order_by(Step.done_at.desc())
        .limit(_TIMED_STEPS)
    )
    own = done.join(table.links, table.belongs_to(run.id))
    return _median(session.scalars(own)) or _median(session.scalars(done))


def _median(seconds: Iterable[float | None]) -> float | None:
    known = [value for value in seconds if value is not None]
    return median(known) if known else None
