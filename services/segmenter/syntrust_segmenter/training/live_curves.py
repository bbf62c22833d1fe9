"""The curves of a training that goes on. They are shown by the clock and change nothing of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from syntrust_core.observability.training_curves import LIVE_FILE, make_curves
from syntrust_segmenter.training_history import History

SHOW_EVERY_S: Final = 10.0
LEAST_PAUSE: Final = 50.0  # times what the last showing took: it costs a training 2 % at most
ShowFile = Callable[[Path], object]


class LiveCurves:
    """Writes what there is of a history into a file and shows it, first after one iteration."""

    def __init__(
        self, scratch: Path, show: ShowFile | None, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._path, self._show, self._clock_s = scratch / LIVE_FILE, show, clock_s
        self._next_s = clock_s()

    def show_if_due(self, history: History) -> None:
        """Show the history if the last showing is some time ago, and somebody looks at it."""
        started_s = self._clock_s()
        if self._show is None or started_s < self._next_s:
            return
        self._path.write_text(make_curves(history.model_dump(mode="json")).model_dump_json())
        self._show(self._path)
        now_s = self._clock_s()
        self._next_s = now_s + max(SHOW_EVERY_S, LEAST_PAUSE * (now_s - started_s))
