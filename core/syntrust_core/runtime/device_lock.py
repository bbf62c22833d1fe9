"""Taking turns on something of this machine, as processes that know nothing of each other do."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_LOOK_EVERY_S = 0.02


@contextmanager
def exclusive_lock(path: Path, *, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a local file while the block runs.

    The kernel frees it when its holder ends, however that ends. `waiting` is called again and
    again while another holds it, and may raise to give up.
    """
    pause = threading.Event()
    with path.open("ab") as file:
        while not _locked(file):
            waiting()
            pause.wait(_LOOK_EVERY_S)
        try:
            yield
        finally:
            # Closing would not do it: a process that was forked meanwhile holds the file too.
            fcntl.flock(file, fcntl.LOCK_UN)


def _locked(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
