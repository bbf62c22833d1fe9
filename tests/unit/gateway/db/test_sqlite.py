from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from syntrust_gateway.db import sqlite
from syntrust_gateway.db.migrations import migrate
from syntrust_gateway.db.session import make_engine
from syntrust_gateway.db.sqlite import keep_write_ahead_log


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "facts.db"


@pytest.fixture
def writer(file: Path) -> Iterator[sqlite3.Connection]:
    """Somebody who is writing to a file that has no write-ahead log yet."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("CREATE TABLE fact (n)")
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{file}")
    yield engine
    engine.dispose()


def test_a_new_file_keeps_a_log_as_soon_as_whoever_is_writing_to_it_has_ended(
    engine: Engine, writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def end_the_writing(seconds: float) -> None:
        waits.append(seconds)
        writer.execute("COMMIT")

    monkeypatch.setattr(time, "sleep", end_the_writing)
    keep_write_ahead_log(engine)

    assert journal_mode(engine) == "wal"
    assert len(waits) == 1


@pytest.mark.usefixtures("writer")
def test_a_file_that_stays_locked_is_given_up_after_the_busy_timeout(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 20)

    with pytest.raises(TimeoutError, match="locked"):
        keep_write_ahead_log(engine)


def test_a_migrated_file_keeps_its_log_for_connections_that_do_not_ask_for_it(file: Path) -> None:
    migrate(f"sqlite:///{file}")

    engine = make_engine(f"sqlite:///{file}")

    assert journal_mode(engine) == "wal"
    engine.dispose()


def journal_mode(engine: Engine) -> str:
    with engine.connect() as connection:
        mode: str = connection.execute(text("PRAGMA journal_mode")).scalar_one()
    return mode
