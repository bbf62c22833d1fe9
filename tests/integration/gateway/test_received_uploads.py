"""The tables of received uploads on both databases, from the revision before them and back."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, inspect, text

from syntrust_gateway.db import migrations
from syntrust_gateway.db.session import make_engine


def alembic(engine: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["engine"] = engine
    return config


def test_cases_in_inspection_are_received_first_after_the_upgrade_and_it_can_be_undone(
    database_url: str,
) -> None:
    engine = make_engine(database_url)
    config = alembic(engine)
    command.upgrade(config, "0002")
    with engine.begin() as connection:
        connection.execute(text(_CLIENT))
        connection.execute(text(_DATASET))
        connection.execute(text(_UPLOAD))
        for case, state in (("a", "inspecting"), ("b", "ready")):
            connection.execute(text(_CASE), {"case": case, "state": state})

    command.upgrade(config, "head")
    with engine.connect() as connection:
        steps = connection.execute(text('SELECT step FROM "case" ORDER BY case_id')).scalars()
        assert list(steps) == [None, "0" * 64]
        assert connection.execute(text("SELECT step FROM upload")).scalar() is None
    command.downgrade(config, "0002")

    tables = set(inspect(engine).get_table_names())
    columns = {column["name"] for column in inspect(engine).get_columns("upload")}
    engine.dispose()
    assert not tables & {"content", "job_upload"}
    assert not columns & {"step", "problems"}


_CLIENT = """
INSERT INTO client (id, name, role, key_sha256, created)
VALUES (1, 'c', 'user', 'k', '2026-11-01 00:00:00+00:00')"""
_DATASET = """
INSERT INTO dataset (id, name, grid, scheme, state, owner, created)
VALUES ('d', 'd', '"native"', '"auto"', 'inspecting', 1, '2026-11-01 00:00:00+00:00')"""
_UPLOAD = """
INSERT INTO upload (id, scheme, files, owner, created)
VALUES ('u', '"auto"', '{}', 1, '2026-11-01 00:00:00+00:00')"""
_CASE = f"""
INSERT INTO "case" (dataset_id, case_id, files, state, problems, step)
VALUES ('d', :case, '{{}}', :state, '[]', '{"0" * 64}')"""  # noqa: S608 - a constant
