"""The work in the database and Redis, and who does it, read at each scrape.

Steps are counted in the database and not in the queue, which the orchestrator keeps short on
purpose: ready steps are what autoscaling needs to know.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import QUEUES, Kind, Queue
from syntrust_core.errors import QueueUnavailable
from syntrust_core.runtime.coordination import StepCoordinator
from syntrust_gateway.container import Container
from syntrust_gateway.db.schedule_tables import ReadyStep
from syntrust_gateway.db.session import in_chunks
from syntrust_gateway.db.tables import Step, StepState
from syntrust_gateway.runs.tables import TABLES, RunTable

READY, QUEUED, RUNNING = "ready", "queued", "running"
Counts = Counter[tuple[str, str]]
"""Numbers of steps by kind and state."""
_IS_READY: Final[ColumnElement[bool]] = exists().where(ReadyStep.step_id == Step.id)


class Work(Collector):
    """Runs, steps, workers and the orchestrator."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        yield from (self._runs(table) for table in TABLES)
        yield self._steps()
        try:
            yield from _who_works(self._container.coordinator)
        except QueueUnavailable:
            return  # a missing number is better than a wrong one

    def _runs(self, table: RunTable) -> Metric:
        family = GaugeMetricFamily(f"syntrust_{table.name}s", "By state.", labels=["state"])
        query = select(table.rows.state, func.count()).group_by(table.rows.state)
        with self._container.read() as session:
            for state, count in session.execute(query):
                family.add_metric([str(state)], count)
        return family

    def _steps(self) -> Metric:
        labels = ["kind", "queue", "state"]
        family = GaugeMetricFamily("syntrust_steps", "By kind, queue and state.", labels=labels)
        with self._container.read() as session:
            counts = count_steps(session, self._container.coordinator)
        for (kind, state), count in sorted(counts.items()):
            family.add_metric([kind, str(QUEUES[Kind(kind)]), state], count)
        return family


def count_steps(session: Session, coordinator: StepCoordinator) -> Counts:
    """Count the steps by kind and state.

    Those that are not done and not ready are `waiting`: for what they need, or for nobody, as
    those of a cancelled run. Without Redis nobody knows which run, so only ended ones are counted.
    """
    counts = _count(session, select(Step.kind, Step.state, func.count()))
    try:
        queued, running = coordinator.look_up(coordinator.active())
    except QueueUnavailable:
        return Counter({key: n for key, n in counts.items() if key[1] != StepState.WAITING})
    for kind in {kind for kind, state in counts if state == StepState.WAITING}:
        counts |= Counter({(kind, state): 0 for state in (READY, QUEUED, RUNNING)})
    # A step that several runs want is ready once.
    wanted = select(ReadyStep.step_id).distinct().subquery()
    ready = select(Step.kind, Step.state, func.count()).join(wanted, wanted.c.step_id == Step.id)
    for (kind, state), number in _count(session, ready).items():
        _move(counts, kind, state, READY, number if state == StepState.WAITING else 0)
    for state, steps in ((RUNNING, running), (QUEUED, queued - running)):
        for kind, is_ready in find_waiting(session, steps):
            _move(counts, kind, READY if is_ready else StepState.WAITING, state, 1)
    return counts


def _count(session: Session, query: Select[Any, Any, int]) -> Counts:
    grouped = query.group_by(Step.kind, Step.state)
    return Counter({(kind, str(state)): n for kind, state, n in session.execute(grouped)})


def _move(counts: Counts, kind: str, source: str, target: str, number: int) -> None:
    counts[kind, source] -= number
    counts[kind, target] += number


def find_waiting(session: Session, steps: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Give kind, and whether it is ready, of those of `steps` that have not ended."""
    query = select(Step.kind, _IS_READY).where(Step.state == StepState.WAITING)
    for chunk in in_chunks(steps):
        found = session.execute(query.where(Step.id.in_(chunk)))
        yield from ((kind, is_ready) for kind, is_ready in found)


def _who_works(coordinator: StepCoordinator) -> Iterator[Metric]:
    workers = GaugeMetricFamily("syntrust_workers", "Live workers by queue.", labels=["queue"])
    for queue in Queue:
        workers.add_metric([str(queue)], coordinator.workers(queue))
    yield workers
    age_s = coordinator.tick_age_s()
    yield GaugeMetricFamily(
        "syntrust_orchestrator_tick_age_seconds",
        "Seconds since the orchestrator that leads ended a tick; infinite beyond an hour.",
        value=math.inf if age_s is None else age_s,
    )
    clocks = GaugeMetricFamily(
        "syntrust_clock_ahead_seconds",
        "Seconds that the clock of a process is ahead of the queue server's.",
        labels=["process"],
    )
    for process, ahead_s in coordinator.clocks().items():
        clocks.add_metric([process], ahead_s)
    yield clocks
