"""Pages of rows that only admins list, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import Session

from syntrust_gateway.auth.access import PageQuery, write_cursor
from syntrust_gateway.db.auth_tables import ApiKey
from syntrust_gateway.db.tables import Audit, Client

Listed = TypeVar("Listed", ApiKey, Audit, Client)


def read_rows(
    session: Session, table: type[Listed], rows: Select[Listed], query: PageQuery
) -> tuple[Sequence[Listed], str | None]:
    """Read one page of rows, and the cursor of the next page if there is one."""
    if query.after is not None:
        last = UUID(query.after)
        rows = rows.where(table.id < (str(last) if table is ApiKey else last.int))
    found = session.scalars(rows.order_by(table.id.desc()).limit(query.limit + 1)).all()
    if len(found) <= query.limit:
        return found, None
    shown = found[: query.limit]
    last_id = shown[-1].id
    return shown, write_cursor(UUID(last_id) if isinstance(last_id, str) else UUID(int=last_id))
