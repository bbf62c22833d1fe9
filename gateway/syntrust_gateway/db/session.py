"""Engines and sessions of the gateway's database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Engine, Select, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, sessionmaker

from syntrust_gateway.db.availability import CONNECT_ARGUMENTS, raise_unavailable
from syntrust_gateway.db.claims import WRITES, keep_claims
from syntrust_gateway.db.postgres import TAKES_TURNS, take_turn
from syntrust_gateway.db.sqlite import BEGIN, begin, set_up_connection
from syntrust_gateway.db.tables import Base

ENGINE = "engine"
_ROWS_PER_INSERT = 1000
Sessions = sessionmaker[Session]
Value = TypeVar("Value")


def make_engine(url: str) -> Engine:
    """Make an engine for SQLite (a file) or PostgreSQL (psycopg 3)."""
    is_sqlite = url.startswith("sqlite")
    engine = create_engine(
        url,
        connect_args={} if is_sqlite else CONNECT_ARGUMENTS,
        pool_pre_ping=not is_sqlite,
        pool_size=20,
        hide_parameters=True,  # errors are logged, and values may name patients
        max_overflow=30,  # every thread that answers requests may hold one
    )
    event.listen(engine, "handle_error", raise_unavailable)
    if is_sqlite:
        event.listen(engine, "connect", set_up_connection)
        event.listen(engine, "begin", begin)
    else:
        event.listen(engine, "begin", take_turn)
    return engine


def session_factory(engine: Engine) -> Sessions:
    """Make sessions that may write. They take the one write lock of the database when they begin.

    So what a transaction has read still holds when it writes, on each kind of database. On SQLite,
    one that reads first and writes later would fail at once if another has written in between.
    """
    writing = engine.execution_options(**{BEGIN: "BEGIN IMMEDIATE", TAKES_TURNS: True})
    sessions = sessionmaker(writing, expire_on_commit=False, info={WRITES: True})
    keep_claims(sessions)
    return sessions


def read_factory(engine: Engine) -> Sessions:
    """Make sessions that only read, each one state of the database. Nobody waits for them."""
    if engine.dialect.name == "sqlite":
        reading = engine.execution_options(**{BEGIN: "BEGIN"})
    else:
        reading = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    return sessionmaker(reading, expire_on_commit=False, info={ENGINE: engine})


def engine_of(sessions: Sessions) -> Engine:
    """Give the engine that sessions which read were made for; whoever made it disposes of it."""
    engine: Engine = sessions.kw["info"][ENGINE]
    return engine


def insert_new(session: Session, table: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert the rows whose primary key is free and leave the others as they are."""
    ready = [dict(row) for row in rows]
    for chunk in in_chunks(ready, _ROWS_PER_INSERT):
        session.execute(_insert(session, table).on_conflict_do_nothing(), chunk)


def insert_selected(session: Session, table: type[Base], rows: Select[*tuple[Any, ...]]) -> None:
    """Insert what `rows` selects, by its labels, but no row whose primary key is taken."""
    names = [column.name for column in rows.selected_columns]
    session.execute(_insert(session, table).from_select(names, rows).on_conflict_do_nothing())


def in_chunks(values: Iterable[Value], size: int = _ROWS_PER_INSERT) -> Iterator[list[Value]]:
    """Cut `values` into lists, as a statement takes only so many parameters."""
    left = iter(values)
    while chunk := list(islice(left, size)):
        yield chunk


def _insert(session: Session, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)
