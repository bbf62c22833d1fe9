"""Experiments and jobs, the two kinds of run, seen alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from syntrust_core.errors import Conflict
from syntrust_gateway.auth.service import Caller, audit
from syntrust_gateway.db.tables import (
    Experiment,
    ExperimentStep,
    Job,
    JobStep,
    Run,
    RunState,
    Step,
    StepState,
    utc_now,
)

LIVE: Final = (RunState.QUEUED, RunState.RUNNING)


@dataclass(frozen=True)
class RunTable:
    """A table of runs, and the table of their steps; `run_id` is the latter's column."""

    name: str
    rows: type[Run]
    links: type[ExperimentStep | JobStep]
    run_id: InstrumentedAttribute[str]

    def waiting_steps(self) -> Select[Step]:
        """Select the steps that live runs wait for: the oldest run first, each in its own order."""
        return (
            select(Step)
            .join(self.links, self.links.step_id == Step.id)
            .join(self.rows, self.rows.id == self.run_id)
            .where(self.rows.state.in_(LIVE), Step.state == StepState.WAITING)
            .order_by(self.rows.created, self.rows.id, self.links.position)
        )

    def belongs_to(self, run: str) -> ColumnElement[bool]:
        """Join `Step` and this table's links, for one run."""
        return (self.links.step_id == Step.id) & (self.run_id == run)


JOBS: Final = RunTable("job", Job, JobStep, JobStep.job_id)
EXPERIMENTS: Final = RunTable(
    "experiment", Experiment, ExperimentStep, ExperimentStep.experiment_id
)
TABLES: Final = (JOBS, EXPERIMENTS)
"""In order of precedence: a job is a few steps that somebody waits for."""


def get_table(run: Run) -> RunTable:
    return JOBS if isinstance(run, Job) else EXPERIMENTS


def runs_ahead(session: Session, run: Run) -> int | None:
    """Count the live runs of its table that come first; None once it runs."""
    if run.state is not RunState.QUEUED:
        return None
    rows = get_table(run).rows
    return session.scalar(select(func.count()).where(rows.state.in_(LIVE), rows.id < run.id))


def cancel(session: Session, caller: Caller, run: Run) -> None:
    """End a live run. Steps that no other run needs stop soon. A second call changes nothing.

    Raises
    ------
    Conflict
        If it has succeeded or failed already.
    """
    table = get_table(run)
    # This is conditional, because the orchestrator may end the run at this moment.
    ended = session.execute(
        update(table.rows)
        .where(table.rows.id == run.id, table.rows.state.in_(LIVE))
        .values(state=RunState.CANCELLED, finished=utc_now())
        .returning(table.rows.id)
    ).all()
    if ended:
        audit(session, caller, f"{table.name}.cancel", run.id)
    session.refresh(run)
    if run.state is not RunState.CANCELLED:
        raise Conflict(
            f"The {table.name} has {run.state}; only a live one can be cancelled.",
            state=str(run.state),
        )
