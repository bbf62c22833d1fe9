"""Find the caller behind a key at every request, so that a revoked one is refused at the next."""

from __future__ import annotations

import sqlite3
from typing import Final
from weakref import finalize

from sqlalchemy import Engine

from syntrust_gateway.auth.service import Caller, Grant, digest_key, read_grant, select_key
from syntrust_gateway.db.session import Sessions
from syntrust_gateway.db.tables import utc_now

_MOST_KNOWN: Final = 1000


class KeyLookup:
    """Look keys up. A key is remembered only while nobody changes the database.

    SQLite tells within 12 µs whether its file has changed; PostgreSQL is asked at every request.
    """

    def __init__(self, read: Sessions) -> None:
        engine: Engine = read.kw["bind"]
        # One question is its own transaction.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._changes = _SqliteChanges(engine) if engine.dialect.name == "sqlite" else None
        self._known: dict[str, tuple[int, Grant]] = {}

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
        with self._engine.connect() as connection:
            row = connection.execute(select_key(digest)).one_or_none()
        grant = read_grant(row, digest)
        if number is not None:
            self._remember(digest, number, grant)
        return grant.require_current(utc_now())

    def _remember(self, digest: str, number: int, grant: Grant) -> None:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[digest] = number, grant


class _SqliteChanges:
    """Tells of commits to a file by a number that SQLite keeps for a connection that only reads."""

    def __init__(self, engine: Engine) -> None:
        self._connection: sqlite3.Connection | None = None
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
            self._connection = sqlite3.connect(self._path, timeout=0, check_same_thread=False)
            finalize(self, self._connection.close)
        return self._connection
