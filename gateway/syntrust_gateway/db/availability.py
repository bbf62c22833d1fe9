"""A database that is away, busy or full is `DatabaseUnavailable`, whoever asked and on any kind."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InterfaceError, OperationalError

from syntrust_core.log import get_logger
from syntrust_core.observability.counters import COUNTERS
from syntrust_gateway.errors import DatabaseUnavailable

log = get_logger(__name__)

# No wait is for ever: a server, a lock or the network may be gone without a word.
CONNECT_ARGUMENTS: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "options": " ".join(
        f"-c {name}={seconds}s"
        for name, seconds in {
            "statement_timeout": 120,
            "lock_timeout": 30,
            # A stopped process must not keep its locks. A store may take minutes in a transaction.
            "idle_in_transaction_session_timeout": 600,
            "tcp_keepalives_idle": 10,
            "tcp_keepalives_interval": 5,
        }.items()
    ),
}


def raise_unavailable(context: ExceptionContext) -> None:
    """Raise `DatabaseUnavailable` unless the statement is wrong; a listener to `handle_error`."""
    # The pool itself replaces a connection that turns out to be dead before it is used.
    if context.is_pre_ping or not isinstance(
        context.sqlalchemy_exception, OperationalError | InterfaceError
    ):
        return
    error = context.original_exception
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return  # of a statement: no such table, no such column
    COUNTERS.add("syntrust_server_errors", server="database")
    log.warning("database.unavailable", reason=str(error))
    raise DatabaseUnavailable("The database does not answer now.") from error
