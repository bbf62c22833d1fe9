"""Find the caller behind a key at every request, so that a revoked one is refused at the next."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from threading import Lock
from typing import Any, Final, Generic, TypeVar
from weakref import finalize

import psycopg
from sqlalchemy import Engine, event

from syntrust_gateway.auth.service import (
    KEY_QUERY,
    Caller,
    Grant,
    KeyRow,
    digest_key,
    read_grant,
)
from syntrust_gateway.db.session import Sessions, engine_of
from syntrust_gateway.db.tables import utc_now

_MOST_KNOWN: Final = 1000
_CONNECT_S: Final = 5
_SILENT_MS: Final = 15_000  # of a server that is gone without a word
Opened = TypeVar("Opened", sqlite3.Connection, psycopg.Connection[tuple[Any, ...]])


class KeyLookup:
    """Look keys up. A key is remembered only while nobody changes the database.

    SQLite tells within 12 µs whether its file has changed. PostgreSQL is asked at every request,
    over a connection that is kept: 0.1 ms, where a session of SQLAlchemy takes 0.5 to 0.8 ms.
    """

    def __init__(self, read: Sessions) -> None:
        engine = engine_of(read)
        # One question is its own transaction.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        sqlite = engine.dialect.name == "sqlite"
        self._changes = _SqliteChanges(engine) if sqlite else None
        self._kept = None if sqlite else _PostgresConnection(engine)
        self._known: dict[str, tuple[int, Grant]] = {}
        event.listen(engine, "engine_disposed", self._close)

    def _close(self, _: Engine) -> None:
        """Close the connections of our own; a new one of SQLite counts changes anew."""
        self._known.clear()
        for kept in (self._changes, self._kept):
            if kept is not None:
                kept.close()

    def known(self, key: str) -> Caller | None:
        """Give the caller at once, if nothing has changed since the key was looked up."""
        if self._changes is None:
            return None
        seen, grant = self._known.get(digest_key(key), (None, None))
        if grant is None or self._changes.number() != seen:
            return None
        return grant.require_current(utc_now())

    def find(self, key: str) -> Caller:
        """Look the key up in the database.

        Raises
        ------
        Unauthenticated
            If nobody has the key, or it was revoked or has expired.
        """
        digest = digest_key(key)
        # What changes from here on makes this number old, and so what is remembered under it.
        number = None if self._changes is None else self._changes.number()
        grant = read_grant(self._row(digest), digest)
        if number is not None:
            self._remember(digest, number, grant)
        return grant.require_current(utc_now())

    def _row(self, digest: str) -> KeyRow | None:
        if self._kept is not None:
            # A connection that was lost is replaced by one of the pool, which tries again.
            with suppress(psycopg.Error):
                return self._kept.row(digest)
        with self._engine.connect() as connection:
            row = connection.execute(KEY_QUERY, {"digest": digest}).one_or_none()
        return row and KeyRow(*row)

    def _remember(self, digest: str, number: int, grant: Grant) -> None:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[digest] = number, grant


class _Kept(Generic[Opened]):
    """Holds a connection of our own, opened when it is needed."""

    def __init__(self) -> None:
        self._connection: Opened | None = None

    def _keep(self, connection: Opened) -> Opened:
        self._connection = connection
        finalize(self, connection.close)
        return connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _SqliteChanges(_Kept[sqlite3.Connection]):
    """Tells of commits to a file by a number that SQLite keeps for a connection that only reads."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._path = str(engine.url.database)

    def number(self) -> int | None:
        """Give a number that is another after each commit; None if that cannot be told now."""
        try:
            number: int = self._connected().execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.OperationalError:
            return None
        return number

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            return self._keep(sqlite3.connect(self._path, timeout=0, check_same_thread=False))
        return self._connection


class _PostgresConnection(_Kept[psycopg.Connection[tuple[Any, ...]]]):
    """A connection for this one question, without a session around it."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._query = str(KEY_QUERY.compile(dialect=engine.dialect))
        self._dsn = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._lock = Lock()

    def row(self, digest: str) -> KeyRow | None:
        with self._lock:
            try:
                found = self._connected().execute(self._query, {"digest": digest}).fetchone()
            except psycopg.Error:
                self.close()
                raise
        return None if found is None else KeyRow(*found)

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None:
            opened = psycopg.connect(
                self._dsn,
                autocommit=True,
                prepare_threshold=1,
                connect_timeout=_CONNECT_S,
                tcp_user_timeout=_SILENT_MS,
            )
            return self._keep(opened)
        return self._connection
