"""When a worker ends by itself, and the exit code that tells whoever started it what to do next."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from syntrust_core.contracts.base import Kind, Queue
from syntrust_core.runtime.departure.allocation import Allocation, leave_when_short
from syntrust_core.runtime.departure.idleness import leave_when_idle
from syntrust_core.runtime.runner import Outcome, StepHandler
from syntrust_core.settings import WorkerSettings

COME_BACK: Final = 75
"""Exit code of a worker whose time ends: start it again with new time. EX_TEMPFAIL of sysexits.h"""
TOO_SHORT: Final = 78
"""Exit code of one whose time would do for no step: no new start would help. EX_CONFIG"""


class Departure:
    """How one worker leaves: it is idle, its time ends, or it is told that others need the place.

    Made in the parent before it forks. `guard` and `timed` are for the children.
    """

    def __init__(self, settings: WorkerSettings, queue: Queue, kinds: Iterable[Kind]) -> None:
        self.exit_code = 0
        self._queue, self._idle_limit = queue, settings.exit_when_idle
        self._allocation = Allocation.of(settings, kinds)

    def watch(self, consumer: Any) -> None:  # noqa: ANN401 - Celery has no types
        """Begin to watch, once the worker is ready."""
        if self._idle_limit is not None:
            leave_when_idle(consumer, self._queue, self._idle_limit)
        if self._allocation is not None:
            # A time that is too short at the start is no longer the next time.
            code = TOO_SHORT if self._allocation.is_short() else COME_BACK
            leave_when_short(consumer, self._queue, self._allocation, lambda: self._note(code))

    def come_back(self) -> None:
        """Tell whoever started this worker to do so again, when it ends."""
        self._note(COME_BACK)

    def guard(self, handler: StepHandler) -> StepHandler:
        """Give a handler that hands a step back which is likely to be cut off."""
        return handler if self._allocation is None else self._allocation.guard(handler)

    def timed(self, kind: Kind, attempt: Callable[[], Outcome]) -> Outcome:
        """Make an attempt, and remember what it took if the step was done."""
        started = time.monotonic()
        outcome = attempt()
        if self._allocation is not None and outcome is Outcome.DONE:
            self._allocation.note(kind, time.monotonic() - started)
        return outcome

    def _note(self, code: int) -> None:
        self.exit_code = code
