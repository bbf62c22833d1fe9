"""The schema's history. `migrate` brings a database to the newest one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from syntrust_gateway.db.session import make_engine
from syntrust_gateway.db.sqlite import keep_write_ahead_log
from syntrust_gateway.errors import DatabaseUnavailable

_LOOK_EVERY_S: Final = 1.0


def migrate(url: str, to: str = "head") -> None:
    """Bring the database at `url` up to a revision; several callers at once are fine."""
    _change(url, lambda config: command.upgrade(config, to))


def has_schema(url: str) -> bool:
    """Whether the database at `url` has this release's schema or that of a later one.

    Later: while an upgrade replaces the processes of this release. False while nothing answers.
    """
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    except (OperationalError, DatabaseUnavailable):
        return False
    finally:
        engine.dispose()
    known = revisions()
    return found is not None and (found == known[-1] or found not in known)


def await_schema(url: str, limit_s: float) -> None:
    """Wait until another process has brought the database to the newest schema.

    Raises
    ------
    DatabaseUnavailable
        It has not within `limit_s` seconds.
    """
    deadline, pause = time.monotonic() + limit_s, threading.Event()
    while not has_schema(url):
        if time.monotonic() >= deadline:
            raise DatabaseUnavailable(
                f"The database had not the newest schema after {limit_s:g} s: "
                "`syntrust-gateway migrate` has not ended."
            )
        pause.wait(_LOOK_EVERY_S)


def roll_back(url: str, to: str) -> None:
    """Bring the database at `url` down to an earlier revision; "base" removes every table.

    What only later revisions can hold is lost.
    """
    _change(url, lambda config: command.downgrade(config, to))


def revisions() -> list[str]:
    """List the revisions, the first one first."""
    script = ScriptDirectory.from_config(_configure())
    return [revision.revision for revision in script.walk_revisions()][::-1]


def _change(url: str, change: Callable[[Config], None]) -> None:
    engine = make_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            keep_write_ahead_log(engine)
        config = _configure()
        config.attributes["engine"] = engine
        change(config)
    finally:
        engine.dispose()


def _configure() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
