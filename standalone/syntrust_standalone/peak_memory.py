"""How much memory a process and everything below it takes, from /proc. Linux alone."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_EVERY_S = 2.0
_PROC = Path("/proc")


class PeakMemory:
    """The largest sum of proportional set sizes seen so far, in bytes; 0 where not known."""

    def __init__(self) -> None:
        self.bytes = 0

    def measure(self, root: int) -> None:
        self.bytes = max(self.bytes, sum(map(_measure_bytes, list_process_tree(root))))


@contextmanager
def watch_memory(root: int | None = None) -> Iterator[PeakMemory]:
    """Measure this process (or `root`) and its descendants every two seconds."""
    peak, stop = PeakMemory(), threading.Event()
    pid = os.getpid() if root is None else root

    def watch() -> None:
        while not stop.wait(_EVERY_S):
            peak.measure(pid)

    thread = threading.Thread(target=watch, name="memory", daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def list_process_tree(root: int) -> list[int]:
    """`root` and every process below it."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for stat in _PROC.glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended while we looked
            text = stat.read_text()
            # The name in parentheses may hold anything, spaces and parentheses included.
            parent = int(text.rpartition(")")[2].split()[1])
            children[parent].append(int(stat.parent.name))
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def _measure_bytes(pid: int) -> int:
    """Shared pages count in parts, so that a sum over processes is true."""
    with suppress(OSError):
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
