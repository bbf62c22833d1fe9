"""The conductor over crashes, losses, failures and cancelled work: nothing is lost or repeated."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from tests.unit.gateway.orchestrator_harness import World, fails_on

from syntrust_core.contracts.base import QUEUES, Kind
from syntrust_core.errors import InvalidRequest, StoreUnavailable
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.worker import import_late
from syntrust_gateway.db.tables import Step, StepState, WishState


def test_a_restart_of_the_conductor_at_every_tick_changes_nothing(world: World, ready: str) -> None:
    experiment = world.experiment(ready)

    for _ in range(15):
        world.restart()
        world.tick()
        world.work(limit=2)
    world.tick()

    assert world.state(experiment).state is WishState.SUCCEEDED
    assert len(world.computed) == len(set(world.computed))


def test_two_conductors_at_once_compute_every_step_once(world: World, ready: str) -> None:
    experiment = world.experiment(ready)

    for _ in range(15):
        first = world.conductor
        world.restart()
        first.tick()
        world.tick()
        world.work()

    assert world.state(experiment).state is WishState.SUCCEEDED
    with world.read() as session:
        assert all(step.attempts <= 1 for step in session.scalars(select(Step)))


def test_a_redis_that_loses_everything_loses_no_work(world: World, ready: str) -> None:
    experiment = world.experiment(ready)
    world.tick()
    assert world.queue.messages

    world.queue.messages.clear()
    world.coordinator.lose_everything()
    world.settle()

    assert world.state(experiment).state is WishState.SUCCEEDED


def test_a_worker_that_dies_is_replaced_by_another_attempt(world: World, ready: str) -> None:
    experiment = world.experiment(ready)
    world.tick()
    message = world.queue.take()
    world.coordinator.acquire_lease(message.step_id, "dead")
    world.store.put(
        message.ref.attempt_key("dead"),
        b'{"host": "h", "started": "2026-01-01T00:00:00+00:00", "seconds": 0}',
    )
    world.tick()
    assert message.step_id not in {m.step_id for m in world.queue.messages}

    world.coordinator.leases.clear()
    world.settle()

    assert world.state(experiment).state is WishState.SUCCEEDED
    with world.read() as session:
        assert session.get_one(Step, message.step_id).attempts == 2


def test_a_step_whose_worker_dies_three_times_fails_and_says_so(world: World, ready: str) -> None:
    experiment = world.experiment(ready)

    class DiesError(BaseException):
        pass

    for _ in range(15):
        world.tick()
        while world.queue.messages:
            message = world.queue.take()
            if message.KIND is Kind.TRAIN_SEGMENTER:
                attempt = f"{len(world.store.writes)}"
                world.store.put(
                    message.ref.attempt_key(attempt),
                    b'{"host": "h", "started": "2026-01-01T00:00:00+00:00", "seconds": 0}',
                )
                world.coordinator.queued.discard(message.step_id)
            else:
                world.queue.messages.insert(0, message)
                world.work(limit=1)

    state = world.state(experiment)
    assert state.state is WishState.FAILED
    assert state.error is not None
    assert state.error["slug"] == "worker-lost"
    assert "3 times" in state.error["text"]


def test_a_callers_fault_is_never_retried(world: World, ready: str) -> None:
    experiment = world.experiment(ready)

    world.settle(fails_on(Kind.TRAIN_SEGMENTER, lambda: InvalidRequest("bad preset")))

    state = world.state(experiment)
    assert state.state is WishState.FAILED
    assert state.error is not None
    assert state.error["text"] == "bad preset"
    assert all(step.attempts == 1 for step in world.steps(StepState.FAILED))


def test_a_fault_of_the_world_is_tried_three_times_with_pauses(world: World, ready: str) -> None:
    experiment = world.experiment(ready, alphas=[1])
    work = fails_on(Kind.TRAIN_SEGMENTER, lambda: StoreUnavailable("away"))
    world.clock.now = datetime.now(UTC)
    world.tick()
    world.work(work)
    world.tick()
    assert not any(m.KIND is Kind.TRAIN_SEGMENTER for m in world.queue.messages)

    world.settle(work)

    assert world.state(experiment).state is WishState.FAILED
    (failed,) = world.steps(StepState.FAILED)
    assert failed.attempts == 3


def test_an_experiment_asked_for_again_after_a_failure_tries_again(
    world: World, ready: str
) -> None:
    world.experiment(ready)
    world.settle(fails_on(Kind.TRAIN_SEGMENTER, lambda: RuntimeError("a bug")))

    again = world.experiment(ready)
    world.settle()

    assert world.state(again).state is WishState.SUCCEEDED


def test_cancelling_flags_running_steps_that_nobody_else_wants(world: World, ready: str) -> None:
    experiment = world.experiment(ready)
    world.tick()
    running = world.queue.take()
    world.coordinator.acquire_lease(running.step_id, "worker")

    world.cancel(experiment)
    world.tick()

    assert world.coordinator.cancelled(running.step_id)


def test_a_step_that_another_experiment_wants_is_not_cancelled(world: World, ready: str) -> None:
    first, second = world.experiment(ready), world.experiment(ready)
    world.tick()
    running = world.queue.take()
    world.coordinator.acquire_lease(running.step_id, "worker")

    world.cancel(first)
    world.tick()

    assert not world.coordinator.cancelled(running.step_id)
    world.coordinator.leases.clear()
    world.settle()
    assert world.state(second).state is WishState.SUCCEEDED


def test_a_cancelled_experiment_asked_for_again_goes_on(world: World, ready: str) -> None:
    first = world.experiment(ready)
    world.tick()
    world.cancel(first)
    world.tick()
    world.work()

    again = world.experiment(ready)
    world.settle()

    assert world.state(again).state is WishState.SUCCEEDED


def test_manifests_that_a_lost_database_forgot_are_found_again(
    world: World, ready: str, tmp_path: Path
) -> None:
    world.experiment(ready)
    world.settle()
    folder = tmp_path / "second"
    folder.mkdir()
    other = World(folder)
    other.store = world.store
    other.cache = InputCache(world.store, folder / "cache2", limit_bytes=1 << 20)
    other.restart()

    dataset = other.dataset()
    other.settle()
    experiment = other.experiment(dataset)
    other.settle()

    assert other.state(experiment).state is WishState.SUCCEEDED
    assert other.computed == []


def test_a_worker_that_cannot_import_its_work_fails_the_step_until_it_is_whole_again(
    world: World, ready: str
) -> None:
    broken = world.experiment(ready)
    world.settle(import_late("no_such_room.works:train"))

    repaired = world.experiment(ready)
    world.settle()

    state = world.state(broken)
    assert state.state is WishState.FAILED
    assert state.error is not None
    assert state.error["slug"] == "worker-broken"
    assert state.error["text"] == (
        f"The {QUEUES[Kind(state.error['kind'])]} worker on {socket.gethostname()} is not "
        "installed as it should be: importing no_such_room failed there; its log has the reason."
    )
    assert world.state(repaired).state is WishState.SUCCEEDED
