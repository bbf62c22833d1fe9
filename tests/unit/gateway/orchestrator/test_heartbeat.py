"""The orchestrator's heartbeat goes on during a long tick, and ends when no tick ends."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from syntrust_gateway.orchestrator.heartbeat import Heartbeat

PATIENCE_S = 60


def beats(file: Path, within_s: float = PATIENCE_S) -> bool:
    """Whether the file is touched once more."""
    before = file.stat().st_mtime_ns if file.exists() else None
    deadline, pause = time.monotonic() + within_s, threading.Event()
    while not file.exists() or file.stat().st_mtime_ns == before:
        if time.monotonic() > deadline:
            return False
        pause.wait(0.01)
    return True


def test_it_beats_during_a_long_tick_in_a_folder_that_it_makes(tmp_path: Path) -> None:
    file = tmp_path / "work" / "heartbeat"

    with Heartbeat(file, every_s=0.01):
        assert beats(file)
        assert beats(file)

    assert not beats(file, within_s=0.1)


def test_it_ends_when_no_tick_ends_and_goes_on_when_one_does(tmp_path: Path) -> None:
    file = tmp_path / "heartbeat"

    with Heartbeat(file, every_s=0.01, longest_tick_s=0.3) as heartbeat:
        assert beats(file)
        while beats(file, within_s=0.3):
            pass
        heartbeat.touch()
        assert beats(file)


def test_a_full_disk_does_not_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, touch, refused = tmp_path / "heartbeat", Path.touch, threading.Event()

    def full(path: Path) -> None:
        if not refused.is_set():
            refused.set()
            raise OSError(28, "No space left on device")
        touch(path)

    monkeypatch.setattr(Path, "touch", full)

    with Heartbeat(file, every_s=0.01):
        assert beats(file)
    assert refused.is_set()


def test_without_a_file_it_does_nothing() -> None:
    with Heartbeat(None) as heartbeat:
        heartbeat.touch()
