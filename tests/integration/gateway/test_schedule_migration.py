"""The migration that writes down what steps need, on databases that have steps."""

from __future__ import annotations

import json
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from syntrust_gateway.db import migrations
from syntrust_gateway.db.schedule_tables import StepNeed
from syntrust_gateway.db.session import make_engine

DONE, REFUSED, WAITING = "a" * 64, "b" * 64, "c" * 64
NEEDS = [["inspect_case", DONE], ["inspect_case", REFUSED], ["imported_model", "d" * 64]]


def add_step(connection: sa.Connection, step: str, **columns: str | None) -> None:
    values = {"state": "done", "error": None, "needs": "[]", **columns}
    connection.execute(
        sa.text(
            "INSERT INTO step (id, kind, message, needs, state, error, attempts) "
            "VALUES (:id, 'k', '{}', :needs, :state, :error, 0)"
        ),
        {"id": step, **values},
    )


def test_what_steps_of_an_earlier_release_need_is_known_after_the_migration(
    database_url: str,
) -> None:
    engine, config = make_engine(database_url), Config()
    folder = str(Path(migrations.__file__).parent)
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["engine"] = engine
    command.upgrade(config, "0002")
    with engine.begin() as connection:
        add_step(connection, DONE)
        add_step(connection, REFUSED, error='{"slug": "case-refused"}')
        add_step(connection, WAITING, state="waiting", needs=json.dumps(NEEDS))

    command.upgrade(config, "head")
    with engine.connect() as connection:
        query = sa.select(StepNeed.need_id, StepNeed.kind, StepNeed.met)
        found = connection.execute(query.where(StepNeed.step_id == WAITING)).all()
    command.downgrade(config, "0002")
    with engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        columns = {column["name"] for column in sa.inspect(connection).get_columns("step")}
    engine.dispose()

    assert sorted(found) == [
        (DONE, "inspect_case", True),
        (REFUSED, "inspect_case", False),
        ("d" * 64, "imported_model", False),
    ]
    assert not {"step_need", "ready_step", "scheduled_run"} & set(tables)
    assert "not_before" in columns
