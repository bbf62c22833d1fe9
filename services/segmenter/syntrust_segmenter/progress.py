"""How a job reports its progress."""

from __future__ import annotations

from typing import Protocol


class ProgressReporter(Protocol):
    """A function called after every iteration.

    It may raise `Cancelled`, `LeaseLost` or `Stopping`.
    """

    def __call__(self, done: int, total: int, **detail: float | str) -> None: ...
