"""Plan the steps of a run, the same ones at every planning, and its goal among them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, StepMessage
from syntrust_core.contracts.registry import parse_message
from syntrust_core.errors import PlatformError
from syntrust_core.log import get_logger
from syntrust_gateway.datasets.planner_view import view_dataset
from syntrust_gateway.db.session import Sessions
from syntrust_gateway.db.tables import Case, Dataset, Experiment, Job, Run, RunState
from syntrust_gateway.experiments.plan import plan
from syntrust_gateway.experiments.spec import ResolvedSpec
from syntrust_gateway.lifecycle.standing import require_not_withdrawn, require_whole
from syntrust_gateway.orchestrator.containment import AWAY, require_store
from syntrust_gateway.orchestrator.demand import ensure_steps
from syntrust_gateway.orchestrator.healing.heal import want_lost_inputs
from syntrust_gateway.orchestrator.receiving import has_its_uploads
from syntrust_gateway.orchestrator.reconcile import Servers, tell
from syntrust_gateway.runs.ready_steps import link_steps
from syntrust_gateway.runs.tables import LIVE, RunTable

log = get_logger(__name__)

STEPS_PER_TRANSACTION: Final = 1000
_GLANCE_S: Final = 0.05  # at a plan that is being made
_NOT_PLANNED: Final = (
    "The platform could not plan this {name}: its stored request cannot be used. "
    "Send the request again; if it fails again, the operator's log has the reason."
)


class PlannedSteps(NamedTuple):
    steps: Sequence[StepMessage]
    goal: str


def plan_steps(session: Session, run: Run) -> PlannedSteps:
    """Plan an experiment from its spec and dataset; a job has its plan since it was accepted."""
    if isinstance(run, Job):
        steps = [parse_message(Kind(kind), message) for kind, message in run.plan]
        needs = (need for step in steps for need in step.needs())
        require_not_withdrawn(session, run.owner, needs)
        return PlannedSteps(steps, steps[-1].step_id)
    dataset = session.get_one(Dataset, session.get_one(Experiment, run.id).dataset_id)
    cases = session.scalars(select(Case).where(Case.dataset_id == dataset.id)).all()
    spec = ResolvedSpec.model_validate(run.spec)
    named = {*spec.train, *spec.validation, *spec.test}
    require_whole(dataset, (case for case in cases if case.case_id in named))
    planned = plan(spec, view_dataset(dataset, cases))
    return PlannedSteps(planned.steps, planned.report)


class Planner:
    """Plan the new runs of one table, a few steps at a time: a large plan must not stop the loop.

    A plan that is interrupted is made again from its beginning and gives the same rows.
    """

    def __init__(
        self,
        read: Sessions,
        writing: Callable[[], AbstractContextManager[Session]],
        servers: Servers,
        table: RunTable,
    ) -> None:
        self._read, self._writing, self._servers, self._table = read, writing, servers, table
        self._work: Iterator[None] = iter(())
        self.planned: set[str] = set()
        """The runs that were planned, until somebody takes note of them."""

    def advance(self, *, until_s: float) -> bool:
        """Go on until the time is up; False once no run is left to be planned."""
        if next(self._work, self) is self:
            self._work = self._plan_all()
            if next(self._work, self) is self:
                return False
        while self._servers.monotonic() < until_s:
            if next(self._work, self) is self:
                return False
        return True

    def _plan_all(self) -> Iterator[None]:
        rows = self._table.rows
        query = select(rows.id).where(
            rows.state.in_(LIVE), rows.planned.is_(False), has_its_uploads(self._table)
        )
        with self._read() as session:
            new = session.scalars(query.order_by(rows.id)).all()
        for run in new:
            try:
                yield from self._plan(run)
            except AWAY:
                raise
            except Exception as error:
                require_store(self._servers.store)
                log.exception("orchestrator.plan_failed", run=run, what=self._table.name)
                self._fail(run, error)
            yield

    def _plan(self, run_id: str) -> Iterator[None]:
        steps, goal = yield from self._find_steps(run_id)
        for position in range(0, len(steps), STEPS_PER_TRANSACTION):
            end = position + STEPS_PER_TRANSACTION
            with self._writing() as session:
                self._store(session, run_id, steps[position:end], position)
                if end >= len(steps):
                    want_lost_inputs(session, self._servers.store, self._table, run_id)
                    self._end(session, run_id, planned=True, goal=goal)
            yield
        self.planned.add(run_id)
        log.info("orchestrator.planned", run=run_id, what=self._table.name, steps=len(steps))

    def _find_steps(self, run_id: str) -> Generator[None, None, PlannedSteps]:
        """Plan in a thread: the plan of 100,000 steps takes seconds, all in one piece."""
        with ThreadPoolExecutor(1, thread_name_prefix="plan") as pool:
            planning = pool.submit(self._plan_steps, run_id)
            while not planning.done():
                wait([planning], _GLANCE_S)
                yield
            return planning.result()

    def _plan_steps(self, run_id: str) -> PlannedSteps:
        with self._read() as session:
            return plan_steps(session, session.get_one(self._table.rows, run_id))

    def _store(
        self, session: Session, run: str, steps: Sequence[StepMessage], position: int
    ) -> None:
        owner = session.scalar(select(self._table.rows.owner).where(self._table.rows.id == run))
        ids = ensure_steps(session, self._servers.store, steps, owner=owner)
        link_steps(session, self._table, run, ids, position=position)

    def _fail(self, run_id: str, error: Exception) -> None:
        slug, text = tell(error)
        if slug == PlatformError.slug:
            text = _NOT_PLANNED.format(name=self._table.name)
        told = {"slug": slug, "text": text}
        values = {"state": RunState.FAILED, "error": told, "finished": self._servers.clock()}
        with self._writing() as session:
            self._end(session, run_id, **values)

    def _end(self, session: Session, run_id: str, **values: Any) -> None:  # noqa: ANN401 - of its columns
        """Write to the run, unless it was cancelled meanwhile. Its row need not be readable."""
        rows = self._table.rows
        session.execute(update(rows).where(rows.id == run_id, rows.state.in_(LIVE)).values(values))
