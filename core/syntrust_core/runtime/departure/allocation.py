"""A worker whose time ends, as the wall time of a batch job does: it begins no step it would lose.

What a step is likely to take is the longest of the last steps of its kind on this worker. Of a kind
that it has not done yet nothing is known, and a setting says what to take.
"""

from __future__ import annotations

import mmap
import struct
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from syntrust_core.contracts.base import Kind, Queue, StepMessage
from syntrust_core.errors import Stopping
from syntrust_core.runtime.children import StopFlag
from syntrust_core.runtime.context import StepContext
from syntrust_core.runtime.departure.leaving import leave
from syntrust_core.runtime.runner import StepHandler
from syntrust_core.settings import WorkerSettings

_REMEMBERED: Final = 5  # steps of each kind
_LOOK_EVERY_S: Final = 1.0


class StepTimes:
    """Seconds that the last steps of each kind took; a parent shares it with those it forks."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._row = struct.Struct(f"={_REMEMBERED}d")
        self._places = {kind: n * self._row.size for n, kind in enumerate(kinds)}
        self._memory = mmap.mmap(-1, max(1, len(self._places)) * self._row.size)

    def add(self, kind: Kind, seconds: float) -> None:
        """Remember a step. Of two children that end one at once, one may be forgotten."""
        place = self._places[kind]
        latest = (seconds, *self._row.unpack_from(self._memory, place)[:-1])
        self._row.pack_into(self._memory, place, *latest)

    def longest(self, kind: Kind) -> float | None:
        """Give the longest of the last steps of `kind`, in seconds; None before the first."""
        return max(self._row.unpack_from(self._memory, self._places[kind])) or None


class Allocation:
    """The time that a worker has, and which steps are likely to end in it."""

    def __init__(
        self,
        ends_s: float,
        assumed_s: float,
        kinds: Iterable[Kind],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ends_s, self._assumed_s, self._clock = ends_s, assumed_s, clock
        self._kinds = tuple(kinds)
        self._times = StepTimes(self._kinds)
        self._refused = StopFlag()

    @classmethod
    def of(cls, settings: WorkerSettings, kinds: Iterable[Kind]) -> Allocation | None:
        """Give the allocation of a worker; None for one whose time has no end."""
        if settings.ends_at is None:
            return None
        return cls(settings.ends_at.timestamp(), settings.assumed_step.total_seconds(), kinds)

    def left_s(self) -> float:
        return self._ends_s - self._clock()

    def likely_s(self, kind: Kind) -> float:
        """Give the seconds that a step of `kind` is likely to take."""
        longest = self._times.longest(kind)
        return self._assumed_s if longest is None else longest

    def is_short(self) -> bool:
        """Whether a step had to be refused, or one of any kind would have to be."""
        shortest_s = min(map(self.likely_s, self._kinds))
        return self._refused.is_set() or self.left_s() < shortest_s

    def note(self, kind: Kind, seconds: float) -> None:
        """Remember what a step of `kind` took that was done."""
        self._times.add(kind, seconds)

    def guard(self, handler: StepHandler) -> StepHandler:
        """Give a handler that hands a step back which is likely to be cut off."""

        def guarded(message: StepMessage, context: StepContext) -> None:
            likely_s, left_s = self.likely_s(message.KIND), self.left_s()
            # After the first, all go back: the worker leaves, and is seen to by its parent.
            if self._refused.is_set() or left_s < likely_s:
                self._refused.set()
                raise Stopping(
                    f"The worker's time ends in {left_s:.0f} s; the step is likely to take "
                    f"{likely_s:.0f} s."
                )
            handler(message, context)

        return guarded


def leave_when_short(
    consumer: Any,  # noqa: ANN401 - Celery has no types
    queue: Queue,
    allocation: Allocation,
    at_leaving: Callable[[], None],
) -> None:
    """Watch in a thread, and end the worker once its time is too short for any further step."""

    def watch() -> None:
        pause = threading.Event()
        while not allocation.is_short():
            pause.wait(_LOOK_EVERY_S)
        at_leaving()
        leave(consumer, queue, why=f"{allocation.left_s():.0f} s are left, too few for a step")

    threading.Thread(target=watch, name="allocation", daemon=True).start()
