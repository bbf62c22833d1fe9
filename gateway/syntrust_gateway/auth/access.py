"""Rows that a caller may see: one by its id, or a page of them, newest first.

A cursor names a row, so new rows shift nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import Session

from syntrust_core.errors import InvalidRequest, NotFound
from syntrust_gateway.auth.conditions import must_lock, require_match
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.db.tables import Dataset, Experiment, Job, Model, Role, Upload

Row = TypeVar("Row", Dataset, Experiment, Job, Model)
Found = TypeVar("Found", Dataset, Experiment, Job, Upload)

MAX_LIMIT = 200


class PageQuery:
    """How many rows of a list are asked for, and the cursor that they come after."""

    def __init__(self, limit: int = 50, cursor: str | None = None) -> None:
        self.limit = limit
        self.after = None if cursor is None else _read_cursor(cursor)


def read_page(
    session: Session, table: type[Row], rows: Select[Row], caller: Caller, query: PageQuery
) -> tuple[Sequence[Row], str | None]:
    """Read one page of the caller's rows, and the cursor of the next page if there is one."""
    if caller.role is not Role.ADMIN:
        rows = rows.where(table.owner == caller.id)
    if query.after is not None:
        rows = rows.where(table.id < query.after)
    found = session.scalars(rows.order_by(table.id.desc()).limit(query.limit + 1)).all()
    if len(found) <= query.limit:
        return found, None
    shown = found[: query.limit]
    return shown, write_cursor(UUID(shown[-1].id))


def find_row(
    session: Session, caller: Caller, table: type[Found], row_id: str, *, lock: bool = False
) -> Found:
    """Find the row with this id that this caller may see; `lock` makes other writers wait.

    Raises
    ------
    NotFound
        If there is none, or it belongs to another client. Both have the same message.
    ChangedMeanwhile
        If the request is to change another version of it than there is.
    """
    held = lock or must_lock(session, table.__tablename__)
    found = session.get(table, parse_row_id(row_id) or "-", with_for_update=held or None)
    if found is None or not caller.may_see(found.owner):
        raise NotFound(f"There is no {table.__tablename__} {row_id}.")
    require_match(session, found)
    return found


def parse_row_id(text: str) -> str | None:
    """Read a row id in its canonical spelling; None if `text` cannot be one."""
    try:
        return str(UUID(text))
    except ValueError:
        return None


def write_cursor(last: UUID) -> str:
    """Name the last row of a page."""
    return base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def _read_cursor(cursor: str) -> str:
    try:
        return str(UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True)))
    except (ValueError, binascii.Error) as error:
        raise InvalidRequest(
            "This cursor is unknown. Take it from `next` of the page before.",
            pointer="/query/cursor",
        ) from error
