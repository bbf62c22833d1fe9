"""The schema's history. `migrate` brings a database to the newest one."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from syntrust_gateway.db.session import make_engine


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema; several callers at once are fine."""
    engine = make_engine(url)
    try:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
        config.attributes["engine"] = engine
        command.upgrade(config, "head")
    finally:
        engine.dispose()
