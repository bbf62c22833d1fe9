"""What any `StepCoordinator` promises of many steps at once: the real one and its double."""

from __future__ import annotations

from uuid import uuid4

import pytest

from syntrust_core.observability.clocks import MOST_SKEW_S
from syntrust_core.observability.counters import COUNTERS
from syntrust_core.observability.gpus import Gpu
from syntrust_core.runtime.coordination import RedisCoordinator, StepCoordinator, Taking
from syntrust_core.testing import MemoryCoordinator


@pytest.fixture(params=["redis", "memory"])
def coordinator(request: pytest.FixtureRequest) -> StepCoordinator:
    if request.param == "memory":
        return MemoryCoordinator()
    return RedisCoordinator.at(request.getfixturevalue("valkey_url"))


def new_steps(number: int) -> list[str]:
    return [uuid4().hex for _ in range(number)]


def test_marks_and_leases_of_many_steps_are_looked_up_at_once(
    coordinator: StepCoordinator,
) -> None:
    queued, leased, unknown = new_steps(3)
    coordinator.set_queued(queued)
    coordinator.acquire_lease(leased, "token")

    assert coordinator.look_up([unknown, leased, queued]) == ({queued}, {leased})
    assert coordinator.look_up([]) == (set(), set())


def test_many_steps_are_marked_but_none_that_has_a_lease(coordinator: StepCoordinator) -> None:
    first, second, leased = new_steps(3)
    coordinator.acquire_lease(leased, "token")

    coordinator.set_all_queued([first, second, leased])
    coordinator.set_all_queued([])

    assert coordinator.look_up([first, second, leased])[0] == {first, second}


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_a_lease_to_be_released_soon_goes_with_the_next_that_is_asked_for(
    coordinator: StepCoordinator,
    is_cancelled: bool,  # noqa: FBT001 - a parameter
) -> None:
    first, second = new_steps(2)
    if is_cancelled:
        coordinator.cancel(second)
    coordinator.take_lease(first, "token")
    coordinator.release_soon(first, "token")

    coordinator.take_lease(second, "other")

    assert not coordinator.has_lease(first)
    assert coordinator.has_lease(second) is not is_cancelled


def test_leases_to_be_released_soon_go_at_once_when_no_other_follows(
    coordinator: StepCoordinator,
) -> None:
    steps = new_steps(2)
    for step in steps:
        coordinator.take_lease(step, "token")
    for step in steps:
        coordinator.release_soon(step, "token")

    coordinator.release_due()
    coordinator.release_due()

    assert coordinator.look_up(steps) == (set(), set())


def test_a_lease_that_another_has_taken_meanwhile_is_not_released(
    coordinator: StepCoordinator,
) -> None:
    first, second, third = new_steps(3)
    coordinator.take_lease(first, "token")
    coordinator.release_lease(first, "token")
    coordinator.take_lease(first, "another worker's")

    coordinator.release_soon(first, "token")
    coordinator.take_lease(second, "token")
    coordinator.release_soon(first, "token")
    coordinator.release_due()

    assert coordinator.look_up([first, second, third])[1] == {first, second}


def test_a_renewal_keeps_marks_and_brings_none_back(coordinator: StepCoordinator) -> None:
    marked, taken = new_steps(2)
    coordinator.set_all_queued([marked, taken])
    coordinator.acquire_lease(taken, "token")
    coordinator.release_lease(taken, "token")

    coordinator.renew_queued([marked, taken])
    coordinator.renew_queued([])

    assert coordinator.look_up([marked, taken]) == ({marked}, set())


def test_cancel_flags_of_many_steps_are_taken_back_at_once(coordinator: StepCoordinator) -> None:
    first, second, other = new_steps(3)
    for step in (first, second, other):
        coordinator.cancel(step)

    coordinator.uncancel_all([first, second])
    coordinator.uncancel_all([])

    assert [coordinator.cancelled(step) for step in (first, second, other)] == [False, False, True]


def test_a_coordinator_that_lost_everything_says_so_once(coordinator: StepCoordinator) -> None:
    if isinstance(coordinator, MemoryCoordinator):
        coordinator.lose_everything()
    else:
        assert isinstance(coordinator, RedisCoordinator)
        coordinator._redis.flushall()

    assert coordinator.was_emptied()
    assert not coordinator.was_emptied()


def test_what_a_process_has_counted_is_added_to_the_sums_once(
    coordinator: StepCoordinator,
) -> None:
    name = f"tries_{uuid4().hex}"
    COUNTERS.add(name, kind="a")
    coordinator.send_counts()
    coordinator.send_counts()
    COUNTERS.add(name, kind="a")
    coordinator.send_counts()

    found = [sample for sample in coordinator.read_counts() if sample.name == name]

    assert [(sample.labels, sample.value) for sample in found] == [((("kind", "a"),), 2)]


def test_the_gpus_of_a_machine_are_the_last_that_were_reported(
    coordinator: StepCoordinator,
) -> None:
    before, now = (
        Gpu(index=0, utilisation=share, memory_used_bytes=1, memory_total_bytes=2)
        for share in (0.1, 0.9)
    )
    host = uuid4().hex
    coordinator.report_gpus(host, [before])
    coordinator.report_gpus(host, [now])

    assert coordinator.gpus()[host] == [now]


def test_a_clock_that_is_right_is_told_as_such(coordinator: StepCoordinator) -> None:
    process = uuid4().hex
    coordinator.report_clock(process)

    assert abs(coordinator.clocks()[process]) < MOST_SKEW_S


def test_a_cancelled_step_gets_no_lease_and_loses_its_mark(coordinator: StepCoordinator) -> None:
    (step,) = new_steps(1)
    coordinator.set_queued(step)
    coordinator.cancel(step)

    assert coordinator.take_lease(step, "token") is Taking.CANCELLED

    assert not coordinator.has_lease(step)
    assert not coordinator.is_queued(step)


def test_a_lease_is_taken_once_and_still_renewed_after_a_cancel(
    coordinator: StepCoordinator,
) -> None:
    (step,) = new_steps(1)

    assert coordinator.take_lease(step, "first") is Taking.OURS
    coordinator.cancel(step)

    assert coordinator.take_lease(step, "second") is Taking.HELD_ELSEWHERE
    assert coordinator.acquire_lease(step, "first")
