"""What a step may ask of the process that runs it: whether it ends, a sign of life, its death."""

from __future__ import annotations

import threading
from typing import Protocol

from syntrust_core.contracts.base import Ref


class StepProcess(Protocol):
    """The process that runs a step, as the step sees it."""

    stop_grace_s: float
    """Seconds a step has to keep what it has once the process is told to stop."""
    patience_factor: float
    """Multiplies how long a step may give no sign of progress."""

    def stopping(self) -> bool:
        """Whether the process was told to stop."""
        ...

    def sign(self, ref: Ref, attempt: str) -> None:
        """Show that the process is alive; called every second while an attempt at `ref` runs."""
        ...

    def quiet(self) -> None:
        """Say that no step runs now, so no sign is due."""
        ...

    def pause(self, seconds: float, until: threading.Event) -> None:
        """Wait for `until`, but no longer than `seconds`."""
        ...

    def kill(self) -> None:
        """End the process at once, whatever it does."""
        ...


class InProcess:
    """`StepProcess` for a step that a test or a script runs itself: never told to stop."""

    stop_grace_s = 60.0
    patience_factor = 1.0

    def stopping(self) -> bool:
        return False

    def sign(self, ref: Ref, attempt: str) -> None:
        """Nobody watches."""

    def quiet(self) -> None:
        """Nobody watches."""

    def pause(self, seconds: float, until: threading.Event) -> None:
        """Nothing here comes back by waiting."""

    def kill(self) -> None:
        """The caller goes on."""
