"""What workers are scaled by: the steps that are ready or run, by queue."""

from __future__ import annotations

from typing import Any

import pytest

from syntrust_core.contracts.base import Kind, Queue
from syntrust_core.errors import QueueUnavailable
from syntrust_core.testing import MemoryCoordinator
from syntrust_gateway.container import Container
from syntrust_gateway.db.schedule_tables import ReadyStep, ScheduledRun
from syntrust_gateway.db.tables import Step, StepState


@pytest.fixture
def add_steps(container: Container, ready_dataset: str) -> Any:
    """Add steps of a kind, ready for two runs or not; give their ids."""
    with container.write.begin() as session:
        for run in ("one", "another"):
            session.add(ScheduledRun(run_id=run, owner=1, precedence=0))
    numbers = iter(range(1000))

    def add(
        number: int, kind: Kind, queue: Queue, state: StepState = StepState.WAITING, *, ready: bool
    ) -> list[str]:
        ids = [f"{next(numbers):064x}" for _ in range(number)]
        with container.write.begin() as session:
            for step in ids:
                session.add(Step(id=step, kind=kind, message={}, needs=[], state=state))
            session.flush()
            for run in ("one", "another") if ready else ():
                for step in ids:
                    line = ReadyStep(run_id=run, step_id=step, owner=1, precedence=0, position=0)
                    line.queue = str(queue)
                    session.add(line)
        return ids

    return add


def due(api: Any) -> dict[str, int]:
    queues = api.get("/queues").json()["queues"]
    return {queue: load["due"] for queue, load in queues.items()}


def test_with_40_steps_ready_and_2_running_it_says_42(
    api: Any, admin: Any, add_steps: Any, coordinator: MemoryCoordinator
) -> None:
    ready = add_steps(42, Kind.TRAIN_SEGMENTER, Queue.SEGMENTER, ready=True)
    for step in ready[:2]:
        coordinator.acquire_lease(step, "token")
    coordinator.set_queued(ready[2])  # its message waits in the queue: it is ready all the same
    add_steps(5, Kind.TRAIN_SEGMENTER, Queue.SEGMENTER, ready=False)
    add_steps(3, Kind.TRAIN_SEGMENTER, Queue.SEGMENTER, StepState.DONE, ready=False)

    assert due(api) == {"generator": 0, "segmenter": 42, "metrics": 0}
    assert 'syntrust_steps_due{queue="segmenter"} 42.0' in admin.get("/metrics").text


def test_with_no_step_it_says_0(api: Any, admin: Any) -> None:
    assert due(api) == {"generator": 0, "segmenter": 0, "metrics": 0}
    assert 'syntrust_steps_due{queue="generator"} 0.0' in admin.get("/metrics").text


def test_a_step_that_runs_though_nobody_wants_it_any_more_is_due_until_it_ends(
    api: Any, container: Container, add_steps: Any, coordinator: MemoryCoordinator
) -> None:
    (step,) = add_steps(1, Kind.SYNTHESISE_CASE, Queue.GENERATOR, ready=False)
    coordinator.acquire_lease(step, "token")
    assert due(api)["generator"] == 1

    with container.write.begin() as session:
        session.get_one(Step, step).state = StepState.DONE
    assert due(api)["generator"] == 0


def test_the_workers_of_a_queue_are_told_beside_its_steps(
    api: Any, coordinator: MemoryCoordinator
) -> None:
    coordinator.worker_alive(Queue.GENERATOR, "one")

    assert api.get("/queues").json()["queues"]["generator"] == {"due": 0, "workers": 1}


def test_without_redis_there_is_no_number_rather_than_one_that_is_too_low(
    api: Any, admin: Any, coordinator: MemoryCoordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> set[str]:
        raise QueueUnavailable("The queue server does not answer.")

    monkeypatch.setattr(coordinator, "active", away)

    assert api.get("/queues").status_code == 503
    assert "syntrust_steps_due" not in admin.get("/metrics").text
