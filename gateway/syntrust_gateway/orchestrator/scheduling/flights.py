"""The steps in flight: submitted and not ended. They are in memory, which may be lost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from syntrust_core.contracts.base import QUEUES, Queue, Ref
from syntrust_core.log import about_run
from syntrust_core.runtime.coordination import LEASE_RENEWAL
from syntrust_gateway.db.tables import StepState
from syntrust_gateway.lifecycle.integrity import Loss
from syntrust_gateway.orchestrator.reconcile import (
    Again,
    Examiner,
    Finished,
    Rest,
    Servers,
    Starved,
)

LOOK_AT_LEASED_EVERY_S: Final = 5.0
LEASE_AGAIN_S: Final = LEASE_RENEWAL.total_seconds() + 5
GONE_AFTER_LOOKS: Final = 2  # a message on its way to a worker is nowhere for a moment
STUCK_AFTER_LOOKS: Final = 15  # a worker that took a message without a lease by then has died
STARVED_S: Final = 1.0
_PACE_WEIGHT: Final = 0.2


@dataclass
class Flight:
    """One step in flight. `owner` and `run` are what it was chosen for."""

    ref: Ref
    owner: int
    was_tried: bool
    looked_s: float
    run: str | None = None
    is_leased: bool = False
    is_cancelled: bool = False
    unseen: int = 0

    @property
    def queue(self) -> Queue:
        return QUEUES[self.ref.kind]


@dataclass
class News:
    """What a look has found: steps that ended, that began, and attempts that were counted.

    `lost` are artifacts that steps could not read; `submitted` counts the messages that were sent.
    """

    finished: list[Finished] = field(default_factory=list)
    started: set[str] = field(default_factory=set)
    attempts: dict[str, int] = field(default_factory=dict)
    lost: list[Loss] = field(default_factory=list)
    submitted: int = 0

    @property
    def must_be_written(self) -> bool:
        return bool(self.finished or self.started or self.attempts or self.lost)

    def __bool__(self) -> bool:
        return self.must_be_written or self.submitted > 0


class Flights:
    """Follow the steps in flight."""

    def __init__(self, servers: Servers, examiner: Examiner) -> None:
        self._servers, self._examiner = servers, examiner
        self._flights: dict[str, Flight] = {}
        self._patient_until_s = float("-inf")
        self._resting: dict[str, float] = {}
        self._has_rested: set[str] = set()
        self.pace_s: dict[str, float] = {}
        """Seconds that the last steps of a kind took, by kind."""
        self.again: dict[str, Flight] = {}
        """Steps that ended without a result and are to be submitted once more."""

    def __contains__(self, step: str) -> bool:
        return step in self._flights

    def __iter__(self) -> Iterator[Flight]:
        return iter(self._flights.values())

    def ids(self) -> Collection[str]:
        return self._flights.keys()

    def on(self, queue: Queue) -> list[Flight]:
        return [flight for flight in self if flight.queue is queue]

    def add(self, ref: Ref, owner: int, *, was_tried: bool, run: str | None = None) -> Flight:
        flight = Flight(ref, owner, was_tried, self._servers.monotonic(), run)
        self._flights[ref.id] = flight
        return flight

    def rest(self, step: str, seconds: float) -> None:
        """Hand the step out to nobody for `seconds`."""
        self._resting[step] = self._servers.monotonic() + seconds
        self._has_rested.add(step)

    def has_rested(self, step: str) -> bool:
        """Whether something went wrong with the step lately."""
        return step in self._has_rested

    def occupied(self) -> set[str]:
        """List the steps that must not be chosen now."""
        now = self._servers.monotonic()
        self._resting = {step: until for step, until in self._resting.items() if until > now}
        return {*self._flights, *self._resting, *self.again}

    def look(self, ready: Collection[str]) -> News:
        """Look at every flight once; `ready` are the steps that a scheduled run wants."""
        news, is_patient = News(), self._is_patient()
        queued, leased = self._servers.coordinator.look_up(self._flights)
        for flight in list(self):
            step = flight.ref.id
            if step in leased:
                self._follow(flight, news, is_wanted=step in ready)
            elif step in queued:
                flight.is_leased = False
            elif flight.is_leased and is_patient:
                self._look_for_result(flight, news, is_wanted=step in ready)
            else:
                self._land(flight, news, is_wanted=step in ready)
        return news

    def _is_patient(self) -> bool:
        """Whether Redis was emptied a moment ago: then workers take their leases again."""
        now = self._servers.monotonic()
        if self._servers.coordinator.was_emptied():
            self._patient_until_s = now + LEASE_AGAIN_S
        return now < self._patient_until_s

    def _follow(self, flight: Flight, news: News, *, is_wanted: bool) -> None:
        if not flight.is_leased:
            flight.is_leased = True
            news.started.add(flight.ref.id)
        now = self._servers.monotonic()
        if now - flight.looked_s > LOOK_AT_LEASED_EVERY_S:
            # A worker that dies between its manifest and its lease leaves both.
            flight.looked_s = now
            self._look_for_result(flight, news, is_wanted=is_wanted)

    def _look_for_result(self, flight: Flight, news: News, *, is_wanted: bool) -> None:
        if self._servers.store.exists(flight.ref.manifest_key):
            self._land(flight, news, is_wanted=is_wanted)

    def _land(self, flight: Flight, news: News, *, is_wanted: bool) -> None:
        """End a flight, and see what came of it. What nobody wants is not tried again."""
        with about_run(flight.run):
            verdict = self._examiner.examine(
                flight.ref, was_tried=flight.was_tried and is_wanted, is_new=not is_wanted
            )
        step = flight.ref.id
        del self._flights[step]
        match verdict:
            case Finished():
                self.finish(verdict, news)
            case Rest(seconds):
                self.rest(step, seconds)
            case Starved():
                self.starve(step, verdict, news)
            case Again(attempts) if is_wanted:
                flight.was_tried = attempts > 0
                news.attempts[step] = attempts
                self.again[step] = flight
            case Again():
                # Nobody looks at its attempts now; who asks for it later gives it all of them.
                news.attempts[step] = 1

    def finish(self, finished: Finished, news: News) -> None:
        """Take note of a step that ended, and of how long it took."""
        news.finished.append(finished)
        self._has_rested.discard(finished.ref.id)
        if finished.manifest is not None and finished.state is StepState.DONE:
            kind, seconds = str(finished.ref.kind), finished.manifest.made.seconds
            known = self.pace_s.get(kind, seconds)
            self.pace_s[kind] = known + _PACE_WEIGHT * (seconds - known)

    def starve(self, step: str, starved: Starved, news: News) -> None:
        """Leave a step alone until what it needs is noted as lost."""
        news.lost += starved.losses
        self.rest(step, STARVED_S)

    def keep_marks(self) -> None:
        """Renew the marks of messages that still wait; what was lost is submitted once more."""
        flights = [flight for flight in self if not flight.is_leased]
        queued, leased = self._servers.coordinator.look_up([f.ref.id for f in flights])
        waiting = {queue: self._servers.queue.waiting_steps(queue) for queue in Queue}
        there = [f for f in flights if f.ref.id in waiting[f.queue]]
        for flight in there:
            flight.unseen = 0
        self._servers.coordinator.renew_queued([f.ref.id for f in there])
        lost = queued - leased - {f.ref.id for f in there}
        missed = [f for f in flights if f.ref.id in lost]
        self._miss(missed)

    def _miss(self, missed: Collection[Flight]) -> None:
        """Submit again what waits in no queue: soon if nobody took it, later if a worker did.

        What a killed worker had taken stays with Celery for a day.
        """
        queues = {flight.queue for flight in missed}
        taken = {queue: self._servers.queue.queued_steps(queue) for queue in queues}
        for flight in missed:
            flight.unseen += 1
            is_taken = flight.ref.id in taken[flight.queue]
            if flight.unseen >= (STUCK_AFTER_LOOKS if is_taken else GONE_AFTER_LOOKS):
                del self._flights[flight.ref.id]
                self.again[flight.ref.id] = flight

    def cancel_unneeded(self, unneeded: Iterable[str], needed: Collection[str]) -> None:
        """Ask the steps that nobody needs to stop, at every tick, and take it back for others."""
        for step in unneeded:
            self._flights[step].is_cancelled = True
            self._servers.coordinator.cancel(step)
        revived = [f for f in self if f.is_cancelled and f.ref.id in needed]
        self._servers.coordinator.uncancel_all([f.ref.id for f in revived])
        for flight in revived:
            flight.is_cancelled = False

    def adopt(self, found: Iterable[tuple[Ref, int, bool, str | None]]) -> None:
        """Follow steps that another orchestrator has submitted."""
        for ref, owner, was_tried, run in found:
            if ref.id not in self._flights and ref.id not in self.again:
                self.add(ref, owner, was_tried=was_tried, run=run)

    def of_owner(self) -> Mapping[int, int]:
        """Count the flights of each owner."""
        counts: dict[int, int] = {}
        for flight in self:
            counts[flight.owner] = counts.get(flight.owner, 0) + 1
        return counts
