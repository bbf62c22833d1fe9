"""What each section of a long run takes, told while it runs: whether a step's cost rises."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.orchestrator.cpu_times import per_step_ms, read_cpu_s

SECTION: Final = 10_000


@dataclass
class Sections:
    """Counts steps that ended, and tells of every `SECTION` of them by `show`."""

    show: Callable[[dict[str, Any]], None]
    done: int = 0
    _before: int = 0
    _began_s: float = field(default_factory=time.perf_counter)
    _cpu_s: Mapping[str, float] = field(default_factory=read_cpu_s)

    def note(self, ended: int) -> None:
        """Count `ended` more steps."""
        self.done += ended
        section = self.done - self._before
        if section < SECTION:
            return
        now = time.perf_counter()
        self.show(
            {
                "done": self.done,
                "steps_per_s": section / (now - self._began_s),
                "cpu_ms": per_step_ms(self._cpu_s, section),
            }
        )
        self._before, self._began_s, self._cpu_s = self.done, now, read_cpu_s()
