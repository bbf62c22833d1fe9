"""A program is kept alive, and ended with everything that it started. Real processes."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from syntrust_standalone import orphan_cleaner
from syntrust_standalone.managed_process import ManagedProcess, OrphanCleaner
from syntrust_standalone.peak_memory import list_process_tree, watch_memory
from syntrust_standalone.servers import Program
from syntrust_standalone.supervisor import trim_log

PATIENCE_S = 120  # of a busy machine

# Starts a grandchild in the same session, says both ids, and waits for ever.
PARENT = "sleep 1000 & echo $$ $! >> pids; wait"


@pytest.fixture
def cleaner(tmp_path: Path) -> Iterator[OrphanCleaner]:
    with (tmp_path / "lock").open("w") as lock:
        cleaner = OrphanCleaner(lock.fileno())
        yield cleaner
        cleaner.close()


def manage(folder: Path, cleaner: OrphanCleaner, script: str, events: list[str]) -> ManagedProcess:
    program = Program("program", ("sh", "-c", script), folder)
    return ManagedProcess(program, folder / "log", cleaner, events.append)


async def lines(path: Path, count: int) -> list[list[int]]:
    """The process ids in the file, once there are so many lines."""
    async with asyncio.timeout(PATIENCE_S):
        while not path.exists() or path.read_text().count("\n") < count:  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.02)
    return [[int(word) for word in line.split()] for line in path.read_text().splitlines()]  # noqa: ASYNC240


def is_gone(pid: int, timeout_s: float = PATIENCE_S) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    return bool(select.select([handle], [], [], timeout_s)[0])


def test_stopping_ends_the_program_and_what_it_started(
    tmp_path: Path, cleaner: OrphanCleaner
) -> None:
    async def scene() -> list[int]:
        managed = manage(tmp_path, cleaner, PARENT, [])
        managed.start()
        [pids] = await lines(tmp_path / "pids", 1)
        await managed.stop(grace_s=5)
        return pids

    assert all(map(is_gone, asyncio.run(scene())))


def test_a_program_that_will_not_stop_is_killed_after_its_grace(
    tmp_path: Path, cleaner: OrphanCleaner
) -> None:
    async def scene() -> list[int]:
        managed = manage(tmp_path, cleaner, f"trap '' TERM; {PARENT}; wait", [])
        managed.start()
        [pids] = await lines(tmp_path / "pids", 1)
        await managed.stop(grace_s=0.3)
        return pids

    assert all(map(is_gone, asyncio.run(scene())))


def test_a_killed_program_is_started_again_after_its_group_was_swept(
    tmp_path: Path, cleaner: OrphanCleaner
) -> None:
    events: list[str] = []

    async def scene() -> tuple[bool, int]:
        managed = manage(tmp_path, cleaner, PARENT, events)
        managed.start()
        [[parent, grandchild]] = await lines(tmp_path / "pids", 1)
        os.kill(parent, signal.SIGKILL)
        await lines(tmp_path / "pids", 2)
        gone = is_gone(grandchild, 0)
        await managed.stop(grace_s=5)
        return gone, managed.starts

    assert asyncio.run(scene()) == (True, 2)
    assert events == ["program ended (signal SIGKILL); starting it again"]


def test_a_program_that_keeps_failing_waits_longer_each_time(
    tmp_path: Path, cleaner: OrphanCleaner
) -> None:
    async def scene() -> float:
        loop = asyncio.get_running_loop()
        managed = manage(tmp_path, cleaner, "echo $$ >> pids; exit 3", [])
        started = loop.time()
        managed.start()
        await lines(tmp_path / "pids", 3)
        await managed.stop(grace_s=1)
        return loop.time() - started

    assert asyncio.run(scene()) >= 0.5 + 1.0


def test_the_orphan_cleaner_ends_the_groups_of_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    script = f"""
import asyncio, os, signal
from pathlib import Path
from syntrust_standalone.managed_process import ManagedProcess, OrphanCleaner
from syntrust_standalone.servers import Program
folder = Path({str(tmp_path)!r})
async def scene():
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
    # Such a grandchild gets no signal from the kernel, and its parent tells it nothing.
    program = Program("program", ("sh", "-c", {PARENT!r}), folder, death_signal="SIGKILL")
    ManagedProcess(program, folder / "log", OrphanCleaner(lock), print).start()
    while not (folder / "pids").exists() or not (folder / "pids").read_text():
        await asyncio.sleep(0.02)
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(scene())
"""
    killed = subprocess.run([sys.executable, "-c", script], check=False)

    assert killed.returncode == -signal.SIGKILL
    assert all(is_gone(int(pid)) for pid in (tmp_path / "pids").read_text().split())


def test_a_group_that_ignores_its_signal_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphan_cleaner, "GRACE_S", 0.2)
    with subprocess.Popen(
        ["sh", "-c", "trap '' TERM; echo up; sleep 1000; sleep 1000"],
        start_new_session=True,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()

        orphan_cleaner.end_groups({process.pid: signal.SIGTERM})

        assert process.wait(PATIENCE_S) == -signal.SIGKILL


def test_a_long_log_is_cut_and_its_text_kept_once(tmp_path: Path) -> None:
    log = tmp_path / "program.log"
    with log.open("ab") as appending:
        appending.write(b"old" * 100)
        appending.flush()
        trim_log(log, 200)
        appending.write(b"new")

    trim_log(log, 200)

    assert log.read_bytes() == b"new"
    assert (tmp_path / "program.log.1").read_bytes() == b"old" * 100


def test_memory_is_measured_over_a_process_and_what_it_started() -> None:
    code = "data = bytearray(200_000_000); print(); input()"
    with subprocess.Popen(
        ["sh", "-c", f"{sys.executable} -c '{code}'; true"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        with watch_memory(process.pid) as peak:
            peak.measure(process.pid)
        members = list_process_tree(process.pid)
        process.stdin.close()

    assert len(members) == 2
    assert 200e6 < peak.bytes < 300e6
