"""Of any number of orchestrators one leads. A lock says which, and no clock has a part in it.

PostgreSQL: a session advisory lock on a connection of its own. It is free as soon as the server
sees the session end: at once after a kill, within 15 s after a machine or its network is gone.
SQLite: a lock of the operating system on a file beside the database, free when its process ends.

A leader that is stopped, and not dead, keeps both. Whatever watches processes must end it by the
age of its heartbeat file; then another leads.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Protocol

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from syntrust_core.log import get_logger

log = get_logger(__name__)

_LOCK: Final = 0x53594E55  # any constant, but not that of the migrations
_SESSION: Final = (
    # A machine that vanished is noticed after 5 + 3 × 2 s.
    "SET tcp_keepalives_idle = 5",
    "SET tcp_keepalives_interval = 2",
    "SET tcp_keepalives_count = 3",
    "SET tcp_user_timeout = 11000",
    "SET idle_session_timeout = 0",
)
_ALIVE: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 11_000,
}


class LeadershipLost(Exception):
    """Another process may lead now: nothing more must be written."""


class Leader(Protocol):
    """The right to drive the platform."""

    def acquire(self) -> bool:
        """Take the lead if nobody has it; True if it is ours."""
        ...

    def check(self) -> None:
        """Raise `LeadershipLost` unless the lead is still ours."""
        ...

    def release(self) -> None: ...


class FileLeader:
    """The lead over a SQLite database."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path, timeout=0)

    def acquire(self) -> bool:
        try:
            self._lock.acquire()
        except Timeout:
            return False
        self._inode = self._path.stat().st_ino
        return True

    def check(self) -> None:
        try:
            is_ours = self._lock.is_locked and self._path.stat().st_ino == self._inode
        except FileNotFoundError:
            is_ours = False
        if not is_ours:
            self.release()
            raise LeadershipLost("The lock file of the orchestrator was removed.")

    def release(self) -> None:
        self._lock.release(force=True)


class PostgresLeader:
    """The lead over a PostgreSQL database. A pooler between must keep sessions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = create_engine(
            engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=_ALIVE
        )
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        self.release()
        connection = self._engine.connect()
        try:
            for statement in _SESSION:
                connection.execute(text(statement))
            query = text("SELECT pg_try_advisory_lock(:lock)")
            if connection.scalar(query, {"lock": _LOCK}):
                self._connection = connection
                return True
        finally:
            if self._connection is None:
                connection.close()
        return False

    def check(self) -> None:
        try:
            if self._connection is None:
                raise LeadershipLost("The orchestrator has no lock.")
            self._connection.execute(text("SELECT 1"))
        except DBAPIError as error:
            self.release()
            raise LeadershipLost("The session that held the lock has ended.") from error

    def release(self) -> None:
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        try:
            connection.close()
        except DBAPIError:
            log.warning("orchestrator.lock_connection_lost")


class Alone:
    """The lead where there is nobody else, as in tests."""

    def acquire(self) -> bool:
        return True

    def check(self) -> None:
        """Nobody can have taken it."""

    def release(self) -> None:
        """Nobody waits for it."""


def make_leader(engine: Engine) -> Leader:
    """Make what decides who leads over the database of `engine`."""
    if engine.dialect.name == "postgresql":
        return PostgresLeader(engine)
    file = engine.url.database
    if not file or file == ":memory:":
        return Alone()
    return FileLeader(Path(f"{os.path.realpath(file)}.leader"))
