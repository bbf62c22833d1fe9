"""The processes of the further ranks of a training: they end with the first, however it ends.

Linux ends them when the thread that started them ends; see `child`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from syntrust_core.errors import WorkerLost
from syntrust_core.log import get_logger

log = get_logger(__name__)

_LOOK_EVERY_S: Final = 0.2
_LATE_S: Final = 5.0  # between the end of a connection and that of the process behind it
_GRACE_S: Final = 30.0


class RankProcesses:
    """Runs one command for each further rank, and watches them.

    A rank that waits for a dead one on a GPU may wait for ever, where no exception can reach it.
    So this process kills itself if it has not left by itself within half a minute.
    """

    def __init__(self, commands: Sequence[Sequence[str]]) -> None:
        self._over = threading.Event()
        with _signals_held_back():
            self._children = [
                subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own
                for command in commands
            ]
        threading.Thread(target=self._watch, name="ranks", daemon=True).start()

    def find_lost(self) -> WorkerLost | None:
        """Say which rank has failed; None if none has."""
        for rank, child in enumerate(self._children, start=1):
            if code := child.poll():
                size = len(self._children) + 1
                return WorkerLost(f"Rank {rank} of the {size} of this training {_name_end(code)}.")
        return None

    def explain(self, error: RuntimeError) -> Exception:
        """Name the rank behind an error of a collective, if one has failed."""
        until_s = time.monotonic() + _LATE_S
        while (lost := self.find_lost()) is None and time.monotonic() < until_s:
            self._over.wait(_LOOK_EVERY_S)
        return lost or error

    def pause(self) -> None:
        """Wait a moment for ranks that start.

        Raises
        ------
        WorkerLost
            One has failed.
        """
        if lost := self.find_lost():
            raise lost
        self._over.wait(_LOOK_EVERY_S)

    def kill(self) -> None:
        """End every rank at once: none has anything to keep."""
        self._over.set()
        for child in self._children:
            child.kill()
            child.wait()

    def wait(self) -> None:
        """Wait for ranks that are through, but not for long."""
        self._over.set()
        for child in self._children:
            try:
                child.wait(_GRACE_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            if lost := self.find_lost():
                log.error("ranks.lost", reason=lost.detail)
                if not self._over.wait(_GRACE_S):
                    os.kill(os.getpid(), signal.SIGKILL)
                return


def _name_end(code: int) -> str:
    """Name how a process ended by its code as `subprocess` gives it."""
    if code < 0:
        return f"was killed by signal {-code}, if by 9 perhaps for lack of memory"
    return f"ended with code {code}; the log of its worker has the reason"


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Have processes that are started here take no notice of a request to stop.

    Whoever stops a worker may signal every process of it; the first rank alone decides.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
