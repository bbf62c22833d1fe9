"""What of many steps is handed out, runs and gets on, as the queue server tells it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from syntrust_core.contracts.base import Progress
from syntrust_core.errors import QueueUnavailable
from syntrust_core.runtime.coordination import Holder, StepCoordinator
from syntrust_gateway.db.tables import StepState
from syntrust_gateway.experiments.live.schemas import WorkState


@dataclass(frozen=True)
class Activity:
    """Steps that were handed out, and those that a worker has, with how far each is."""

    queued: Collection[str] = frozenset()
    holders: Mapping[str, Holder | None] = field(default_factory=dict)
    progress: Mapping[str, Progress | None] = field(default_factory=dict)

    def state_of(self, step: str, recorded: StepState) -> WorkState:
        """Name the state of a step; what is recorded as ended has ended."""
        if recorded is StepState.WAITING:
            if step in self.holders:
                return "running"
            return "queued" if step in self.queued else "waiting"
        return "done" if recorded is StepState.DONE else "failed"


def look_up(coordinator: StepCoordinator, waiting: Collection[str]) -> Activity:
    """Look up steps that have not ended. Without a queue server none is known to run."""
    with suppress(QueueUnavailable):
        queued, leased = coordinator.look_up(waiting)
        holders = coordinator.holders() if leased else {}
        return Activity(
            queued=queued,
            holders={step: holders.get(step) for step in leased},
            progress={step: coordinator.progress(step) for step in leased},
        )
    return Activity()
