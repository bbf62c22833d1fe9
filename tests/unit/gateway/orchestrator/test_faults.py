"""The orchestrator over crashes, losses, failures and cancelled work: nothing is lost."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, select
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness, fails_on

from syntrust_core.contracts.base import QUEUES, Kind
from syntrust_core.errors import InvalidRequest, ObjectDamaged, StoreUnavailable
from syntrust_core.runtime.worker import import_late
from syntrust_gateway.db.tables import RunState, Step, StepState


def test_a_restart_of_the_orchestrator_at_every_tick_changes_nothing(
    harness: OrchestratorHarness, ready: str
) -> None:
    experiment = harness.experiment(ready)

    for _ in range(15):
        harness.restart()
        harness.tick()
        harness.work(limit=2)
    harness.tick()

    assert harness.state(experiment).state is RunState.SUCCEEDED
    assert len(harness.computed) == len(set(harness.computed))


def test_two_orchestrators_at_once_compute_every_step_once(
    harness: OrchestratorHarness, ready: str
) -> None:
    experiment = harness.experiment(ready)

    for _ in range(15):
        first = harness.orchestrator
        harness.restart()
        first.tick()
        harness.tick()
        harness.work()

    assert harness.state(experiment).state is RunState.SUCCEEDED
    with harness.read() as session:
        assert all(step.attempts <= 1 for step in session.scalars(select(Step)))


def test_a_redis_that_loses_everything_loses_no_work(
    harness: OrchestratorHarness, ready: str
) -> None:
    experiment = harness.experiment(ready)
    harness.tick()
    assert harness.queue.messages

    harness.queue.messages.clear()
    harness.coordinator.lose_everything()
    harness.drain()

    assert harness.state(experiment).state is RunState.SUCCEEDED


def test_a_worker_that_dies_is_replaced_by_another_attempt(
    harness: OrchestratorHarness, ready: str
) -> None:
    experiment = harness.experiment(ready)
    harness.tick()
    message = harness.queue.take()
    harness.coordinator.acquire_lease(message.step_id, "dead")
    harness.store.put(
        message.ref.attempt_key("dead"),
        b'{"host": "h", "started": "2026-01-01T00:00:00+00:00", "seconds": 0}',
    )
    harness.tick()
    assert message.step_id not in {m.step_id for m in harness.queue.messages}

    harness.coordinator.leases.clear()
    harness.drain()

    assert harness.state(experiment).state is RunState.SUCCEEDED
    with harness.read() as session:
        assert session.get_one(Step, message.step_id).attempts == 2


def test_a_step_whose_worker_dies_three_times_fails_and_says_so(
    harness: OrchestratorHarness, ready: str
) -> None:
    experiment = harness.experiment(ready)

    class DiesError(BaseException):
        pass

    for _ in range(15):
        harness.tick()
        while harness.queue.messages:
            message = harness.queue.take()
            if message.KIND is Kind.TRAIN_SEGMENTER:
                attempt = f"{len(harness.store.writes)}"
                harness.store.put(
                    message.ref.attempt_key(attempt),
                    b'{"host": "h", "started": "2026-01-01T00:00:00+00:00", "seconds": 0}',
                )
                harness.coordinator.queued.discard(message.step_id)
            else:
                harness.queue.messages.insert(0, message)
                harness.work(limit=1)

    state = harness.state(experiment)
    assert state.state is RunState.FAILED
    assert state.error is not None
    assert state.error["slug"] == "worker-lost"
    assert "3 times" in state.error["text"]


def test_a_callers_fault_is_never_retried(harness: OrchestratorHarness, ready: str) -> None:
    experiment = harness.experiment(ready)

    harness.drain(fails_on(Kind.TRAIN_SEGMENTER, lambda: InvalidRequest("bad preset")))

    state = harness.state(experiment)
    assert state.state is RunState.FAILED
    assert state.error is not None
    assert state.error["text"] == "bad preset"
    assert all(step.attempts == 1 for step in harness.steps(StepState.FAILED))


def test_a_store_that_was_away_uses_up_no_attempts(
    harness: OrchestratorHarness, ready: str
) -> None:
    experiment = harness.experiment(ready, alphas=[1])
    work = fails_on(Kind.TRAIN_SEGMENTER, lambda: StoreUnavailable("away"))
    for _ in range(8):
        harness.tick()
        harness.work(work)
        harness.clock.advance(minutes=1)
    assert harness.state(experiment).state is RunState.RUNNING

    harness.drain()

    assert harness.state(experiment).state is RunState.SUCCEEDED


def test_a_fault_of_the_world_is_tried_three_times_with_pauses(
    harness: OrchestratorHarness, ready: str
) -> None:
    experiment = harness.experiment(ready, alphas=[1])
    work = fails_on(Kind.TRAIN_SEGMENTER, lambda: ObjectDamaged("weights are damaged"))
    training = harness.submit_until(Kind.TRAIN_SEGMENTER)
    harness.clock.now = datetime.now(UTC)
    harness.bench.attempt(training, work)
    harness.orchestrator.tick()
    assert training not in harness.queue.messages

    harness.drain(work)

    assert harness.state(experiment).state is RunState.FAILED
    (failed,) = harness.steps(StepState.FAILED)
    assert failed.attempts == 3


def test_an_experiment_asked_for_again_after_a_failure_tries_again(
    harness: OrchestratorHarness, ready: str
) -> None:
    harness.experiment(ready)
    harness.drain(fails_on(Kind.TRAIN_SEGMENTER, lambda: RuntimeError("a bug")))

    again = harness.experiment(ready)
    harness.drain()

    assert harness.state(again).state is RunState.SUCCEEDED


def test_cancelling_flags_running_steps_that_nobody_else_wants(
    harness: OrchestratorHarness, ready: str
) -> None:
    experiment = harness.experiment(ready)
    harness.tick()
    running = harness.queue.take()
    harness.coordinator.acquire_lease(running.step_id, "worker")

    harness.cancel(experiment)
    harness.tick()

    assert harness.coordinator.cancelled(running.step_id)


def test_a_step_that_another_experiment_wants_is_not_cancelled(
    harness: OrchestratorHarness, ready: str
) -> None:
    first, second = harness.experiment(ready), harness.experiment(ready)
    harness.tick()
    running = harness.queue.take()
    harness.coordinator.acquire_lease(running.step_id, "worker")

    harness.cancel(first)
    harness.tick()

    assert not harness.coordinator.cancelled(running.step_id)
    harness.coordinator.leases.clear()
    harness.drain()
    assert harness.state(second).state is RunState.SUCCEEDED


def test_a_cancelled_experiment_asked_for_again_goes_on(
    harness: OrchestratorHarness, ready: str
) -> None:
    first = harness.experiment(ready)
    harness.tick()
    harness.cancel(first)
    harness.tick()
    harness.work()

    again = harness.experiment(ready)
    harness.drain()

    assert harness.state(again).state is RunState.SUCCEEDED


def test_manifests_that_a_lost_database_forgot_are_found_again(
    harness: OrchestratorHarness,
    ready: str,
    tmp_path: Path,
    new_engine: Callable[[], Engine],
) -> None:
    harness.experiment(ready)
    harness.drain()
    folder = tmp_path / "second"
    folder.mkdir()

    other = OrchestratorHarness(folder, new_engine(), harness.store)
    dataset = other.dataset()
    other.drain()
    experiment = other.experiment(dataset)
    other.drain()

    assert other.state(experiment).state is RunState.SUCCEEDED
    assert other.computed == []


def test_a_worker_that_cannot_import_its_work_fails_the_step_until_it_is_whole_again(
    harness: OrchestratorHarness, ready: str
) -> None:
    broken = harness.experiment(ready)
    harness.drain(import_late("no_such_room.works:train"))

    repaired = harness.experiment(ready)
    harness.drain()

    state = harness.state(broken)
    assert state.state is RunState.FAILED
    assert state.error is not None
    assert state.error["slug"] == "worker-broken"
    assert state.error["text"] == (
        f"The {QUEUES[Kind(state.error['kind'])]} worker on {socket.gethostname()} is not "
        "installed as it should be: importing no_such_room failed there; its log has the reason."
    )
    assert harness.state(repaired).state is RunState.SUCCEEDED
