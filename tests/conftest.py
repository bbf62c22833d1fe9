"""Real servers for tests, started once a session on free loopback ports and gone afterwards."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr
from tests.databases import create_database

from syntrust_core.settings import StorageSettings
from syntrust_standalone.postgres import start_postgres
from syntrust_standalone.servers import S3Access, start_valkey, start_weed

# A busy machine may take any time for an example.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


LONGEST = (
    "chaos/test_chaos.py",
    "integration/standalone/test_study.py",
    "integration/docs/test_guide_commands.py",
    "e2e/test_precision.py",
    "e2e/test_experiment.py",
    "e2e/web/test_results.py",
    "integration/standalone/test_standalone.py",
)
"""Files of minutes. They begin first, else the last of them keeps one process and another waits."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first; what is in a file keeps its order."""
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_reaches_children() -> None:
    """A shell starts what runs in the background deaf to Ctrl-C, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Collect the spans that this process ends."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis server of this session."""
    with start_valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture(scope="session")
def s3_access(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Access]:
    """An S3 server of this session."""
    with start_weed(tmp_path_factory.mktemp("weed")) as access:
        yield access


@pytest.fixture
def storage(s3_access: S3Access) -> StorageSettings:
    """A bucket of this test's own, not made yet."""
    return StorageSettings(
        endpoint=s3_access.endpoint,
        bucket=f"test-{uuid4().hex}",
        access_key=s3_access.access_key,
        secret_key=SecretStr(s3_access.secret_key),
    )


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the first database of a PostgreSQL server of this session."""
    folder = tmp_path_factory.mktemp("postgres")
    with start_postgres(folder, durable=False, create_databases=True) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """A fresh, empty PostgreSQL database."""
    return create_database(postgres_server)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A fresh, empty SQLite database."""
    return f"sqlite:///{tmp_path / 'gateway.sqlite'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, empty database of each kind that is supported."""
    fixture = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(fixture)
    return url
