"""The two tables of wishes that take steps, seen alike."""

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
    Step,
    StepState,
    Wish,
    WishState,
    utc_now,
)

LIVE: Final = (WishState.QUEUED, WishState.RUNNING)


@dataclass(frozen=True)
class WishTable:
    """A table of wishes and the table of the steps they want; `owner` is the latter's column."""

    name: str
    rows: type[Wish]
    links: type[ExperimentStep | JobStep]
    owner: InstrumentedAttribute[str]

    def waiting_steps(self) -> Select[Step]:
        """The steps that some live wish waits for, oldest wish first, each in its own order."""
        return (
            select(Step)
            .join(self.links, self.links.step_id == Step.id)
            .join(self.rows, self.rows.id == self.owner)
            .where(self.rows.state.in_(LIVE), Step.state == StepState.WAITING)
            .order_by(self.rows.created, self.rows.id, self.links.position)
        )

    def wanted_by(self, wish: str) -> ColumnElement[bool]:
        """Joins `Step` and this table's links, for one wish."""
        return (self.links.step_id == Step.id) & (self.owner == wish)


JOBS: Final = WishTable("job", Job, JobStep, JobStep.job_id)
EXPERIMENTS: Final = WishTable(
    "experiment", Experiment, ExperimentStep, ExperimentStep.experiment_id
)
TABLES: Final = (JOBS, EXPERIMENTS)
"""In order of precedence: a job is a few steps that somebody waits for."""


def table_of(wish: Wish) -> WishTable:
    return JOBS if isinstance(wish, Job) else EXPERIMENTS


def wishes_ahead(session: Session, wish: Wish) -> int | None:
    """How many live wishes of its table come first; None once it runs."""
    if wish.state is not WishState.QUEUED:
        return None
    rows = table_of(wish).rows
    return session.scalar(select(func.count()).where(rows.state.in_(LIVE), rows.id < wish.id))


def cancel(session: Session, caller: Caller, wish: Wish) -> None:
    """End a live wish; steps that no other one wants stop soon. Repeating changes nothing.

    Raises
    ------
    Conflict
        It has succeeded or failed already.
    """
    table = table_of(wish)
    # Conditional, as the conductor may end it at this very moment.
    ended = session.execute(
        update(table.rows)
        .where(table.rows.id == wish.id, table.rows.state.in_(LIVE))
        .values(state=WishState.CANCELLED, finished=utc_now())
        .returning(table.rows.id)
    ).all()
    if ended:
        audit(session, caller, f"{table.name}.cancel", wish.id)
    session.refresh(wish)
    if wish.state is not WishState.CANCELLED:
        raise Conflict(
            f"The {table.name} has {wish.state}; only a live one can be cancelled.",
            state=str(wish.state),
        )
