"""A worker that leaves when it has had no step for long, so that its GPU is free for others.

Whatever starts workers by the work there is, as a cluster's scheduler, then never has to end one.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any, Final

from celery.worker import state as celery_state

from syntrust_core.contracts.base import Queue
from syntrust_core.runtime.departure.leaving import has_steps, leave

_LOOKS: Final = 10  # while the time runs that a worker may be idle
_LONGEST_LOOK_S: Final = 1.0


class Idleness:
    """How long a worker has had no step; looked at again and again."""

    def __init__(self, now_s: float) -> None:
        self._taken = celery_state.all_total_count[0]
        self._since_s = now_s

    def look(self, now_s: float) -> float:
        """Give the seconds since this worker last had a step, or since it began."""
        taken = celery_state.all_total_count[0]
        if has_steps() or taken != self._taken:
            self._taken, self._since_s = taken, now_s
        return now_s - self._since_s


def leave_when_idle(consumer: Any, queue: Queue, limit: timedelta) -> None:  # noqa: ANN401
    """Watch in a thread, and end the worker once it has had no step for `limit`."""
    limit_s = limit.total_seconds()

    def watch() -> None:
        idleness, pause = Idleness(time.monotonic()), threading.Event()
        while idleness.look(time.monotonic()) < limit_s:
            pause.wait(min(limit_s / _LOOKS, _LONGEST_LOOK_S))
        leave(consumer, queue, why=f"no step for {limit_s:g} s")

    threading.Thread(target=watch, name="idleness", daemon=True).start()
