"""Which runs are scheduled and which of their steps are ready, kept in the database.

A step is ready when it waits and every artifact that it needs is there. What changes that is
written in the transaction that changes it, so a tick reads only the few ready steps that come
first, however many wait.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Select,
    delete,
    exists,
    literal,
    null,
    select,
    union,
    update,
)
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import QUEUES, Kind
from syntrust_gateway.db.schedule_tables import (
    AWAITED_MODEL,
    UNMET,
    ReadyStep,
    ScheduledRun,
    StepNeed,
)
from syntrust_gateway.db.session import in_chunks, insert_new, insert_selected
from syntrust_gateway.db.tables import (
    Case,
    CaseState,
    Dataset,
    DatasetState,
    Step,
    StepState,
)
from syntrust_gateway.runs.tables import LIVE, NOT_ENDED, TABLES, RunTable

Rows = Select[*tuple[Any, ...]]
_IDS_PER_STATEMENT: Final = 500
_RANKS: Final = 3  # datasets in inspection, jobs, experiments


class Source:
    """A kind of run: `live` selects id, owner and precedence, `links` run_id, step_id, position.

    `scheduled` selects the links of scheduled runs, with owner and precedence. It is built once:
    building it takes longer than the database's answer.
    """

    def __init__(self, live: Rows, links: Rows) -> None:
        self.live, self.links = live, links.subquery()
        self.scheduled = select(self.links, ScheduledRun.owner, ScheduledRun.precedence).join(
            ScheduledRun, ScheduledRun.run_id == self.links.c.run_id
        )


def _inspections() -> Source:
    links = select(
        Case.dataset_id.label("run_id"), Case.step.label("step_id"), literal(0).label("position")
    ).where(Case.state == CaseState.INSPECTING, Case.step.is_not(null()))
    live = select(Dataset.id, Dataset.owner, literal(0))
    return Source(live.where(Dataset.state == DatasetState.INSPECTING), links)


def _runs(table: RunTable, rank: int) -> Source:
    live = select(table.rows.id, table.rows.owner, precedence(rank, table.rows.priority))
    links = select(
        table.run_id.label("run_id"), table.links.step_id.label("step_id"), table.links.position
    )
    return Source(live.where(table.rows.state.in_(LIVE)), links)


def precedence(rank: int, priority: Any) -> Any:  # noqa: ANN401 - a number, or a column of them
    """Give what runs of one owner are ordered by: their priority, then jobs before experiments."""
    return rank - _RANKS * priority


SOURCES: Final = (
    _inspections(),
    *(_runs(table, rank) for rank, table in enumerate(TABLES, 1)),
)


class Changes(NamedTuple):
    """What is to be done so that the scheduled runs are the live ones."""

    new: list[tuple[Source, Any]]
    reordered: list[Any]
    ended: set[str]

    def __bool__(self) -> bool:
        return any(self)


def compare_schedule(session: Session) -> Changes:
    """Compare the scheduled runs with the live ones. Both are few, unlike their steps."""
    known = dict(session.execute(select(ScheduledRun.run_id, ScheduledRun.precedence)).all())
    found = [(source, row) for source in SOURCES for row in session.execute(source.live)]
    return Changes(
        new=[(source, row) for source, row in found if row[0] not in known],
        reordered=[row for _, row in found if known.get(row[0], row[2]) != row[2]],
        ended=known.keys() - {row[0] for _, row in found},
    )


def keep_schedule(session: Session, changes: Changes) -> None:
    """Schedule the runs that are live now, in their order, and no others."""
    unschedule(session, changes.ended)
    for source, (run, owner, order) in changes.new:
        _schedule(session, source, run, owner, order)
    for run, _, order in changes.reordered:
        for table in (ReadyStep, ScheduledRun):
            session.execute(update(table).where(table.run_id == run).values(precedence=order))


def unschedule(session: Session, runs: Iterable[str]) -> None:
    """Hand out no step of these runs any more, unless another run has it."""
    for chunk in in_chunks(runs, _IDS_PER_STATEMENT):
        session.execute(delete(ReadyStep).where(ReadyStep.run_id.in_(chunk)))
        session.execute(delete(ScheduledRun).where(ScheduledRun.run_id.in_(chunk)))


def _schedule(session: Session, source: Source, run: str, owner: int, order: int) -> None:
    row = {"run_id": run, "owner": owner, "precedence": order}
    insert_new(session, ScheduledRun, [row])
    links = source.links.c
    steps = session.scalars(select(links.step_id).where(links.run_id == run)).all()
    make_ready(session, steps, (source,))


def link_steps(
    session: Session, table: RunTable, run: str, steps: Sequence[str], *, position: int
) -> None:
    """Give a run these steps, from this position on. If it is scheduled, what can be is ready."""
    own = {table.run_id.key: run}
    rows = [own | {"step_id": step, "position": at} for at, step in enumerate(steps, position)]
    insert_new(session, table.links, rows)
    if session.get(ScheduledRun, run) is not None:
        make_ready(session, steps)


def make_ready(
    session: Session, steps: Iterable[str], sources: Sequence[Source] | None = None
) -> None:
    """Make those of `steps` ready that can be, for each scheduled run (of `sources`) that has them.

    Each question names its steps: a database that is asked for waiting ones as well may look at all
    that wait.
    """
    for chunk in in_chunks(steps, _IDS_PER_STATEMENT):
        queues = _find_able(session, chunk)
        for source in (sources or SOURCES) if queues else ():
            query = source.scheduled.where(source.links.c.step_id.in_(queues))
            rows = [dict(row) for row in session.execute(query).mappings()]
            insert_new(
                session, ReadyStep, [row | {"queue": queues[row["step_id"]]} for row in rows]
            )


def _find_able(session: Session, steps: Sequence[str]) -> dict[str, str]:
    """Find those of `steps` that wait for nothing but a worker, and the queue of each."""
    states = select(Step.id, Step.kind, Step.state).where(Step.id.in_(steps))
    waiting = {
        step: str(QUEUES[Kind(kind)])
        for step, kind, state in session.execute(states)
        if state is StepState.WAITING
    }
    # One need of each step is enough to look at: a training may wait for thousands of cases.
    has_unmet = exists().where(StepNeed.step_id == Step.id, UNMET)
    for step in session.scalars(select(Step.id).where(Step.id.in_(waiting), has_unmet)):
        del waiting[step]
    return waiting


def note_available(session: Session, artifacts: Iterable[str]) -> None:
    """Note that `artifacts` are there, and make ready the steps that waited for them last."""
    for chunk in in_chunks(artifacts, _IDS_PER_STATEMENT):
        among = StepNeed.need_id.in_(chunk)
        session.execute(update(StepNeed).where(among, UNMET).values(met=True))
        make_ready(session, session.scalars(select(StepNeed.step_id).where(among).distinct()).all())


def no_longer_ready(session: Session, steps: Iterable[str]) -> None:
    """Hand out none of `steps`: they have ended, or wait for something again."""
    for chunk in in_chunks(steps, _IDS_PER_STATEMENT):
        session.execute(delete(ReadyStep).where(ReadyStep.step_id.in_(chunk)))


def mark_lost(session: Session, step: str) -> None:
    """Compute `step` again, whose artifact is gone; the steps that need it wait again.

    A run that waits for the artifact gets the step, even if it was not its own: an inspection is
    a step of its dataset. What the step itself needs may be lost too; that is marked by itself.
    """
    row = session.get_one(Step, step)
    row.state, row.manifest, row.error, row.done_at = StepState.WAITING, None, None, None
    session.flush()
    session.execute(update(StepNeed).where(StepNeed.need_id == step).values(met=False))
    waiting = _waiting_for(step)
    session.execute(delete(ReadyStep).where(ReadyStep.step_id.in_(waiting)))
    for table in TABLES:
        rows = select(table.run_id, literal(step).label("step_id"), literal(-1).label("position"))
        rows = rows.join(table.rows, table.rows.id == table.run_id).distinct()
        live = table.rows.state.in_(NOT_ENDED)
        insert_selected(session, table.links, rows.where(live, table.links.step_id.in_(waiting)))
    make_ready(session, [step])


def _waiting_for(artifact: str) -> Rows:
    return (
        select(StepNeed.step_id)
        .join(Step, Step.id == StepNeed.step_id)
        .where(StepNeed.need_id == artifact, Step.state == StepState.WAITING)
    )


def find_ready(session: Session, steps: Collection[str]) -> set[str]:
    """Find those of `steps` that are ready for some scheduled run."""
    found: set[str] = set()
    for chunk in in_chunks(steps, _IDS_PER_STATEMENT):
        query = select(ReadyStep.step_id).where(ReadyStep.step_id.in_(chunk))
        found.update(session.scalars(query))
    return found


def find_wanted(session: Session, steps: Collection[str]) -> set[str]:
    """Find those of `steps` that a run has which has not ended, or a dataset in inspection."""
    found: set[str] = set()
    for chunk in in_chunks(steps, _IDS_PER_STATEMENT):
        parts = [select(Case.step).where(Case.state == CaseState.INSPECTING, Case.step.in_(chunk))]
        for table in TABLES:
            part = select(table.links.step_id).join(table.rows, table.rows.id == table.run_id)
            wanted = table.rows.state.in_(NOT_ENDED)
            parts.append(part.where(table.links.step_id.in_(chunk), wanted))
        found.update(session.scalars(union(*parts)))
    return found


def find_runs(session: Session, steps: Collection[str]) -> set[str]:
    """Find the runs that have one of `steps`, also those that have ended."""
    found: set[str] = set()
    for chunk in in_chunks(steps, _IDS_PER_STATEMENT):
        for table in TABLES:
            query = select(table.run_id).where(table.links.step_id.in_(chunk))
            found.update(session.scalars(query.distinct()))
    return found


def awaited_models(session: Session) -> Sequence[str]:
    """List the imported models that some step waits for."""
    return session.scalars(select(StepNeed.need_id).where(AWAITED_MODEL).distinct()).all()
