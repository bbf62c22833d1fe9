"""Hand out steps: choose what comes next on each queue, and submit it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Queue, StepMessage
from syntrust_core.contracts.registry import parse_message
from syntrust_core.errors import PlatformError
from syntrust_core.log import about_run, get_logger
from syntrust_gateway.db.session import Sessions, in_chunks
from syntrust_gateway.db.tables import Step
from syntrust_gateway.orchestrator.reconcile import (
    Again,
    Examiner,
    Finished,
    Rest,
    Servers,
    Starved,
)
from syntrust_gateway.orchestrator.scheduling.bundles import Bundling
from syntrust_gateway.orchestrator.scheduling.fair_share import (
    Chooser,
    Chosen,
    Shares,
    Turns,
    Window,
)
from syntrust_gateway.orchestrator.scheduling.flights import Flights, News
from syntrust_gateway.runs.ready_steps import find_ready

log = get_logger(__name__)

WORKERS_KNOWN_FOR_S: Final = 2.0
SURE_AFTER: Final = 32
LOOK_AT_ONE_IN: Final = 16
MOST_EXAMINED: Final = 256
_UNREADABLE: Final = (
    "The stored request of this step cannot be read by this version of the platform. "
    "Ask for the experiment or the job again."
)


class _Stored(NamedTuple):
    """A step as its row has it: its message, or None if that cannot be read."""

    message: StepMessage | None
    attempts: int


class Doubts:
    """Whether a step that was never submitted may be done already, as after a lost database.

    Once many of a kind were not, only some are looked up: a worker finds it out too. This saves a
    third of the orchestrator's time per step.
    """

    def __init__(self) -> None:
        self._absent: Counter[Kind] = Counter()
        self._asked: Counter[Kind] = Counter()

    def must_look(self, kind: Kind) -> bool:
        self._asked[kind] += 1
        return self._absent[kind] < SURE_AFTER or self._asked[kind] % LOOK_AT_ONE_IN == 0

    def note(self, kind: Kind, *, is_there: bool) -> None:
        self._absent[kind] = 0 if is_there else self._absent[kind] + 1


class HandOut:
    """Fill the window of each queue, and remember whose turn it is."""

    def __init__(
        self, read: Sessions, servers: Servers, examiner: Examiner, flights: Flights
    ) -> None:
        self._read, self._servers = read, servers
        self._examiner, self._flights = examiner, flights
        self._turns = {queue: Turns() for queue in Queue}
        self._doubts = Doubts()
        self._workers: dict[Queue, int] = {}
        self._workers_until_s = float("-inf")

    def hand_out(self, shares: Shares) -> News:
        """Submit again what ended without a result, then what comes next."""
        news = News()
        self._count_workers()
        self._submit_again(news)
        for queue in Queue:
            examined = 0
            while examined < MOST_EXAMINED and (found := self._fill(queue, shares, news)):
                examined += found
        return news

    def _count_workers(self) -> None:
        now = self._servers.monotonic()
        if now >= self._workers_until_s:
            self._workers = {queue: self._servers.coordinator.workers(queue) for queue in Queue}
            self._workers_until_s = now + WORKERS_KNOWN_FOR_S

    def _submit_again(self, news: News) -> None:
        flights = list(self._flights.again.values())
        with self._read() as session:
            wanted = find_ready(session, [flight.ref.id for flight in flights])
            rows = read_steps(session, list(wanted))
        chosen = [
            Chosen(flight.ref, flight.owner, flight.run)
            for flight in flights
            if flight.ref.id in rows
        ]
        tried = {flight.ref.id for flight in flights if flight.was_tried}
        self._flights.again.clear()
        # Each alone: a worker may have lost it because it was one of several.
        self._submit([[step] for step in chosen], rows, tried, news)

    def _fill(self, queue: Queue, shares: Shares, news: News) -> int:
        """Choose steps and act on each; count those that turned out to need no worker."""
        window = Window(self._workers.get(queue, 0), self._flights.pace_s)
        for flight in self._flights.on(queue):
            window.add(str(flight.ref.kind), is_running=flight.is_leased)
        if not window.has_room:
            return 0
        occupied = self._flights.occupied() | {ended.ref.id for ended in news.finished}
        with self._read() as session:
            chooser = Chooser(session, queue, self._turns[queue], shares)
            chosen = chooser.choose(window, occupied, self._flights.of_owner())
            rows = read_steps(session, [step.ref.id for step in chosen])
        return self._act(queue, chosen, rows, news)

    def _act(
        self, queue: Queue, chosen: Sequence[Chosen], rows: dict[str, _Stored], news: News
    ) -> int:
        chosen = [step for step in chosen if step.ref.id in rows]
        tried = {step for step, row in rows.items() if row.attempts}
        marks = self._servers.coordinator.look_up([step.ref.id for step in chosen])
        fresh = list(self._adopt(chosen, set().union(*marks), tried))
        able = [step for step in fresh if self._examine(step, tried, news)]
        bundling = Bundling(self._flights.pace_s, self._workers.get(queue, 0))
        self._submit([*bundling.bundle(able, tried)], rows, tried, news)
        return len(fresh) - len(able)

    def _adopt(
        self, chosen: Sequence[Chosen], active: Collection[str], tried: Collection[str]
    ) -> Iterator[Chosen]:
        """Follow the steps that somebody has submitted already; give the others."""
        for step in chosen:
            if step.ref.id in active:
                self._follow(step, tried)
            else:
                yield step

    def _follow(self, step: Chosen, tried: Collection[str]) -> None:
        self._flights.add(step.ref, step.owner, was_tried=step.ref.id in tried, run=step.run)

    def _examine(self, step: Chosen, tried: Collection[str], news: News) -> bool:
        """Examine a step before it is submitted; False if it need not be."""
        ref, is_tried = step.ref, step.ref.id in tried
        is_new = not (is_tried or self._flights.has_rested(ref.id))
        if is_new and not self._doubts.must_look(ref.kind):
            return True
        with about_run(step.run):
            verdict = self._examiner.examine(ref, was_tried=is_tried, is_new=is_new)
        if is_new:
            self._doubts.note(ref.kind, is_there=isinstance(verdict, Finished))
        match verdict:
            case Finished():
                self._flights.finish(verdict, news)
            case Rest(seconds):
                self._flights.rest(ref.id, seconds)
            case Starved():
                self._flights.starve(ref.id, verdict, news)
            case Again(attempts):
                if attempts:
                    news.attempts[ref.id] = attempts
                return True
        return False

    def _submit(
        self,
        bundles: Sequence[Sequence[Chosen]],
        rows: dict[str, _Stored],
        tried: Collection[str],
        news: News,
    ) -> None:
        """Mark all steps, then send their messages: a quick worker removes a mark only once.

        A mark whose message was never sent is found out, as that of a lost message.
        """
        readable = [self._keep_readable(bundle, rows, news) for bundle in bundles]
        steps = [step for bundle in readable for step, _ in bundle]
        self._servers.coordinator.uncancel_all([step.ref.id for step in steps])
        self._servers.coordinator.set_all_queued([step.ref.id for step in steps])
        if steps:
            self._servers.queue.submit_all(
                [[(message, step.run) for step, message in bundle] for bundle in readable if bundle]
            )
        for step in steps:
            self._follow(step, tried)
        news.submitted += len(steps)

    def _keep_readable(
        self, bundle: Sequence[Chosen], rows: dict[str, _Stored], news: News
    ) -> list[tuple[Chosen, StepMessage]]:
        """Give the steps with their messages, and give those up that have none."""
        readable = []
        for step in bundle:
            message = rows[step.ref.id].message
            if message is not None:
                readable.append((step, message))
                continue
            with about_run(step.run):
                failed = self._examiner.fail(step.ref, PlatformError.slug, _UNREADABLE)
            self._flights.finish(failed, news)
        return readable


def read_steps(session: Session, steps: Sequence[str]) -> dict[str, _Stored]:
    """Read the messages of `steps`, by id. One that cannot be read spoils no other."""
    found: dict[str, _Stored] = {}
    for chunk in in_chunks(steps, MOST_EXAMINED):
        try:
            found |= _read_rows(session, chunk)
        except ValueError:
            for step in chunk:
                found |= _read_one(session, step)
    return found


def _read_one(session: Session, step: str) -> dict[str, _Stored]:
    try:
        return _read_rows(session, [step])
    except ValueError:
        return {step: _Stored(None, 0)}


def _read_rows(session: Session, steps: Sequence[str]) -> dict[str, _Stored]:
    query = select(Step.id, Step.kind, Step.message, Step.attempts).where(Step.id.in_(steps))
    return {
        step: _Stored(_parse(kind, step, message), attempts)
        for step, kind, message, attempts in session.execute(query)
    }


def _parse(kind: str, step: str, stored: Any) -> StepMessage | None:  # noqa: ANN401 - JSON
    try:
        message = parse_message(Kind(kind), stored)
        is_same = message.step_id == step
    except ValueError:
        log.exception("orchestrator.message_unreadable", kind=kind, step=step)
        return None
    return message if is_same else None
