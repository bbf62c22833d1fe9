"""The schema's history. `migrate` brings a database to the newest one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from syntrust_gateway.db.session import make_engine
from syntrust_gateway.db.sqlite import keep_write_ahead_log


def migrate(url: str, to: str = "head") -> None:
    """Bring the database at `url` up to a revision; several callers at once are fine."""
    _change(url, lambda config: command.upgrade(config, to))


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
