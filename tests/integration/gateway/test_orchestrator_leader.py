"""Of several orchestrator processes one leads, and another takes over when it is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from syntrust_core.settings import StorageSettings
from syntrust_core.testing.environment import make_environment
from syntrust_gateway.db.migrations import migrate
from syntrust_gateway.db.session import make_engine
from syntrust_gateway.orchestrator.leader import (
    FileLeader,
    LeadershipLost,
    PostgresLeader,
    make_leader,
)

TAKEOVER_S = 15


class Process:
    """An orchestrator of its own, whose log says whether it leads."""

    def __init__(self, name: str, folder: Path, env: dict[str, str]) -> None:
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "syntrust_gateway", "orchestrate"], env=env, stderr=log
            )

    def leads(self) -> bool:
        return self._says("orchestrator.leads")

    def stands_by(self) -> bool:
        return self._says("orchestrator.stands_by")

    def _says(self, event: str) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return event in self.log.read_text()


def until(true: Callable[[], bool], within_s: float) -> float:
    """Ask until `true` holds; give the seconds it took."""
    began, pause = time.monotonic(), threading.Event()
    while not true():
        assert time.monotonic() - began < within_s, "it did not come true in time"
        pause.wait(0.05)
    return time.monotonic() - began


@pytest.fixture
def start(
    tmp_path: Path, storage: StorageSettings, valkey_url: str, database_url: str
) -> Iterator[Callable[[str], Process]]:
    migrate(database_url)
    env = make_environment(storage, valkey_url) | {"SYNTRUST_GATEWAY__DATABASE_URL": database_url}
    started: list[Process] = []

    def start(name: str) -> Process:
        started.append(Process(name, tmp_path, env))
        return started[-1]

    yield start
    for process in started:
        process.process.kill()
        process.process.wait()


def test_another_orchestrator_leads_within_15_s_of_a_kill(start: Callable[[str], Process]) -> None:
    first = start("first")
    until(first.leads, 60)
    second = start("second")
    until(second.stands_by, 60)
    assert not second.leads()

    first.process.send_signal(signal.SIGKILL)
    took_s = until(second.leads, 60)

    assert first.process.wait(10) == -signal.SIGKILL
    assert took_s < TAKEOVER_S


def test_an_orchestrator_that_is_told_to_stop_gives_the_lead_back(
    start: Callable[[str], Process],
) -> None:
    first = start("first")
    until(first.leads, 60)

    first.process.terminate()

    assert first.process.wait(30) == 0
    until(start("second").leads, 60)


def test_one_of_two_leaders_leads_until_it_gives_the_lead_back(database_url: str) -> None:
    migrate(database_url)
    first, second = make_leader(make_engine(database_url)), make_leader(make_engine(database_url))

    assert first.acquire()
    assert not second.acquire()
    first.check()
    first.release()

    assert second.acquire()
    second.release()


def test_a_leader_whose_session_ends_knows_that_it_leads_no_more(postgres_url: str) -> None:
    engine = make_engine(postgres_url)
    leader, other = PostgresLeader(engine), PostgresLeader(engine)
    assert leader.acquire()

    with engine.connect() as connection:
        ending = text(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        )
        connection.execute(ending)

    with pytest.raises(LeadershipLost):
        leader.check()
    assert other.acquire()
    assert not leader.acquire()
    other.release()
    engine.dispose()


def test_a_leader_whose_lock_file_was_removed_knows_that_it_leads_no_more(tmp_path: Path) -> None:
    leader = FileLeader(tmp_path / "db.leader")
    assert leader.acquire()

    (tmp_path / "db.leader").unlink()

    with pytest.raises(LeadershipLost):
        leader.check()
