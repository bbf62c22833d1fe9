"""A worker's children: how they are told to stop, and which of them their parent kills."""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from syntrust_core import recent_log
from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.runtime.children import (
    ChildProcess,
    ChildWatch,
    Death,
    LifeSign,
    LostStep,
    StopFlag,
    find_lost,
)

BEATS = 3
REF = Ref(kind=Kind.SCORE_CASES, id="a" * 64)
NOBODY = 1 << 22  # above any process id


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A child that does nothing."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.fixture
def watch(tmp_path: Path) -> ChildWatch:
    return ChildWatch(tmp_path, most_silent=BEATS, most_stopping=BEATS)


def sign(folder: Path, pid: int, at_s: int = 0) -> Path:
    path = folder / f"alive-{pid}"
    path.touch()
    os.utime(path, (at_s, at_s))
    return path


def signed(folder: Path, pid: int, *, worker: int, host: str = "") -> Path:
    """The sign of a child that runs an attempt, with a line of its log."""
    path = folder / f"alive-{pid}"
    sign = LifeSign(
        host=host or socket.gethostname(), worker=worker, ref=REF, attempt="one", log=("a line",)
    )
    path.write_text(sign.model_dump_json())
    os.utime(path, (0, 0))
    return path


def lost(death: Death) -> LostStep:
    return LostStep(REF, "one", ("a line",), death)


def test_a_child_that_gives_signs_of_life_is_left_alone(
    watch: ChildWatch, child: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    for beat in range(5 * BEATS):
        sign(tmp_path, child.pid, beat)
        watch.look(stopping=False)

    assert child.poll() is None


def test_a_child_that_falls_silent_in_its_step_is_killed(
    watch: ChildWatch, child: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    path = signed(tmp_path, child.pid, worker=os.getpid())
    for _ in range(BEATS):
        assert watch.look(stopping=False) == []
    assert child.poll() is None

    watch.look(stopping=False)

    assert child.wait(60) < 0
    assert watch.look(stopping=False) == [lost(Death.SILENT)]
    assert not path.exists()
    assert watch.look(stopping=False) == []


def test_a_child_that_outlives_its_time_to_stop_is_killed(
    watch: ChildWatch, child: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    for beat in range(BEATS + 1):
        assert child.poll() is None
        os.utime(signed(tmp_path, child.pid, worker=os.getpid()), (beat, beat))
        watch.look(stopping=True)

    assert child.wait(60) < 0
    assert watch.look(stopping=True) == [lost(Death.STOPPING)]


def test_of_a_child_that_was_killed_the_parent_tells_step_and_log(
    watch: ChildWatch, child: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    signed(tmp_path, child.pid, worker=os.getpid())
    assert watch.look(stopping=False) == []

    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet reaped

    assert watch.look(stopping=False) == [lost(Death.KILLED)]


def test_a_dead_child_of_another_worker_is_left_to_that_one(
    watch: ChildWatch, tmp_path: Path
) -> None:
    path = signed(tmp_path, NOBODY, worker=os.getppid())

    assert watch.look(stopping=False) == []
    assert find_lost(tmp_path) == []
    assert path.exists()


@pytest.mark.parametrize("worker", [os.getpid(), NOBODY + 1], ids=["same id", "other id"])
def test_a_worker_that_starts_anew_finds_the_step_that_it_died_with(
    tmp_path: Path, worker: int
) -> None:
    elsewhere = signed(tmp_path, NOBODY + 2, worker=worker, host="elsewhere")
    path = signed(tmp_path, NOBODY, worker=worker)

    assert find_lost(tmp_path) == [lost(Death.WITH_WORKER)]

    assert not path.exists()
    assert elsewhere.exists()


def test_no_process_of_anybody_else_is_killed(watch: ChildWatch, tmp_path: Path) -> None:
    sign(tmp_path, os.getpid())
    sign(tmp_path, os.getppid())
    sign(tmp_path, NOBODY)

    for _ in range(3 * BEATS):
        watch.look(stopping=True)


def test_a_child_hears_what_its_parent_says_after_the_fork() -> None:
    flag, ready = StopFlag(), multiprocessing.get_context("fork").Event()
    answers = multiprocessing.get_context("fork").SimpleQueue()

    def ask() -> None:
        before = flag.is_set()
        ready.wait(60)
        answers.put((before, flag.is_set()))

    process = multiprocessing.get_context("fork").Process(target=ask)
    process.start()
    flag.set()
    ready.set()

    assert answers.get()[1]
    process.join(60)


def test_a_sign_of_life_is_there_while_a_step_runs(tmp_path: Path) -> None:
    child = ChildProcess(StopFlag(), tmp_path, stop_grace_s=1, patience_factor=1)

    recent_log.clear()
    child.sign(REF, "one")
    recent_log.remember(None, "info", {"event": "a line"})
    child.sign(REF, "one")
    child.sign(REF, "one")
    (path,) = tmp_path.iterdir()
    told = LifeSign.model_validate_json(path.read_text())
    assert (told.ref, told.attempt, told.log) == (REF, "one", ("a line",))
    assert told.worker == os.getppid()

    child.quiet()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_room_stops_no_step(tmp_path: Path) -> None:
    child = ChildProcess(StopFlag(), tmp_path / "gone", stop_grace_s=1, patience_factor=1)

    child.sign(REF, "one")
    child.quiet()
