"""Clocks of machines: how far each is ahead of the queue server's, which all of them can ask.

A store takes no request whose date is off by over 15 minutes, so a machine whose clock is does no
work.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from typing import Final, Protocol

from syntrust_core.log import get_logger

log = get_logger(__name__)

MOST_SKEW_S: Final = 60.0
"""More is told. No part of the platform needs clocks to agree any better."""
_LONGEST_ANSWER_S: Final = 5.0
_off: set[str] = set()


class _Timed(Protocol):
    def time(self) -> tuple[int, int]: ...


def measure_skew_s(server: _Timed) -> float | None:
    """Measure how far this clock is ahead of a Redis server's, to half of what the answer took.

    None if the server, or this process, stood still meanwhile: then nothing is known.
    """
    before_s, began_s = time.time(), time.monotonic()
    seconds, microseconds = server.time()
    took_s = time.monotonic() - began_s
    if took_s > _LONGEST_ANSWER_S:
        return None
    return before_s + took_s / 2 - (seconds + microseconds / 1e6)


def is_off(ahead_s: float) -> bool:
    return abs(ahead_s) > MOST_SKEW_S


def note_skew(process: str, ahead_s: float | None) -> None:
    """Log, once, that a clock is off, and that it is right again."""
    if ahead_s is None or is_off(ahead_s) == (process in _off):
        return
    if is_off(ahead_s):
        _off.add(process)
        log.warning("clock.off", process=process, ahead_s=round(ahead_s, 1))
    else:
        _off.discard(process)
        log.info("clock.right", process=process)


def describe_skew(clocks: Mapping[str, float]) -> str | None:
    """Name the process whose clock is off most; None if none is off."""
    wrong = sorted((item for item in clocks.items() if is_off(item[1])), key=lambda i: -abs(i[1]))
    if not wrong:
        return None
    process, ahead_s = wrong[0]
    more = f"; others off: {len(wrong) - 1}" if len(wrong) > 1 else ""
    way = "ahead of" if ahead_s > 0 else "behind"
    return f"the clock of {process} is {abs(ahead_s):.0f} s {way} the queue server's{more}"


def name_process(what: str) -> str:
    """Name a process by what it is and its machine, as operators know it."""
    return f"{what}-{socket.gethostname()}"
