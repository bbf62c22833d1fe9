"""The processes of a worker: how they are told to stop, and how its parent sees that they live.

A child touches a file every second while it runs a step, from a thread beside the step. A child
that is stopped, or hangs where no thread can run, stops touching it, and its parent kills it.
"""

from __future__ import annotations

import mmap
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from syntrust_core.log import get_logger

log = get_logger(__name__)

LIFE_SIGNS: Final = "alive-*"
_END_AFTER_S: Final = 2.0  # so that the end of its step still reaches the parent


class StopFlag:
    """One byte that a parent and the children it forks share: set once the worker is to end."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    def set(self) -> None:
        self._byte[0] = 1

    def is_set(self) -> bool:
        return self._byte[0] == 1


class ChildProcess:
    """`StepProcess` of a worker's child."""

    def __init__(
        self, flag: StopFlag, scratch: Path, *, stop_grace_s: float, patience_factor: float
    ) -> None:
        self.stop_grace_s = stop_grace_s
        self.patience_factor = patience_factor
        self._flag, self._life_sign = flag, scratch / f"alive-{os.getpid()}"
        self._told = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGTERM as a request to stop while the block runs.

        Whoever stops a worker may signal its whole group. A child that was told so ends by itself
        soon after the block.
        """
        before = signal.signal(signal.SIGTERM, lambda *_: self._tell())
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)
            if self._told:
                timer = threading.Timer(_END_AFTER_S, os._exit, [0])
                timer.daemon = True
                timer.start()

    def stopping(self) -> bool:
        return self._told or self._flag.is_set()

    def sign(self, step: str) -> None:
        try:
            if self._life_sign.exists():
                os.utime(self._life_sign)
            else:
                self._life_sign.write_text(step)
        except OSError as error:  # a full disk; the parent watches only files that are there
            log.warning("worker.no_life_sign", reason=error.strerror)

    def quiet(self) -> None:
        self._life_sign.unlink(missing_ok=True)

    def pause(self, seconds: float, until: threading.Event) -> None:
        until.wait(seconds)

    def kill(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def _tell(self) -> None:
        self._told = True


class ChildWatch:
    """The parent's view of its children: it kills those that give no sign of life any more.

    It counts looks and asks no clock: a worker that was stopped as a whole, or whose clock was
    set, has silent children only once it goes on and they do not.
    """

    def __init__(self, scratch: Path, *, most_silent: int, most_stopping: int) -> None:
        self._scratch = scratch
        self._most_silent, self._most_stopping = most_silent, most_stopping
        self._silent: dict[Path, tuple[int, int]] = {}
        self._stopping = 0

    def look(self, *, stopping: bool) -> None:
        """Look once at every child that runs a step."""
        self._stopping += stopping
        signs = [path for path in self._scratch.glob(LIFE_SIGNS) if _is_ours(_pid(path))]
        self._silent = {path: self._count(path) for path in signs}
        for path, (_, silent) in self._silent.items():
            if silent >= self._most_silent or self._stopping > self._most_stopping:
                self._kill(path, silent)

    def _count(self, path: Path) -> tuple[int, int]:
        """Give the time of the last sign, and how many looks have seen no newer one."""
        try:
            touched = path.stat().st_mtime_ns
        except FileNotFoundError:
            return 0, 0
        before, silent = self._silent.get(path, (touched, -1))
        return touched, silent + 1 if touched == before else 0

    def _kill(self, path: Path, silent: int) -> None:
        log.warning("worker.child_killed", pid=_pid(path), silent_looks=silent)
        path.unlink(missing_ok=True)
        os.kill(_pid(path), signal.SIGKILL)


def _pid(life_sign: Path) -> int:
    return int(life_sign.name.partition("-")[2])


def _is_ours(pid: int) -> bool:
    """Whether the process is a child of this one: numbers of processes are used again."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return int(state.rpartition(")")[2].split()[1]) == os.getpid()
