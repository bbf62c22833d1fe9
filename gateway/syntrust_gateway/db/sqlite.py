"""How connections share a SQLite file: readers wait for nobody, writers for one another."""

from __future__ import annotations

import sqlite3
import time

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 30_000
_BUSY_POLL_SECONDS = 0.01
BEGIN = "syntrust_sqlite_begin"  # execution option: the statement that begins a transaction


def set_up_connection(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """What every new connection is told; a listener to an engine's `connect`."""
    # The driver would begin deferred transactions by itself, and only before a write.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    _write_ahead(cursor)
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _write_ahead(cursor: DBAPICursor) -> None:
    """Have the file keep a write-ahead log, as soon as nobody else is at it.

    The first to open a new file changes its journal. SQLite gives that up at once, whatever the
    busy timeout, when somebody else is writing to it, or about to change its journal too.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_BUSY_POLL_SECONDS)
        else:
            return


def begin(connection: Connection) -> None:
    """Begin as the connection's options ask; a listener to an engine's `begin`."""
    connection.exec_driver_sql(connection.get_execution_options().get(BEGIN, "BEGIN"))
