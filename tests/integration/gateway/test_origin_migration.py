"""The origin of datasets that earlier releases hold: told by the ids of their cases, this once."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import Engine, MetaData, select
from tests.integration.gateway.test_migrations import insert_stored

from syntrust_gateway.db.migrations import migrate, roll_back
from syntrust_gateway.db.session import make_engine, session_factory
from syntrust_gateway.db.tables import Dataset

STORED = "01980000-0000-7000-8000-000000000001"


def insert_dataset(engine: Engine, *case_ids: str) -> str:
    """Copy the stored dataset and its case under other ids; the id of the copy."""
    tables, new = MetaData(), str(uuid.uuid4())
    tables.reflect(engine)
    dataset, case = tables.tables["dataset"], tables.tables["case"]
    with engine.begin() as connection:
        row = connection.execute(select(dataset).where(dataset.c.id == STORED)).mappings().one()
        its_case = select(case).where(case.c.dataset_id == STORED)
        first = connection.execute(its_case).mappings().first()
        assert first is not None
        connection.execute(dataset.insert().values({**row, "id": new}))
        for each in case_ids:
            copied = {**first, "dataset_id": new, "case_id": each}
            connection.execute(case.insert().values(copied))
    return new


@pytest.mark.parametrize(
    ("case_ids", "origin"),
    [
        (("phantom-7-0001", "phantom-7-0002"), "phantoms"),
        (("phantom-7-0001", "BraTS-1"), "patients"),
        (("Phantom-7-0001",), "patients"),
        (("my-phantom-7-0001",), "patients"),
        ((), "patients"),
    ],
)
def test_a_dataset_of_an_earlier_release_is_of_phantoms_where_the_ids_of_all_cases_say_so(
    database_url: str, case_ids: tuple[str, ...], origin: str
) -> None:
    migrate(database_url, "0010")
    engine = make_engine(database_url)
    insert_stored(engine)
    dataset = insert_dataset(engine, *case_ids)

    migrate(database_url)

    with session_factory(engine)() as session:
        assert session.get_one(Dataset, dataset).origin == origin
    roll_back(database_url, "0010")
    migrate(database_url)
    with session_factory(engine)() as session:
        assert session.get_one(Dataset, dataset).origin == origin
    engine.dispose()
