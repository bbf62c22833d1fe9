"""The schema goes up from nothing and from every revision with rows in it, and down again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, DateTime, Engine, MetaData, Table, inspect, select, text

from syntrust_gateway.db.migrations import await_schema, migrate, revisions, roll_back
from syntrust_gateway.db.session import make_engine, session_factory
from syntrust_gateway.db.tables import Base
from syntrust_gateway.db.types import UtcDateTime
from syntrust_gateway.errors import DatabaseUnavailable

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
STORED: Rows = json.loads(
    (Path(__file__).parents[2] / "data" / "stored" / "database_rows.json").read_text("utf-8")
)
EARLIER = revisions()[:-1]
MADE_ANEW = {"0001": {"model"}}  # by the revision after this one: nobody had a row there


def describe(engine: Engine) -> dict[str, Any]:
    """Tables, columns, keys and indexes as the database tells them."""
    found = inspect(engine)
    return {
        table: {
            "columns": {
                c["name"]: (str(c["type"]), c["nullable"]) for c in found.get_columns(table)
            },
            "key": found.get_pk_constraint(table)["constrained_columns"],
            "foreign": sorted(
                (key["constrained_columns"], key["referred_table"], str(key["options"]))
                for key in found.get_foreign_keys(table)
            ),
            "indexes": sorted(
                (str(i["name"]), i["column_names"], bool(i["unique"]))
                for i in found.get_indexes(table)
            ),
            "unique": sorted(u["column_names"] for u in found.get_unique_constraints(table)),
        }
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def insert_stored(engine: Engine) -> None:
    """Put the stored rows into the tables and columns that there are."""
    tables = MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            for row in STORED.get(table.name, ()):
                values = {c.name: _python(c, row[c.name]) for c in table.columns if c.name in row}
                connection.execute(table.insert().values(values))


def read_stored(engine: Engine, table: Table) -> list[dict[str, Any]]:
    """The rows of a table, as the stored ones are written; in the order of their keys."""
    query = select(table).order_by(*table.primary_key.columns)
    with session_factory(engine)() as session:
        return [dict(row._mapping) for row in session.execute(query)]


def _python(column: Column[Any], value: Any) -> Any:
    is_instant = isinstance(column.type, DateTime | UtcDateTime) and value is not None
    return datetime.fromisoformat(value) if is_instant else value


def expected(table: Table) -> list[dict[str, Any]]:
    """The stored rows of a table as `read_stored` gives them."""
    rows = [
        {name: _python(table.c[name], value) for name, value in row.items() if name in table.c}
        for row in STORED[table.name]
    ]
    keys = [column.name for column in table.primary_key.columns]
    return sorted(rows, key=lambda row: [row[key] for key in keys])


@pytest.mark.parametrize("revision", EARLIER)
def test_rows_of_every_revision_are_kept_on_the_way_up_and_the_schema_comes_back_on_the_way_down(
    database_url: str, revision: str
) -> None:
    migrate(database_url, revision)
    engine = make_engine(database_url)
    before = describe(engine)
    insert_stored(engine)

    migrate(database_url)

    kept = set(before) & set(STORED) & set(Base.metadata.tables) - MADE_ANEW.get(revision, set())
    for name in kept:
        table = Base.metadata.tables[name]
        found = read_stored(engine, table)
        for row, stored in zip(found, expected(table), strict=True):
            assert {key: row[key] for key in stored} == stored
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []

    roll_back(database_url, revision)

    assert describe(engine) == before
    engine.dispose()


def test_a_way_up_from_nothing_and_down_again_leaves_no_table(database_url: str) -> None:
    migrate(database_url)
    engine = make_engine(database_url)
    tables = set(describe(engine))
    insert_stored(engine)

    roll_back(database_url, "base")

    assert tables == set(Base.metadata.tables)
    assert describe(engine) == {}
    engine.dispose()


def test_a_second_way_up_changes_nothing(database_url: str) -> None:
    migrate(database_url)
    engine = make_engine(database_url)
    before = describe(engine)

    migrate(database_url)

    assert describe(engine) == before
    engine.dispose()


def test_who_waits_for_the_schema_goes_on_once_another_has_made_it(database_url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="migrate` has not ended"):
        await_schema(database_url, 0)

    migrate(database_url)

    await_schema(database_url, 0)


def test_who_waits_for_the_schema_takes_that_of_a_later_release(database_url: str) -> None:
    migrate(database_url)
    engine = make_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'of-tomorrow'"))
    engine.dispose()

    await_schema(database_url, 0)
