"""`If-Match`: a change is made only to what its caller has seen.

A middleware says what a request is about. The service that finds the row to be changed has its
version compared, within the transaction that changes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session

from syntrust_gateway.db.claims import writes
from syntrust_gateway.db.tables import Base, Case, Dataset, Model
from syntrust_gateway.errors import ChangedMeanwhile

VERSION_DIGITS: Final = 16
# The first two never change, and how far planning is changes nothing for a caller.
_UNSEEN: Final = frozenset({"spec", "plan", "planned", "goal"})


@dataclass
class Condition:
    """What a request says about its target, and which version of it was found.

    `versions` are those that the caller has seen; None if it does not say, or was obeyed already.
    """

    table: str
    row_id: str
    versions: frozenset[str] | None = None
    found: str | None = field(default=None, init=False)


_CURRENT: ContextVar[Condition | None] = ContextVar("condition", default=None)


@contextmanager
def under(condition: Condition) -> Iterator[None]:
    """Hold to the condition while the block runs."""
    token = _CURRENT.set(condition)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def must_lock(session: Session, table: str) -> bool:
    """Tell whether a row of the table is to be compared, and so must not change until commit."""
    condition = _CURRENT.get()
    expected = condition is not None and condition.table == table and condition.versions is not None
    return expected and writes(session)


def require_match(session: Session, row: Base) -> None:
    """Compare the version of a request's target, once, in the transaction that changes it.

    Raises
    ------
    ChangedMeanwhile
        If the caller has seen another version.
    """
    condition = _CURRENT.get()
    if condition is None or not _is_target(condition, row):
        return
    condition.found = version_of(session, row)
    if condition.versions is None or not writes(session):
        return
    if not condition.versions & {"*", condition.found}:
        name = row.__tablename__.replace("_", " ")
        raise ChangedMeanwhile(f"The {name} has changed since you read it. Get it again.")
    # What this request changes itself must not be compared again.
    condition.versions = None


@event.listens_for(Session, "before_commit")
def _require_compared(session: Session) -> None:
    """Commit nothing on a condition that nobody has looked at."""
    condition = _CURRENT.get()
    if condition is not None and condition.versions is not None and writes(session):
        raise ChangedMeanwhile("This request takes no If-Match. Send it without.")


def _is_target(condition: Condition, row: Base) -> bool:
    if row.__tablename__ != condition.table:
        return False
    names = {str(key) for key in inspect(row).identity or ()}
    if isinstance(row, Model):
        names |= {row.name, row.step}
    return condition.row_id in names


def version_of(session: Session, row: Base) -> str:
    """Name the version of a row by what its caller sees of it."""
    state: list[Any] = [_columns(row)]
    if isinstance(row, Dataset):
        seen = (Case.case_id, Case.state, Case.group, Case.patient, Case.scheme, Case.files)
        query = select(*seen).where(Case.dataset_id == row.id).order_by(Case.case_id)
        state += [list(case) for case in session.execute(query)]
    text = json.dumps(state, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:VERSION_DIGITS]


def _columns(row: Base) -> dict[str, Any]:
    names = (column.key for column in inspect(row).mapper.column_attrs)
    return {name: getattr(row, name) for name in names if name not in _UNSEEN}
