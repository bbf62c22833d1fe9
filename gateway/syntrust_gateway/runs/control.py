"""Cancel, pause, resume and retry runs, and change their priority.

Every change of state is conditional, because the orchestrator may end the run at this moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from sqlalchemy import ColumnElement, delete, update
from sqlalchemy.orm import Session

from syntrust_core.errors import Conflict
from syntrust_gateway.auth.service import Caller, audit
from syntrust_gateway.db.tables import Run, RunState, utc_now
from syntrust_gateway.runs.tables import LIVE, NOT_ENDED, get_table

LOWEST_PRIORITY: Final = -10
HIGHEST_PRIORITY: Final = 10
Verb = Literal["cancel", "pause", "resume", "retry"]
SINCE: Final[Mapping[Verb, Sequence[RunState]]] = {
    "cancel": NOT_ENDED,
    "pause": LIVE,
    "resume": (RunState.PAUSED,),
    "retry": (RunState.FAILED,),
}
"""The states in which a run can be changed so."""


def cancel(session: Session, caller: Caller, run: Run) -> None:
    """End a run. Steps that no other run needs stop soon. A second call changes nothing.

    Raises
    ------
    Conflict
        If it has succeeded or failed already.
    """
    _move(session, caller, run, "cancel", state=RunState.CANCELLED, finished=utc_now())
    if run.state is not RunState.CANCELLED:
        raise _refusal(run, "only one that has not ended can be cancelled")


def pause(session: Session, caller: Caller, run: Run) -> None:
    """Start no more steps of a run. Those that run go on to their end.

    Raises
    ------
    Conflict
        If it has ended.
    """
    _move(session, caller, run, "pause", state=RunState.PAUSED)
    if run.state is not RunState.PAUSED:
        raise _refusal(run, "only one that has not ended can be paused")


def resume(session: Session, caller: Caller, run: Run) -> None:
    """Go on with a paused run. One that is live already goes on as it is.

    Raises
    ------
    Conflict
        If it has ended.
    """
    _move(session, caller, run, "resume", state=RunState.QUEUED)
    if run.state not in LIVE:
        raise _refusal(run, "only a paused one can be resumed")


def retry(session: Session, caller: Caller, run: Run) -> None:
    """Try a failed run again: what is done stays, and failed steps have all their attempts again.

    The orchestrator plans it anew, to the same steps.

    Raises
    ------
    Conflict
        If it has not failed.
    """
    moved = _move(
        session,
        caller,
        run,
        "retry",
        state=RunState.QUEUED,
        planned=False,
        partial=False,
        error=None,
        finished=None,
    )
    if not moved:
        raise _refusal(run, "only a failed one can be retried")
    table = get_table(run)
    # The report of what is there is no step of the plan.
    session.execute(delete(table.links).where(table.run_id == run.id))


def set_priority(session: Session, caller: Caller, run: Run, priority: int) -> None:
    """Change which runs come first. A run that has ended keeps it for a retry."""
    audit(session, caller, f"{get_table(run).name}.priority", run.id, priority=priority)
    run.priority = priority


CHANGES: Final[Mapping[Verb, Callable[[Session, Caller, Run], None]]] = {
    "cancel": cancel,
    "pause": pause,
    "resume": resume,
    "retry": retry,
}


def _move(session: Session, caller: Caller, run: Run, verb: Verb, **values: object) -> bool:
    """Change a run that is in a state the verb is for, and read it again; True if it was."""
    table = get_table(run)
    here: ColumnElement[bool] = (table.rows.id == run.id) & table.rows.state.in_(SINCE[verb])
    moved = session.execute(
        update(table.rows).where(here).values(**values).returning(table.rows.id)
    ).all()
    if moved:
        audit(session, caller, f"{table.name}.{verb}", run.id)
    session.refresh(run)
    return bool(moved)


def _refusal(run: Run, what: str) -> Conflict:
    name = get_table(run).name
    return Conflict(f"The {name} is {run.state}; {what}.", state=str(run.state))
