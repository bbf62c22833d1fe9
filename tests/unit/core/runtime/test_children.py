"""A worker's children: how they are told to stop, and which of them their parent kills."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from syntrust_core.runtime.children import ChildProcess, ChildWatch, StopFlag

BEATS = 3


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
    path = sign(tmp_path, child.pid)
    for _ in range(BEATS):
        watch.look(stopping=False)
    assert child.poll() is None

    watch.look(stopping=False)

    assert child.wait(60) < 0
    assert not path.exists()


def test_a_child_that_outlives_its_time_to_stop_is_killed(
    watch: ChildWatch, child: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    for beat in range(BEATS + 1):
        assert child.poll() is None
        sign(tmp_path, child.pid, beat)
        watch.look(stopping=True)

    assert child.wait(60) < 0


def test_no_process_of_anybody_else_is_killed(watch: ChildWatch, tmp_path: Path) -> None:
    sign(tmp_path, os.getpid())
    sign(tmp_path, os.getppid())
    sign(tmp_path, 1 << 22)  # above any process id

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

    child.sign("a" * 64)
    child.sign("a" * 64)
    assert (tmp_path / f"alive-{os.getpid()}").read_text() == "a" * 64

    child.quiet()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_room_stops_no_step(tmp_path: Path) -> None:
    child = ChildProcess(StopFlag(), tmp_path / "gone", stop_grace_s=1, patience_factor=1)

    child.sign("a" * 64)
    child.quiet()
