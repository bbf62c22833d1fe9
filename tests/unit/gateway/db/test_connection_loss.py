"""A database that goes away is said to be away, and needs no restart of us when it comes back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import OperationalError
from tests.databases import create_database
from tests.unit.gateway.conftest import Api
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness

from syntrust_core.errors import Unavailable
from syntrust_core.testing import MemoryCoordinator, MemoryStore
from syntrust_gateway.app import create_app
from syntrust_gateway.auth.service import create_client
from syntrust_gateway.container import Container
from syntrust_gateway.db.migrations import migrate
from syntrust_gateway.db.session import make_engine, read_factory, session_factory
from syntrust_gateway.db.tables import Client, Role
from syntrust_gateway.errors import DatabaseUnavailable
from syntrust_gateway.trust_score.service import ScorerPool
from syntrust_standalone.postgres import start_postgres
from syntrust_standalone.servers import find_free_ports


class Server:
    """A PostgreSQL server that a test stops and starts, always on the same files and port."""

    def __init__(self, folder: Path) -> None:
        self._folder, [self._port] = folder, find_free_ports(1)
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        running = start_postgres(
            self._folder, port=self._port, durable=False, create_databases=True
        )
        self.url = self._running.enter_context(running)

    def stop(self) -> None:
        self._running.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


@pytest.fixture
def engine(server: Server) -> Iterator[Engine]:
    """A migrated database of the server's."""
    url = create_database(server.url)
    migrate(url)
    engine = make_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def api(engine: Engine, scorers: ScorerPool) -> Api:
    container = Container(
        session_factory(engine), read_factory(engine), MemoryStore(), MemoryCoordinator()
    )
    with container.write.begin() as session:
        key = create_client(session, "hospital", Role.USER)
    return Api(create_app(container, scorers), key)


@pytest.mark.slow
def test_the_api_says_that_the_database_is_away_and_answers_once_it_is_back(
    server: Server, api: Api
) -> None:
    before = api.get("/datasets").status_code
    server.stop()
    away = [api.get("/datasets"), api.post("/datasets", json={"name": "d", "grid": "native"})]
    stranger = Api(api._app, "k" * 43).get("/datasets")
    ready = api.get("/health/ready")
    server.start()
    after = api.get("/datasets").status_code

    assert (before, after) == (200, 200)
    for answer in (*away, stranger):
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:syntrust:problem:database-unavailable"
        assert answer.headers["Retry-After"] == "5"
    assert (ready.status_code, ready.json()["database"]) == (503, "does not answer")


@pytest.mark.slow
def test_the_orchestrator_waits_for_the_database_and_goes_on(
    server: Server, engine: Engine, tmp_path: Path
) -> None:
    harness = OrchestratorHarness(tmp_path, engine)
    dataset = harness.dataset()
    harness.tick()
    server.stop()
    with pytest.raises(Unavailable):
        harness.tick()
    server.start()
    harness.drain()

    assert harness.case("p0").state == "ready"
    assert dataset


@pytest.mark.slow
def test_a_connection_that_ends_inside_a_transaction_leaves_nothing_of_it(engine: Engine) -> None:
    write = session_factory(engine)

    def write_and_lose() -> None:
        with write.begin() as session:
            session.add(Client(name="half", role=Role.USER))
            session.flush()
            own = session.scalar(text("SELECT pg_backend_pid()"))
            with engine.begin() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": own})

    with pytest.raises(DatabaseUnavailable):
        write_and_lose()

    with write.begin() as session:
        assert session.scalars(select(Client.name)).all() == []


@pytest.mark.slow
def test_a_wait_for_a_lock_ends(engine: Engine) -> None:
    with engine.begin() as holder:
        holder.execute(text("LOCK TABLE client"))
        with session_factory(engine)() as session:
            session.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(DatabaseUnavailable):
                session.execute(text("LOCK TABLE client"))


def test_a_locked_sqlite_file_is_a_database_that_does_not_answer(tmp_path: Path) -> None:
    file = tmp_path / "facts.db"
    migrate(f"sqlite:///{file}")
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    engine = make_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=20")

    with session_factory(engine)() as session, pytest.raises(DatabaseUnavailable):
        session.execute(text("SELECT 1"))

    holder.close()
    engine.dispose()


def test_a_wrong_statement_is_our_fault_and_no_absence_of_the_database(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'facts.db'}")

    with pytest.raises(OperationalError, match="no such table"), engine.connect() as connection:
        connection.execute(text("SELECT 1 FROM missing"))

    engine.dispose()
