"""How connections share a SQLite file: readers never wait, and writers wait for one another."""

from __future__ import annotations

import sqlite3
import time

from sqlalchemy import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 30_000
_BUSY_POLL_SECONDS = 0.01
BEGIN = "syntrust_sqlite_begin"  # execution option: the statement that begins a transaction


def set_up_connection(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Set up a new connection; a listener to an engine's `connect`."""
    # By itself the driver would begin deferred transactions, and only before a write.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def keep_write_ahead_log(engine: Engine) -> None:
    """Have the database's file keep a write-ahead log, from now on and for every connection.

    SQLite refuses that at once, whatever the busy timeout, while another connection writes to the
    file or changes its journal. So it is asked again until none does.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    connection = engine.raw_connection()
    try:
        while not _has_write_ahead_log(connection.cursor()):
            if time.monotonic() > deadline:
                msg = f"SQLite file is locked by another process for over {BUSY_TIMEOUT_MS} ms"
                raise TimeoutError(msg)
            time.sleep(_BUSY_POLL_SECONDS)
    finally:
        connection.close()


def _has_write_ahead_log(cursor: DBAPICursor) -> bool:
    """Ask for the log; False if another connection is busy with the file."""
    try:
        cursor.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def begin(connection: Connection) -> None:
    """Begin as the connection's options say; a listener to an engine's `begin`."""
    connection.exec_driver_sql(connection.get_execution_options().get(BEGIN, "BEGIN"))
