"""Experiments and jobs, the two kinds of run, seen alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from syntrust_gateway.db.tables import (
    Experiment,
    ExperimentStep,
    Job,
    JobStep,
    Run,
    RunState,
    Step,
)

LIVE: Final = (RunState.QUEUED, RunState.RUNNING)
"""The states of runs whose steps are computed."""
NOT_ENDED: Final = (*LIVE, RunState.PAUSED)


@dataclass(frozen=True)
class RunTable:
    """A table of runs, and the table of their steps; `run_id` is the latter's column."""

    name: str
    rows: type[Run]
    links: type[ExperimentStep | JobStep]
    run_id: InstrumentedAttribute[str]

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
    """Count the live runs of its table that come first; None unless it is queued.

    That is by priority, then by age. Clients take turns besides, so a run may well start earlier.
    """
    if run.state is not RunState.QUEUED:
        return None
    rows = get_table(run).rows
    first = (rows.priority > run.priority) | ((rows.priority == run.priority) & (rows.id < run.id))
    return session.scalar(select(func.count()).where(rows.state.in_(LIVE), first))
