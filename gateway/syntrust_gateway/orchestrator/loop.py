"""The loop: look, do what is missing, look again. It may crash, run late or run twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.errors import QueueUnavailable
from syntrust_core.observability.clocks import name_process
from syntrust_gateway.db.schedule_tables import ReadyStep
from syntrust_gateway.db.session import Sessions, in_chunks
from syntrust_gateway.db.tables import Step, StepState
from syntrust_gateway.orchestrator import demand, receiving
from syntrust_gateway.orchestrator.ending import completion
from syntrust_gateway.orchestrator.leader import Alone, Leader
from syntrust_gateway.orchestrator.planning import Planner
from syntrust_gateway.orchestrator.reconcile import Examiner, Servers, ref_of
from syntrust_gateway.orchestrator.recording import record
from syntrust_gateway.orchestrator.scheduling.fair_share import Shares, read_shares
from syntrust_gateway.orchestrator.scheduling.flights import Flights, News
from syntrust_gateway.orchestrator.scheduling.hand_out import HandOut
from syntrust_gateway.orchestrator.segmenter_registration import register_segmenters
from syntrust_gateway.runs.ready_steps import (
    awaited_models,
    compare_schedule,
    find_ready,
    find_runs,
    find_wanted,
    keep_schedule,
    note_available,
)
from syntrust_gateway.runs.tables import TABLES

SURVEY_EVERY_S: Final = 0.5
MARKS_EVERY_S: Final = 2.0
ADOPT_EVERY_S: Final = 30.0
REVIEW_EVERY_S: Final = 60.0
NOTE_EVERY_S: Final = 1.0
CLOCK_EVERY_S: Final = 10.0
MOST_ROUNDS: Final = 20
# Of planning before the other work has its turn: a worker has done the quick steps that fill its
# queue in a quarter of a second, and must not wait for more.
PLANNING_S: Final = 0.15


class Orchestrator:
    """Compare, at every tick, what is needed with what is there (level-triggered).

    What it remembers between ticks only saves it work: a new one finds all of it out again.
    """

    def __init__(
        self, write: Sessions, read: Sessions, servers: Servers, leader: Leader | None = None
    ) -> None:
        self._write, self._read, self._servers = write, read, servers
        self._leader = leader or Alone()
        examiner = Examiner(servers)
        self._flights = Flights(servers, examiner)
        self._hand_out = HandOut(read, servers, examiner, self._flights)
        self._planners = [Planner(read, self._writing, servers, table) for table in TABLES]
        self._shares = Shares()
        self._due_s: dict[str, float] = {}
        self._new_runs: set[str] = set()
        self._ended_before: set[str] = set()
        self._must_review, self._is_planning = True, False
        self.ended = 0
        """Steps that ended in the last tick."""
        self.elapsed_s = 0.0
        """Seconds between the last tick and the one before."""
        self._ticked_s = servers.monotonic()

    @property
    def in_flight(self) -> int:
        """Steps that were submitted and have not ended."""
        return len(self._flights.ids())

    def tick(self) -> bool:
        """Look at what may have changed; True if something has.

        It is safe to interrupt and to repeat this at any point.
        """
        self._every(CLOCK_EVERY_S, self._report_clock)  # before a server refuses what it dates
        self.ended = 0
        now = self._servers.monotonic()
        self.elapsed_s, self._ticked_s = now - self._ticked_s, now
        has_moved = self._every(SURVEY_EVERY_S, self._survey)
        self._every(ADOPT_EVERY_S, self._adopt)
        self._every(MARKS_EVERY_S, self._flights.keep_marks)
        self._every(REVIEW_EVERY_S, self._plan_review)
        seen = self._look()
        self._record(seen)
        has_moved = self._hand_out_steps() or has_moved or bool(seen)
        self._every(NOTE_EVERY_S, self._note_tick)
        return has_moved

    def _note_tick(self) -> None:
        self._servers.coordinator.note_tick()
        self._servers.coordinator.send_counts()

    def _report_clock(self) -> None:
        with suppress(QueueUnavailable):
            self._servers.coordinator.report_clock(name_process("orchestrator"))

    def _hand_out_steps(self) -> bool:
        """Hand out what comes next. What turns out to be done already may make more steps ready."""
        for _ in range(MOST_ROUNDS):
            news = self._hand_out.hand_out(self._shares)
            self._record(news)
            if not news.finished:
                return bool(news)
        return True

    def _every(self, seconds: float, work: Callable[[], object]) -> bool:
        """Do `work` unless it was done within `seconds`; True if it says that something moved."""
        name, now = work.__name__, self._servers.monotonic()
        if now < self._due_s.get(name, now):
            return False
        has_moved = bool(work())
        self._due_s[name] = now if has_moved else now + seconds
        return has_moved

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        """Begin a transaction that writes, if the lead is still ours."""
        self._leader.check()
        with self._write.begin() as session:
            yield session

    def _survey(self) -> bool:
        """Find new cases, runs and models, and runs that have ended; True if there is more."""
        with self._read() as session:
            has_cases = demand.has_uninspected(session)
            has_uploads = receiving.has_wanted(session)
            awaited = awaited_models(session)
            self._shares = read_shares(session, self._servers.most_running)
        if has_cases or has_uploads:
            with self._writing() as session:
                self._ended_before |= demand.ensure_inspections(session, self._servers.store)
                receiving.receive_uploads(session, self._servers)
        self._find_models([Ref(kind=Kind.IMPORTED_MODEL, id=model) for model in awaited])
        self._plan(PLANNING_S)
        self._keep_schedule()
        return has_cases or self._is_planning

    def _plan(self, seconds: float) -> None:
        """Plan new runs for so long, and note whether some are left."""
        until_s = self._servers.monotonic() + seconds
        left = [planner.advance(until_s=until_s) for planner in self._planners]
        for planner in self._planners:
            self._new_runs |= planner.planned
            planner.planned.clear()
        self._is_planning = any(left)

    def use_pause(self, seconds: float) -> None:
        """Plan what is left to be planned, for as long as the pause until the next tick."""
        if self._is_planning:
            self._plan(seconds)

    def _find_models(self, awaited: list[Ref]) -> None:
        """Look for the imported models that some step waits for."""
        there = [ref.id for ref in awaited if self._servers.store.exists(ref.manifest_key)]
        if there:
            with self._writing() as session:
                note_available(session, there)

    def _keep_schedule(self) -> None:
        with self._read() as session:
            changes = compare_schedule(session)
        if changes:
            with self._writing() as session:
                keep_schedule(session, changes)

    def _adopt(self) -> None:
        """Follow the steps in flight that another orchestrator has submitted."""
        active = self._servers.coordinator.active() - {*self._flights.ids()}
        with self._read() as session:
            for chunk in in_chunks(active):
                query = select(
                    Step.id, Step.kind, Step.attempts, ReadyStep.owner, ReadyStep.run_id
                ).outerjoin(ReadyStep, ReadyStep.step_id == Step.id)
                waiting = query.where(Step.id.in_(chunk), Step.state == StepState.WAITING)
                self._flights.adopt(
                    (ref_of(kind, step), owner or 0, attempts > 0, run)
                    for step, kind, attempts, owner, run in session.execute(waiting)
                )

    def _plan_review(self) -> None:
        self._must_review = True

    def _look(self) -> News:
        """Look at the steps in flight, and ask those that nobody needs to stop."""
        with self._read() as session:
            ready = find_ready(session, self._flights.ids())
        news = self._flights.look(ready)
        doubtful = {*self._flights.ids()} - ready
        if doubtful:
            with self._read() as session:
                ready |= find_wanted(session, doubtful)
        self._flights.cancel_unneeded(doubtful - ready, ready)
        return news

    def _record(self, news: News) -> None:
        """Write what became of steps and complete what has ended with them, all or nothing."""
        self.ended += len(news.finished)
        is_new = self._new_runs or self._ended_before
        if not (news.must_be_written or is_new or self._must_review):
            return
        with self._writing() as session:
            record(session, self._servers.store, self._servers.clock, news)
            session.flush()
            self._complete(session, news)
        self._new_runs, self._ended_before, self._must_review = set(), set(), False

    def _complete(self, session: Session, news: News) -> None:
        """Complete what the news are about; at a review, whatever there is."""
        store, clock = self._servers.store, self._servers.clock
        finished = {ended.ref.id for ended in news.finished}
        steps, runs = None, None
        if not self._must_review:
            steps = finished | self._ended_before
            runs = self._new_runs | find_runs(session, finished | news.started)
        completion.complete_cases(session, store, steps)
        completion.complete_datasets(session, store)
        completion.complete_runs(session, store, clock, news.started, runs)
        is_trained = any(ended.ref.kind is Kind.TRAIN_SEGMENTER for ended in news.finished)
        if is_trained or self._new_runs or self._must_review:
            register_segmenters(session, store)
