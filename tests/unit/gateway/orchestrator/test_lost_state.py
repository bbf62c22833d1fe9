"""Lost messages, marks and memories, clocks that jump, and another leader: nothing stands still."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness, fails_on

from syntrust_core.contracts.base import Kind, StepMessage
from syntrust_core.errors import QueueUnavailable, StoreUnavailable
from syntrust_core.runtime.queue import Submission
from syntrust_core.testing import MemoryQueue
from syntrust_gateway.db.tables import RunState
from syntrust_gateway.orchestrator.leader import LeadershipLost


def test_a_lost_message_is_sent_again_though_its_queue_is_busy(
    harness: OrchestratorHarness,
) -> None:
    harness.dataset(cases=10)
    harness.tick()
    lost = harness.queue.take()
    assert harness.queue.messages
    assert harness.coordinator.is_queued(lost.step_id)

    for _ in range(3):
        harness.tick()

    assert [m.step_id for m in harness.queue.messages].count(lost.step_id) == 1


def test_a_message_on_its_way_to_a_worker_is_not_sent_again(harness: OrchestratorHarness) -> None:
    harness.dataset(cases=1)
    harness.tick()
    message = harness.queue.take()

    harness.tick()  # it is nowhere for a moment
    harness.queue.messages.append(message)
    for _ in range(3):
        harness.tick()

    assert harness.queue.messages == [message]


def test_a_message_that_another_leader_sent_is_not_sent_again(harness: OrchestratorHarness) -> None:
    harness.dataset(cases=3)
    harness.tick()
    sent = list(harness.queue.messages)

    for _ in range(3):
        harness.restart()
        harness.tick()

    assert harness.queue.messages == sent


def test_a_mark_without_a_message_is_found_out_by_the_next_leader(
    harness: OrchestratorHarness,
) -> None:
    """It died between the mark and the message."""
    harness.dataset(cases=1)
    harness.tick()
    harness.queue.messages.clear()

    harness.restart()
    for _ in range(3):
        harness.tick()

    assert len(harness.queue.messages) == 1


class BreakingQueue(MemoryQueue):
    """A queue server that goes away while steps are submitted."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 1

    def submit_all(self, bundles: Sequence[Sequence[Submission]]) -> None:
        for bundle in bundles:
            if not self.left:
                raise QueueUnavailable("The queue server does not answer.")
            self.left -= 1
            super().submit_all([bundle])


def test_a_queue_that_goes_away_while_steps_are_submitted_loses_none(
    harness: OrchestratorHarness,
) -> None:
    queue = harness.queue = BreakingQueue()
    harness.restart()
    harness.dataset(cases=4)

    with pytest.raises(QueueUnavailable):
        harness.tick()
    queue.left = 1000
    for _ in range(4):
        harness.tick()

    steps = [message.step_id for message in queue.messages]
    assert len(steps) == len(set(steps)) == 2
    harness.drain()
    assert len(harness.computed) == len(set(harness.computed)) == 4


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_delays_no_step(
    harness: OrchestratorHarness, ready: str, hours: float
) -> None:
    experiment = harness.experiment(ready, alphas=[1])
    training = harness.submit_until(Kind.TRAIN_SEGMENTER)
    harness.clock.now = datetime.now(UTC)
    broken = fails_on(Kind.TRAIN_SEGMENTER, lambda: StoreUnavailable("away"))
    harness.bench.attempt(training, broken)
    harness.tick()

    harness.clock.jump(hours=hours)
    waited_s = 0.0
    while training not in harness.queue.messages:
        harness.tick()
        waited_s += 2.1
        assert waited_s < 30
    harness.drain()

    assert harness.state(experiment).state is RunState.SUCCEEDED


def test_a_worker_whose_clock_is_hours_ahead_delays_no_step(
    harness: OrchestratorHarness, ready: str
) -> None:
    harness.experiment(ready, alphas=[1])
    training = harness.submit_until(Kind.TRAIN_SEGMENTER)
    harness.clock.now = datetime.now(UTC)
    broken = fails_on(Kind.TRAIN_SEGMENTER, lambda: StoreUnavailable("away"))
    harness.bench.attempt(training, broken)
    harness.clock.jump(hours=-5)

    for _ in range(10):
        harness.tick()

    assert training in harness.queue.messages


def test_a_worker_that_dies_after_its_manifest_does_not_hold_the_step(
    harness: OrchestratorHarness,
) -> None:
    """It died before it could give its lease back."""
    dataset = harness.dataset(cases=1)
    harness.tick()
    message = harness.queue.messages[0]
    harness.work()
    harness.coordinator.acquire_lease(message.step_id, "dead")

    for _ in range(5):
        harness.tick()

    assert dataset
    assert harness.case("p0").record is not None


def running_step(harness: OrchestratorHarness) -> StepMessage:
    """Have a worker begin a step, and Redis lose everything meanwhile."""
    harness.dataset(cases=1)
    harness.tick()
    message = harness.queue.take()
    harness.coordinator.acquire_lease(message.step_id, "worker")
    harness.tick()
    harness.coordinator.lose_everything()
    return message


def test_a_step_that_runs_while_redis_is_emptied_is_not_begun_a_second_time(
    harness: OrchestratorHarness,
) -> None:
    message = running_step(harness)

    for _ in range(5):
        harness.tick()
    assert harness.queue.messages == []
    harness.coordinator.acquire_lease(message.step_id, "worker")  # at its next renewal
    for _ in range(10):
        harness.tick()

    assert harness.queue.messages == []


def test_a_step_whose_worker_dies_while_redis_is_emptied_is_submitted_again(
    harness: OrchestratorHarness,
) -> None:
    message = running_step(harness)

    for _ in range(11):
        harness.tick()

    assert harness.queue.messages == [message]


class LostLead:
    def acquire(self) -> bool:
        return True

    def check(self) -> None:
        raise LeadershipLost("Another leads.")

    def release(self) -> None:
        """There is nothing to give back."""


def test_an_orchestrator_that_lost_the_lead_writes_nothing(harness: OrchestratorHarness) -> None:
    harness.dataset(cases=1)
    harness.orchestrator._leader = LostLead()

    with pytest.raises(LeadershipLost):
        harness.tick()

    assert harness.case("p0").step is None
    assert harness.queue.messages == []
