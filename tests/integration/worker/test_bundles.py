"""Several steps in one message: each has its own lease, attempt, cancel flag and outcome."""

from __future__ import annotations

import os
import signal

import pytest
from tests.integration.worker.toy import PATIENCE_S, Toy, until

from syntrust_core.contracts.base import Queue
from syntrust_core.contracts.experiment_steps import ScoreCases
from syntrust_gateway.orchestrator.retry import read_attempts

STEPS = [ScoreCases(prediction=f"{n:064x}", cases=("b" * 64,)) for n in range(4)]
FIRST, SECOND, THIRD, FOURTH = STEPS


@pytest.fixture
def toy(idle: Toy) -> Toy:
    """A worker that has the steps in one message, and computes the first."""
    idle.start(TOY_WORK="toy_worker:each", TOY_BEAT_S="0.3")
    idle.submit_together(STEPS)
    until(lambda: begun(idle) == [FIRST.step_id])
    return idle


def begun(toy: Toy) -> list[str]:
    return [event.step for event in toy.events()]


def go(toy: Toy, *messages: ScoreCases) -> None:
    for message in messages:
        toy.go("", message)


def attempts(toy: Toy) -> list[int]:
    return [len(read_attempts(toy.store, message.ref)) for message in STEPS]


def test_only_the_step_that_is_computed_has_a_lease_and_the_others_wait(toy: Toy) -> None:
    assert toy.coordinator.holders().keys() == {FIRST.step_id}
    assert all(toy.coordinator.is_queued(message.step_id) for message in STEPS[1:])
    assert toy.queue.waiting_steps(Queue.METRICS) == set()
    assert toy.queue.queued_steps(Queue.METRICS) == {message.step_id for message in STEPS}

    go(toy, *STEPS)
    until(lambda: all(map(toy.done, STEPS)))

    until(lambda: toy.queue.queued_steps(Queue.METRICS) == set())
    assert toy.coordinator.active() == set()
    assert begun(toy) == [message.step_id for message in STEPS]
    assert attempts(toy) == [1, 1, 1, 1]


def test_a_process_killed_in_the_middle_costs_the_step_that_it_computed_an_attempt_and_no_other(
    toy: Toy,
) -> None:
    go(toy, FIRST)
    until(lambda: begun(toy) == [FIRST.step_id, SECOND.step_id])

    os.kill(toy.events()[1].pid, signal.SIGKILL)
    until(lambda: any(toy.store.list(SECOND.ref.errors_prefix)))
    until(lambda: not toy.coordinator.has_lease(SECOND.step_id))

    assert attempts(toy) == [1, 1, 0, 0]
    assert toy.done(FIRST)
    # No queue has the others any more, so the orchestrator sends them again.
    until(lambda: toy.queue.queued_steps(Queue.METRICS) == set())
    go(toy, *STEPS)
    for message in STEPS:
        toy.submit(message)
    until(lambda: all(map(toy.done, STEPS)))
    assert attempts(toy) == [1, 2, 1, 1]


def test_a_step_whose_lease_is_lost_is_left_and_the_next_ones_are_computed(toy: Toy) -> None:
    toy.redis.set(f"lease:{FIRST.step_id}", "another worker")
    go(toy, *STEPS)
    until(lambda: all(map(toy.done, STEPS[1:])))

    assert not toy.done(FIRST)
    assert toy.redis.get(f"lease:{FIRST.step_id}") == b"another worker"


def test_of_cancelled_steps_neither_the_one_that_runs_nor_one_that_waits_is_computed(
    toy: Toy,
) -> None:
    for message in (FIRST, THIRD):
        toy.coordinator.cancel(message.step_id)
    go(toy, SECOND, FOURTH)
    until(lambda: toy.done(SECOND) and toy.done(FOURTH))
    until(lambda: toy.coordinator.active() == set())

    assert list(toy.store.list(FIRST.ref.prefix)) == []
    assert list(toy.store.list(THIRD.ref.prefix)) == []
    assert begun(toy) == [FIRST.step_id, SECOND.step_id, FOURTH.step_id]


def test_a_step_that_fails_leaves_its_reason_and_the_next_ones_are_computed(toy: Toy) -> None:
    toy.go("refuse", FIRST)
    go(toy, *STEPS[1:])
    until(lambda: all(map(toy.done, STEPS[1:])))

    (attempt,) = read_attempts(toy.store, FIRST.ref)
    assert attempt.error is not None
    assert attempt.error.text == "The toy refuses."
    assert attempts(toy) == [1, 1, 1, 1]


def test_a_step_that_kills_its_process_is_the_only_one_with_an_attempt(toy: Toy) -> None:
    toy.go("die", FIRST)
    until(lambda: any(toy.store.list(FIRST.ref.errors_prefix)))

    (attempt,) = read_attempts(toy.store, FIRST.ref)
    assert attempt.error is not None
    assert attempt.error.slug == "worker-lost"
    assert attempts(toy) == [1, 0, 0, 0]


def test_a_worker_told_to_stop_hands_back_the_step_that_runs_and_those_that_wait(
    toy: Toy,
) -> None:
    go(toy, FIRST)
    until(lambda: begun(toy) == [FIRST.step_id, SECOND.step_id])

    os.kill(toy.process.pid, signal.SIGTERM)
    assert toy.process.wait(PATIENCE_S) == 0

    assert attempts(toy) == [1, 0, 0, 0]
    assert toy.coordinator.active() == set()
    assert toy.queue.queued_steps(Queue.METRICS) == set()


def test_a_worker_killed_in_the_middle_is_followed_by_another_that_computes_the_rest(
    toy: Toy,
) -> None:
    go(toy, FIRST)
    until(lambda: begun(toy) == [FIRST.step_id, SECOND.step_id])

    toy.kill()
    toy.start(TOY_WORK="toy_worker:each")
    until(lambda: not toy.coordinator.has_lease(SECOND.step_id))
    for message in STEPS[1:]:
        toy.submit(message)
    go(toy, *STEPS)
    until(lambda: all(map(toy.done, STEPS)))

    assert attempts(toy) == [1, 2, 1, 1]
