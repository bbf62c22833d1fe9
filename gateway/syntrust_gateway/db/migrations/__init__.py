"""The schema's history. `migrate` brings a database to the newest one."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from syntrust_gateway.db.session import make_engine
from syntrust_gateway.db.sqlite import keep_write_ahead_log


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema; several callers at once are fine."""
    engine = make_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            keep_write_ahead_log(engine)
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
        config.attributes["engine"] = engine
        command.upgrade(config, "head")
    finally:
        engine.dispose()
