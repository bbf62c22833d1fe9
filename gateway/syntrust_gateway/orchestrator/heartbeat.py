"""The orchestrator's heartbeat: a file whose age tells a supervisor that the process lives.

A thread touches it, because a tick may rightly take minutes while a store is slow.
It stops when the process is stopped, or when no tick has ended for ten minutes.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

BEAT_EVERY_S: Final = 5.0
LONGEST_TICK_S: Final = 600.0


class Heartbeat:
    """Beats while its block runs; `touch` says that a tick has ended."""

    def __init__(
        self,
        file: Path | None,
        *,
        every_s: float = BEAT_EVERY_S,
        longest_tick_s: float = LONGEST_TICK_S,
    ) -> None:
        self._file, self._every_s, self._longest_tick_s = file, every_s, longest_tick_s
        self._ended = threading.Event()
        self._touched_s = time.monotonic()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def touch(self) -> None:
        self._touched_s = time.monotonic()

    def __enter__(self) -> Self:
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _beat(self) -> None:
        while not self._ended.is_set():
            if self._file is not None and time.monotonic() - self._touched_s < self._longest_tick_s:
                with suppress(OSError):  # a full disk is no hang
                    self._file.touch()
            self._ended.wait(self._every_s)
