"""Notice a program that hangs: its process is there, and it shows no life.

A heartbeat file or a probe shows life. Silence is counted between checks, so a stop of the whole
machine, or of this supervisor, is no silence of a program; and no clock of the day has a part.
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from syntrust_standalone.servers import HOST

CHECK_EVERY_S = 5.0
FIRST_CHECKS_EVERY_S = 1.0  # until it shows life
START_LIMIT_S = 240.0  # a busy machine may take minutes to load a worker
_GRACE_S = 3.0
_LONGEST_GAP_S = 2 * CHECK_EVERY_S  # between checks; what lies above was a stop of this process


@dataclass(frozen=True)
class Liveness:
    """How a program shows life, and for how long it may be silent after it once did."""

    shows_life: Callable[[], bool]
    limit_s: float


class Watched(Protocol):
    """What is watched: a program that may start again at any time."""

    @property
    def starts(self) -> int: ...

    def ask_to_stop(self) -> None: ...

    def kill(self) -> None: ...


class Silence:
    """For how long a program has been silent since its present start."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._start = 0
        self.has_lived = False
        self.seconds = 0.0

    def begin(self, start: int, *, has_lived: bool) -> None:
        """Begin anew, with a program that has been started so many times."""
        self._start, self.has_lived, self.seconds = start, has_lived, 0.0

    def note(self, *, start: int, shows_life: bool, elapsed_s: float) -> bool:
        """Take one check into account; True if the program hangs."""
        if start != self._start or shows_life:
            self.begin(start, has_lived=shows_life)
        else:
            self.seconds += min(elapsed_s, _LONGEST_GAP_S)
        return self.seconds > (self._limit_s if self.has_lived else START_LIMIT_S)


class Heartbeat:
    """A file that a program touches: it shows life if it was touched since the last look."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen = self._touched()

    def __call__(self) -> bool:
        before, self._seen = self._seen, self._touched()
        return self._seen is not None and self._seen != before

    def _touched(self) -> int | None:
        try:
            return self._file.stat().st_mtime_ns
        except OSError:
            return None


def http_shows_life(port: int, path: str) -> bool:
    """Tell whether the server answers at all; a refusal is an answer."""
    connection = http.client.HTTPConnection(HOST, port, timeout=CHECK_EVERY_S)
    try:
        connection.request("GET", path)
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return True
    finally:
        connection.close()


def redis_shows_life(port: int) -> bool:
    """Tell whether Redis answers PING at all: it need not know us, nor have loaded its data."""
    try:
        with socket.create_connection((HOST, port), timeout=CHECK_EVERY_S) as connection:
            connection.sendall(b"PING\r\n")
            return bool(connection.recv(1))
    except OSError:
        return False


class Watcher:
    """Watches one program, and ends it when it hangs, so that it is started again."""

    def __init__(
        self, process: Watched, liveness: Liveness, on_hang: Callable[[float], None]
    ) -> None:
        self._process, self._shows_life, self._on_hang = process, liveness.shows_life, on_hang
        self._silence = Silence(liveness.limit_s)

    def note_ready(self) -> None:
        """Note that the program has shown life in its present start."""
        self._silence.begin(self._process.starts, has_lived=True)

    async def run(self) -> None:
        """Check until cancelled."""
        last_s = time.monotonic()
        while True:
            every_s = CHECK_EVERY_S if self._silence.has_lived else FIRST_CHECKS_EVERY_S
            await asyncio.sleep(max(0.0, every_s - (time.monotonic() - last_s)))
            before_s, last_s = last_s, time.monotonic()
            await self._check(last_s - before_s)

    async def _check(self, elapsed_s: float) -> None:
        start = self._process.starts
        shows_life = await asyncio.to_thread(self._shows_life)
        hangs = self._silence.note(start=start, shows_life=shows_life, elapsed_s=elapsed_s)
        if hangs and self._process.starts == start:
            self._on_hang(self._silence.seconds)
            await self._end(start)

    async def _end(self, start: int) -> None:
        # A child process that does not hang hands its step back: nobody waits for its lease.
        self._process.ask_to_stop()
        await asyncio.sleep(_GRACE_S)
        if self._process.starts == start:
            self._process.kill()
        self._silence.begin(start, has_lived=False)
