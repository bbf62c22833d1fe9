"""Find the caller behind a request each time, so that a revoked key is refused at the next one."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from threading import Lock
from typing import Any, Final, Generic, TypeVar
from weakref import finalize

import psycopg
from sqlalchemy import Engine, event

from syntrust_gateway.auth.service import (
    GRANT_QUERIES,
    Caller,
    Credential,
    Grant,
    GrantRow,
    Shown,
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
    """Look up keys and sessions. One is remembered only while nobody changes the database.

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
        self._known: dict[tuple[Shown, str], tuple[int, Grant]] = {}
        event.listen(engine, "engine_disposed", self._close)

    def _close(self, _: Engine) -> None:
        """Close the connections of our own; a new one of SQLite counts changes anew."""
        self._known.clear()
        for kept in (self._changes, self._kept):
            if kept is not None:
                kept.close()

    def known(self, credential: Credential) -> Caller | None:
        """Give the caller at once, if nothing has changed since the credential was looked up."""
        if self._changes is None:
            return None
        name = credential.shown, digest_key(credential.text)
        seen, grant = self._known.get(name, (None, None))
        if grant is None or self._changes.number() != seen:
            return None
        return grant.require_current(utc_now())

    def find(self, credential: Credential) -> Caller:
        """Look a credential up in the database.

        Raises
        ------
        Unauthenticated
            If nobody has the key or the session, or it was revoked or has expired.
        """
        shown, digest = credential.shown, digest_key(credential.text)
        # What changes from here on makes this number old, and so what is remembered under it.
        number = None if self._changes is None else self._changes.number()
        grant = read_grant(self._row(shown, digest), digest, shown)
        if number is not None:
            self._remember((shown, digest), number, grant)
        return grant.require_current(utc_now())

    def _row(self, shown: Shown, digest: str) -> GrantRow | None:
        if self._kept is not None:
            # A connection that was lost is replaced by one of the pool, which tries again.
            with suppress(psycopg.Error):
                return self._kept.row(shown, digest)
        with self._engine.connect() as connection:
            found = connection.execute(GRANT_QUERIES[shown], {"digest": digest}).one_or_none()
        return None if found is None else GrantRow(*found)

    def _remember(self, name: tuple[Shown, str], number: int, grant: Grant) -> None:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[name] = number, grant


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
    """A connection for these questions alone, without a session around it."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._queries = {
            shown: str(query.compile(dialect=engine.dialect))
            for shown, query in GRANT_QUERIES.items()
        }
        self._dsn = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._lock = Lock()

    def row(self, shown: Shown, digest: str) -> GrantRow | None:
        query, values = self._queries[shown], {"digest": digest}
        with self._lock:
            try:
                found = self._connected().execute(query, values).fetchone()
            except psycopg.Error:
                self.close()
                raise
        return None if found is None else GrantRow(*found)

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
