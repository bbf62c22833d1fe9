from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from syntrust_gateway.db import migrations
from syntrust_gateway.db.migrations import migrate
from syntrust_gateway.db.session import (
    Sessions,
    insert_new,
    make_engine,
    read_factory,
    session_factory,
)
from syntrust_gateway.db.tables import (
    Audit,
    Base,
    Case,
    Client,
    Dataset,
    DatasetState,
    Experiment,
    ExperimentStep,
    Role,
    Step,
    StepState,
    new_id,
)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    migrate(database_url)
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> Sessions:
    return session_factory(engine)


def test_migrations_end_in_the_schema_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        differences = compare_metadata(context, Base.metadata)

    assert differences == []


def test_experiments_of_earlier_releases_keep_their_alphas_in_lists(database_url: str) -> None:
    engine = make_engine(database_url)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["engine"] = engine
    command.upgrade(config, "0002")
    with engine.begin() as connection:
        connection.execute(text(OLD_CLIENT))
        connection.execute(text(OLD_DATASET))
        connection.execute(text(OLD_EXPERIMENT), {"spec": '{"alphas": ["0", "0.5"]}'})

    command.upgrade(config, "head")

    with Session(engine) as session:
        row = session.get_one(Experiment, "e1")
    engine.dispose()
    assert (row.alphas, row.priority, row.partial) == (["0", "0.5"], 0, False)


OLD_CLIENT = """INSERT INTO client (id, name, role, key_sha256, created)
VALUES (1, 'a', 'user', 'k', '2026-01-01 00:00:00')"""
OLD_DATASET = """INSERT INTO dataset (id, name, grid, scheme, state, owner, created)
VALUES ('d1', 'd', '"native"', '"auto"', 'ready', 1, '2026-01-01 00:00:00')"""
OLD_EXPERIMENT = """INSERT INTO experiment (id, dataset_id, spec, state, planned, owner, created)
VALUES ('e1', 'd1', :spec, 'succeeded', true, 1, '2026-01-01 00:00:00')"""


def test_several_processes_may_migrate_at_once(database_url: str) -> None:
    code = f"from syntrust_gateway.db.migrations import migrate; migrate({database_url!r})"

    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]

    assert [process.wait(120) for process in processes] == [0, 0]


def test_instants_keep_their_moment_and_their_zone(sessions: Sessions) -> None:
    elsewhere = datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5)))
    with sessions.begin() as session:
        session.add(Step(id="0" * 64, kind="k", message={}, done_at=elsewhere))

    with sessions() as session:
        found = session.get_one(Step, "0" * 64).done_at

    assert found == elsewhere
    assert found is not None
    assert found.tzinfo is UTC


def test_an_instant_without_a_zone_is_refused(sessions: Sessions) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - the very mistake

    with pytest.raises(StatementError, match="time zone"), sessions.begin() as session:
        session.add(Step(id="0" * 64, kind="k", message={}, done_at=naive))


def test_rows_of_a_transaction_go_in_in_any_order_but_not_without_their_owner(
    sessions: Sessions,
) -> None:
    with sessions.begin() as session:
        session.add(Dataset(id=new_id(), name="d", grid="native", scheme="auto", owner=1))
        session.flush()
        session.add(Client(id=1, name="c", role=Role.USER))

    with pytest.raises(IntegrityError), sessions.begin() as session:
        session.add(Dataset(id=new_id(), name="d", grid="native", scheme="auto", owner=99))


def test_rows_that_are_there_are_left_as_they_are(sessions: Sessions) -> None:
    with sessions.begin() as session:
        session.add(Step(id="a" * 64, kind="k", message={"old": 1}, state=StepState.DONE))

    with sessions.begin() as session:
        insert_new(
            session,
            Step,
            [{"id": mark * 64, "kind": "k", "message": {"new": 1}, "needs": []} for mark in "ab"],
        )

    with sessions() as session:
        assert session.get_one(Step, "a" * 64).message == {"old": 1}
        assert session.get_one(Step, "b" * 64).state is StepState.WAITING


def test_a_read_then_write_waits_for_another_writer(sessions: Sessions) -> None:
    def add_one() -> None:
        with sessions.begin() as session:
            count = session.scalar(select(func.count()).select_from(Audit))
            session.add(Audit(client=None, action="a", target=str(count)))

    threads = [threading.Thread(target=add_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Audit)) == 8


def test_a_reader_does_not_wait_for_a_writer(engine: Engine, sessions: Sessions) -> None:
    read = read_factory(engine)

    with sessions.begin() as session:
        session.add(Audit(client=None, action="a", target="t"))
        session.flush()
        with read() as reader:
            seen = reader.scalar(select(func.count()).select_from(Audit))

    assert seen == 0


def test_what_a_writer_has_read_still_holds_when_it_writes(sessions: Sessions) -> None:
    """As when a case is added to a dataset while it is committed: two different rows."""
    with sessions.begin() as session:
        session.add(Client(id=1, name="c", role=Role.USER))
        session.add(Dataset(id="d", name="d", grid="native", scheme="auto", owner=1))
    refused = []

    def add_case() -> None:
        with sessions.begin() as session:
            if session.get_one(Dataset, "d").state is DatasetState.OPEN:
                session.add(Case(dataset_id="d", case_id="late", files={}))
            else:
                refused.append("late")

    with sessions.begin() as session:
        session.get_one(Dataset, "d").state = DatasetState.INSPECTING
        session.flush()
        thread = threading.Thread(target=add_case)
        thread.start()
        thread.join(0.2)  # until it waits; without a lock it would have ended
    thread.join()

    assert refused == ["late"]


def test_a_reader_sees_one_state_of_the_database_however_often_it_looks(
    engine: Engine, sessions: Sessions
) -> None:
    with read_factory(engine)() as reader:
        before = reader.scalar(select(func.count()).select_from(Audit))
        with sessions.begin() as session:
            session.add(Audit(client=None, action="a", target="t"))
        after = reader.scalar(select(func.count()).select_from(Audit))

    assert (before, after) == (0, 0)


def test_a_plan_of_twenty_thousand_steps_is_stored(sessions: Sessions) -> None:
    ids = [f"{index:064d}" for index in range(20_000)]
    experiment = new_id()
    with sessions.begin() as session:
        session.add(Client(id=1, name="c", role=Role.USER))
        session.add(Dataset(id="d", name="d", grid="native", scheme="auto", owner=1))
        session.add(Experiment(id=experiment, dataset_id="d", spec={}, owner=1))
        insert_new(session, Step, ({"id": i, "kind": "k", "message": {}, "needs": []} for i in ids))
        insert_new(
            session,
            ExperimentStep,
            (
                {"experiment_id": experiment, "step_id": step, "position": position}
                for position, step in enumerate(ids)
            ),
        )

    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(ExperimentStep)) == 20_000
