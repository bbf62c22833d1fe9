from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from syntrust_gateway.db import sqlite as sqlite_file
from syntrust_gateway.db.session import make_engine


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


def test_a_connection_to_a_new_file_waits_for_whoever_is_writing_to_it(
    file: Path, writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def end_the_writing(seconds: float) -> None:
        waits.append(seconds)
        writer.execute("COMMIT")

    monkeypatch.setattr(time, "sleep", end_the_writing)
    engine = make_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        mode = connection.execute(text("PRAGMA journal_mode")).scalar_one()
    engine.dispose()

    assert mode == "wal"
    assert len(waits) == 1


@pytest.mark.usefixtures("writer")
def test_a_connection_to_a_new_file_gives_up_after_the_busy_timeout(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_MS", 20)
    connection = sqlite3.connect(file)

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        sqlite_file.set_up_connection(connection, None)  # type: ignore[arg-type]

    connection.close()
