"""Rows of any database as lines of JSON, the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

from sqlalchemy import JSON, Connection, Integer, MetaData, Table, select, text
from sqlalchemy.orm import Session

from syntrust_gateway.db.session import in_chunks
from syntrust_gateway.db.tables import Base

LEFT_OUT: Final = frozenset({"ready_step", "scheduled_run", "alembic_version", "web_session"})
"""What follows from other tables, or from the schema; and sessions, whose users sign in again."""
_INSTANT, _BYTES = "$instant", "$bytes"


def dump_rows(session: Session) -> Iterator[str]:
    """Give every row as a line: its table and its columns. All are of one state of the database."""
    for table in Base.metadata.sorted_tables:
        if table.name not in LEFT_OUT:
            yield from _dump_table(session, table)


def _dump_table(session: Session, table: Table) -> Iterator[str]:
    query = select(table).order_by(*table.primary_key.columns)
    for row in session.execute(query.execution_options(yield_per=1000)).mappings():
        values = {name: _to_json(value) for name, value in row.items()}
        line = {"table": table.name, "row": values}
        yield json.dumps(line, ensure_ascii=False, sort_keys=True, allow_nan=False)


def _to_json(value: Any) -> Any:  # noqa: ANN401 - of any column
    match value:
        case datetime():
            return {_INSTANT: value.astimezone(UTC).isoformat()}
        case bytes():
            return {_BYTES: base64.b64encode(value).decode()}
        case Enum():
            return value.value
    return value


def load_rows(connection: Connection, lines: Iterable[str]) -> dict[str, int]:
    """Insert lines of `dump_rows` into empty tables, as they are in the database; count them."""
    tables = _reflect(connection)
    counts: dict[str, int] = {}
    for chunk in in_chunks((json.loads(line) for line in lines), 500):
        for name in dict.fromkeys(line["table"] for line in chunk):
            rows = [_of_json(line["row"]) for line in chunk if line["table"] == name]
            connection.execute(tables.tables[name].insert(), rows)
            counts[name] = counts.get(name, 0) + len(rows)
    if connection.dialect.name == "postgresql":
        _go_on_counting(connection, tables)
    return counts


def _reflect(connection: Connection) -> MetaData:
    """Read the tables as they are in the database, whose schema may be an older one."""
    tables = MetaData()
    tables.reflect(connection)
    for table in tables.tables.values():
        for column in table.columns:
            if isinstance(column.type, JSON):
                column.type = JSON(none_as_null=True)  # never the null of JSON
    return tables


def _of_json(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:  # noqa: ANN401 - of any column
    match value:
        case {"$instant": str(instant)}:
            return datetime.fromisoformat(instant)
        case {"$bytes": str(encoded)}:
            return base64.b64decode(encoded)
    return value


def _go_on_counting(connection: Connection, tables: MetaData) -> None:
    """Let ids that the database gives go on after those that were inserted."""
    for table in tables.tables.values():
        for column in table.primary_key.columns:
            if isinstance(column.type, Integer):
                _set_sequence(connection, table.name, column.name)


def _set_sequence(connection: Connection, table: str, column: str) -> None:
    sequence = connection.scalar(
        text("SELECT pg_get_serial_sequence(:name, :column)"),
        {"name": f'"{table}"', "column": column},
    )
    if sequence is not None:
        top = f'SELECT max("{column}") FROM "{table}"'  # noqa: S608 - names of our tables
        connection.execute(
            text(f"SELECT setval(:sequence, coalesce(({top}), 1))"), {"sequence": sequence}
        )
