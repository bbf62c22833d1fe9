"""Exclusive use of something of this machine, such as its GPU, by one process at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

_POLL_S = 0.02


@contextmanager
def exclusive_lock(path: Path, *, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a local file while the block runs.

    The kernel frees the lock when its holder ends, even if the holder is killed. `waiting` is
    called repeatedly while another process holds the lock. It may raise to stop waiting.
    """
    pause = threading.Event()
    with path.open("ab") as file:
        while not lock_descriptor(file.fileno(), blocking=False):
            waiting()
            pause.wait(_POLL_S)
        try:
            yield
        finally:
            # Closing the file is not enough: a process forked meanwhile has it open too.
            unlock_descriptor(file.fileno())
