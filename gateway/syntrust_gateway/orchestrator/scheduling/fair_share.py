"""Which step comes next: clients take turns by their weight, each with its own steps in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Queue, Ref
from syntrust_gateway.db.schedule_tables import ReadyStep, ScheduledRun
from syntrust_gateway.db.tables import Client, Step
from syntrust_gateway.orchestrator.reconcile import ref_of

SPARE: Final = 1  # messages beyond the live workers of a queue, so that none waits for a tick
BACKLOG_S: Final = 2.0  # of work that waits for each worker
MOST_IN_FLIGHT: Final = 256
_ROWS_AHEAD: Final = 64


@dataclass(frozen=True)
class Shares:
    """What each client may have: its weight, and how many of its steps may be in flight."""

    weights: Mapping[int, int] = field(default_factory=dict)
    limits: Mapping[int, int] = field(default_factory=dict)


def read_shares(session: Session, most_running: int | None = None) -> Shares:
    """Read the share of each client; `most_running` is the limit of those without their own."""
    query = select(Client.id, Client.weight, Client.max_running_steps)
    rows = session.execute(query).all()
    limits = {row.id: row.max_running_steps or most_running for row in rows}
    return Shares(
        {row.id: row.weight for row in rows},
        {owner: limit for owner, limit in limits.items() if limit is not None},
    )


class Turns:
    """Weighted round-robin: of the clients that wait, the one served least for its weight is next.

    A client that had nothing to do gets no more turns for it later.
    """

    def __init__(self) -> None:
        self._served: dict[int, float] = {}
        self._now = 0.0

    def order(self, owners: Sequence[int]) -> list[int]:
        """Sort the clients by whose turn it is."""
        return sorted(owners, key=lambda owner: (self._start(owner), owner))

    def take(self, owner: int, weight: int) -> None:
        self._now = self._start(owner)
        self._served[owner] = self._now + 1 / max(1, weight)

    def _start(self, owner: int) -> float:
        return max(self._served.get(owner, 0.0), self._now)


class Window:
    """How many steps a queue takes: few where steps are slow, so that a newcomer's comes soon.

    That is a step for each live worker and `SPARE` more, or, if the steps of these kinds are known
    to be quick, as many as give each worker `BACKLOG_S` seconds of work.
    """

    def __init__(self, workers: int, pace_s: Mapping[str, float]) -> None:
        self._workers, self._pace_s = max(1, workers), pace_s
        self._in_flight, self._backlog_s = 0, 0.0

    def add(self, kind: str, *, is_running: bool = False) -> None:
        self._in_flight += 1
        if not is_running:
            self._backlog_s += self._pace_s.get(kind, float("inf"))

    @property
    def has_room(self) -> bool:
        is_short = self._backlog_s < BACKLOG_S * self._workers
        return self._in_flight < self._workers + SPARE or (
            is_short and self._in_flight < MOST_IN_FLIGHT
        )


@dataclass(frozen=True)
class Chosen:
    """A step whose turn it is, and the client and the run that it is for."""

    ref: Ref
    owner: int
    run: str | None = None


class Chooser:
    """Choose the next steps of one queue. It reads few rows, however many steps are ready."""

    def __init__(self, session: Session, queue: Queue, turns: Turns, shares: Shares) -> None:
        self._session, self._queue, self._turns, self._shares = session, queue, turns, shares

    def choose(
        self, window: Window, occupied: set[str], in_flight: Mapping[int, int]
    ) -> list[Chosen]:
        """Fill the window. `occupied` steps are in flight or rest; it grows by what is chosen."""
        counts = dict(in_flight)
        lines = {owner: self._line(owner, occupied) for owner in self._owners()}
        chosen: list[Chosen] = []
        while window.has_room and lines:
            owner = self._turns.order(list(lines))[0]
            limit = self._shares.limits.get(owner)
            is_full = limit is not None and counts.get(owner, 0) >= limit
            step = None if is_full else next(lines[owner], None)
            if step is None:
                del lines[owner]
                continue
            occupied.add(step.ref.id)
            window.add(str(step.ref.kind))
            counts[owner] = counts.get(owner, 0) + 1
            self._turns.take(owner, self._shares.weights.get(owner, 1))
            chosen.append(step)
        return chosen

    def _owners(self) -> Sequence[int]:
        """List the clients that have a ready step on this queue."""
        scheduled = select(ScheduledRun.owner).distinct().subquery()
        ready = exists().where(
            ReadyStep.queue == str(self._queue), ReadyStep.owner == scheduled.c.owner
        )
        return self._session.scalars(select(scheduled.c.owner).where(ready)).all()

    def _line(self, owner: int, occupied: set[str]) -> Iterator[Chosen]:
        """Give the ready steps of a client in order, without those that are occupied."""
        query = (
            select(ReadyStep.step_id, Step.kind, ReadyStep.run_id)
            .join(Step, Step.id == ReadyStep.step_id)
            .where(ReadyStep.queue == str(self._queue), ReadyStep.owner == owner)
            .order_by(ReadyStep.precedence, ReadyStep.run_id, ReadyStep.position)
        )
        read, page = 0, len(occupied) + _ROWS_AHEAD
        while page:
            rows = self._session.execute(query.offset(read).limit(page)).all()
            for step, kind, run in rows:
                if step not in occupied:
                    yield Chosen(ref_of(kind, step), owner, run)
            read, page = read + page, _ROWS_AHEAD if len(rows) == page else 0
