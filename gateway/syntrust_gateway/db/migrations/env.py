"""How Alembic reaches the database. The engine comes from `migrate`: there is no ini file."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, Engine, text

from syntrust_gateway.db import (  # noqa: F401 - their tables are part of the schema
    auth_tables,
    content_tables,
    lifecycle_tables,
    schedule_tables,
)
from syntrust_gateway.db.tables import Base

_LOCK = 0x53594E54  # any constant: migrations of this program exclude each other


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        # Also on SQLite, whose driver here leaves transactions to us: all of it or nothing.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            for limit in ("lock_timeout", "statement_timeout"):
                connection.execute(text(f"SET LOCAL {limit} = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        context.run_migrations()


engine: Engine = context.config.attributes["engine"]
with engine.execution_options(syntrust_sqlite_begin="BEGIN IMMEDIATE").connect() as opened:
    _run(opened)
