"""A program that hangs is noticed, told from one that is slow, and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from syntrust_standalone import liveness
from syntrust_standalone.liveness import (
    START_LIMIT_S,
    Heartbeat,
    Liveness,
    Silence,
    Watcher,
    http_shows_life,
    redis_shows_life,
)
from syntrust_standalone.managed_process import ManagedProcess, OrphanCleaner
from syntrust_standalone.servers import HOST, Program, start_valkey

PATIENCE_S = 120


def silent_for(silence: Silence, seconds: float, *, start: int = 1) -> bool:
    """Whether it hangs after silent checks of 5 s."""
    noted = [
        silence.note(start=start, shows_life=False, elapsed_s=5) for _ in range(int(seconds / 5))
    ]
    return noted[-1]


@pytest.fixture
def living() -> Silence:
    """Of a program that has started and shown life; it may be silent for 55 s."""
    silence = Silence(limit_s=55)
    silence.note(start=1, shows_life=False, elapsed_s=5)
    silence.note(start=1, shows_life=True, elapsed_s=5)
    return silence


def test_a_stop_of_twenty_seconds_and_a_late_beat_are_no_hang(living: Silence) -> None:
    assert not silent_for(living, 20 + 10 + 5)
    living.note(start=1, shows_life=True, elapsed_s=5)
    assert not silent_for(living, 50)


def test_silence_for_longer_than_the_limit_is_a_hang(living: Silence) -> None:
    assert silent_for(living, 60)


def test_a_program_that_starts_has_more_time_to_show_life_at_all(living: Silence) -> None:
    living.note(start=2, shows_life=False, elapsed_s=5)

    assert not silent_for(living, START_LIMIT_S, start=2)
    assert silent_for(living, 5, start=2)


def test_a_stop_of_the_one_who_watches_is_no_silence_of_the_watched(living: Silence) -> None:
    assert not living.note(start=1, shows_life=False, elapsed_s=3600)


def test_a_beat_counts_once_and_also_when_the_clock_was_set_back(tmp_path: Path) -> None:
    file = tmp_path / "heartbeat"
    file.touch()
    beat = Heartbeat(file)

    seen = [beat()]
    for time_s in (2_000_000_000, 1_000_000_000):
        os.utime(file, (time_s, time_s))
        seen += [beat(), beat()]

    assert seen == [False, True, False, True, False]


def test_a_file_that_is_not_there_is_no_beat(tmp_path: Path) -> None:
    assert not Heartbeat(tmp_path / "none")()


@pytest.fixture
def mute() -> Iterator[int]:
    """The port of a server that takes connections and says nothing, as a stopped one."""
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def test_a_server_that_takes_connections_and_says_nothing_shows_no_life(
    mute: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "CHECK_EVERY_S", 0.2)

    assert not http_shows_life(mute, "/health/live")
    assert not redis_shows_life(mute)


def test_a_redis_that_answers_shows_life(tmp_path: Path) -> None:
    with start_valkey(tmp_path) as url:
        port = int(url.rpartition(":")[2].partition("/")[0])

        assert redis_shows_life(port)


def test_a_stopped_program_is_killed_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "CHECK_EVERY_S", 0.1)
    monkeypatch.setattr(liveness, "FIRST_CHECKS_EVERY_S", 0.1)
    monkeypatch.setattr(liveness, "_GRACE_S", 0.2)
    script = "echo $$ >> pids; while true; do echo >> beat; sleep 0.05; done"
    hangs: list[float] = []

    async def scene(cleaner: OrphanCleaner) -> list[str]:
        program = Program("program", ("sh", "-c", script), tmp_path)
        process = ManagedProcess(program, tmp_path / "log", cleaner, lambda _: None)
        process.start()
        checks = Liveness(Heartbeat(tmp_path / "beat"), limit_s=1.0)
        watching = asyncio.create_task(Watcher(process, checks, hangs.append).run())
        first = (await lines(tmp_path / "pids", 1))[0]
        await lines(tmp_path / "beat", 10)
        os.kill(int(first), signal.SIGSTOP)
        pids = await lines(tmp_path / "pids", 2)
        watching.cancel()
        await process.stop(grace_s=5)
        return pids

    with (tmp_path / "lock").open("w") as lock:
        cleaner = OrphanCleaner(lock.fileno())
        pids = asyncio.run(scene(cleaner))
        cleaner.close()

    assert len(set(pids)) == 2
    assert len(hangs) == 1
    assert hangs[0] > 1.0


async def lines(path: Path, count: int) -> list[str]:
    """The lines of the file, once there are so many."""
    async with asyncio.timeout(PATIENCE_S):
        while not path.exists() or path.read_text().count("\n") < count:  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.02)
    return path.read_text().splitlines()  # noqa: ASYNC240
