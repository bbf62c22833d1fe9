"""How transactions share a PostgreSQL database: readers never wait, and writers take turns.

So they do on SQLite, and so no rule about several rows (no case joins a dataset that is committed)
needs a lock of its own. Writes are short and few; the work is in the workers.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

TAKES_TURNS: Final = "syntrust_takes_turns"  # execution option of connections that may write
_WRITERS: Final = 0x53594E56  # any constant that is no other advisory lock of ours


def take_turn(connection: Connection) -> None:
    """Wait until no other transaction writes; a listener to an engine's `begin`."""
    if connection.get_execution_options().get(TAKES_TURNS, False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")
