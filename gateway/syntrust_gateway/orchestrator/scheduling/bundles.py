"""Quick steps that one message carries, so that a message costs them little."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from syntrust_core.contracts.base import Kind
from syntrust_gateway.orchestrator.scheduling.fair_share import Chosen

BUNDLE_S: Final = 0.5
"""Seconds of work in one message, at most; a step that takes half of it goes alone."""
MOST_IN_BUNDLE: Final = 32
_BUNDLES_PER_WORKER: Final = 2  # of what is sent at once, so that none is idle while others work


class Bundling:
    """How many steps of a kind one message carries.

    `pace_s` are the seconds that the last steps of a kind took; of a kind without them, each step
    has a message of its own.
    """

    def __init__(self, pace_s: Mapping[str, float], workers: int) -> None:
        self._pace_s, self._workers = pace_s, max(1, workers)

    def bundle(self, steps: Sequence[Chosen], tried: Collection[str]) -> Iterator[Sequence[Chosen]]:
        """Group steps of one queue that follow each other, in their order.

        A step that was tried before is alone: it may end its process again, and with it a bundle.
        """

        def company(step: Chosen) -> tuple[Kind, str]:
            return step.ref.kind, step.ref.id if step.ref.id in tried else ""

        for (kind, _), group in groupby(steps, company):
            together = list(group)
            size = self._size(kind, len(together))
            yield from (together[n : n + size] for n in range(0, len(together), size))

    def _size(self, kind: Kind, steps: int) -> int:
        """Choose how many of so many steps of `kind` go together."""
        pace_s = self._pace_s.get(str(kind), BUNDLE_S)
        quick = int(BUNDLE_S / max(pace_s, BUNDLE_S / MOST_IN_BUNDLE))
        return max(1, min(quick, -(-steps // (_BUNDLES_PER_WORKER * self._workers))))
