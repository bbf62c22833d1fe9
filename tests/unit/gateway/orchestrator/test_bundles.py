"""Which steps share a message: quick ones of a kind, in their order, and none that was tried."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, count

import pytest
from tests.unit.gateway.orchestrator_harness import MODEL, OrchestratorHarness, fails_on

from syntrust_core.contracts.base import Kind, Ref, StepMessage
from syntrust_core.contracts.experiment_steps import SynthesiseCase
from syntrust_core.errors import StoreUnavailable
from syntrust_gateway.orchestrator.scheduling.bundles import BUNDLE_S, MOST_IN_BUNDLE, Bundling
from syntrust_gateway.orchestrator.scheduling.fair_share import Chosen

NEXT = count(5000)  # no seed of another module's twins
QUICK_S = 0.001


def steps(number: int, kind: Kind = Kind.SCORE_CASES, owner: int = 1) -> list[Chosen]:
    return [Chosen(Ref(kind=kind, id=f"{next(NEXT):064x}"), owner) for _ in range(number)]


def sizes(
    chosen: list[Chosen],
    pace_s: Mapping[str, float],
    *,
    workers: int = 1,
    tried: frozenset[str] = frozenset(),
) -> list[int]:
    bundles = list(Bundling(pace_s, workers).bundle(chosen, tried))
    assert list(chain.from_iterable(bundles)) == chosen
    return [len(bundle) for bundle in bundles]


def test_steps_that_are_slow_or_unknown_go_alone() -> None:
    chosen = steps(4)

    assert sizes(chosen, {}) == [1, 1, 1, 1]
    assert sizes(chosen, {"score_cases": 0.6 * BUNDLE_S}) == [1, 1, 1, 1]
    assert sizes(chosen, {"score_cases": 3600.0}) == [1, 1, 1, 1]


def test_a_message_has_so_many_steps_as_take_half_a_second_and_no_more_than_its_bound() -> None:
    assert sizes(steps(40), {"score_cases": 0.1}) == [5] * 8
    assert sizes(steps(200), {"score_cases": 0.0}) == [MOST_IN_BUNDLE] * 6 + [8]


def test_each_worker_gets_a_message_before_one_gets_many_steps() -> None:
    assert sizes(steps(8), {"score_cases": QUICK_S}, workers=4) == [1] * 8
    assert sizes(steps(64), {"score_cases": QUICK_S}, workers=4) == [8] * 8


def test_steps_of_different_kinds_never_share_a_message_and_keep_their_order() -> None:
    chosen = [*steps(4), *steps(2, Kind.COMPARE_TWIN), *steps(4)]
    pace_s = {"score_cases": QUICK_S, "compare_twin": 60.0}

    assert sizes(chosen, pace_s) == [2, 2, 1, 1, 2, 2]


def test_clients_that_take_turns_share_messages_in_the_order_of_their_turns() -> None:
    pairs = zip(steps(8, owner=1), steps(8, owner=2), strict=True)

    assert sizes(list(chain.from_iterable(pairs)), {"score_cases": QUICK_S}) == [8, 8]


def test_a_step_that_was_tried_before_goes_alone() -> None:
    chosen = steps(9)
    tried = frozenset({chosen[4].ref.id})

    assert sizes(chosen, {"score_cases": QUICK_S}, tried=tried) == [2, 2, 1, 2, 2]


@pytest.fixture
def inspected(harness: OrchestratorHarness, ready: str) -> str:
    assert ready
    return str(harness.case("p0").step)


def make_twins(inspected: str, number: int) -> list[StepMessage]:
    return [
        SynthesiseCase(case=inspected, generator=MODEL, sampler="ddim", steps=5, seed=next(NEXT))
        for _ in range(number)
    ]


def send_quick_twins(harness: OrchestratorHarness, inspected: str, number: int = 20) -> list[str]:
    """Let steps of the kind be known as quick, and more of them be sent; give the first message."""
    harness.job(*make_twins(inspected, 2))
    harness.drain()
    harness.queue.bundles.clear()
    harness.job(*make_twins(inspected, number))
    harness.tick()
    return harness.queue.bundles[0]


def test_quick_steps_share_messages_once_their_kind_is_known_as_quick(
    harness: OrchestratorHarness, inspected: str
) -> None:
    first = send_quick_twins(harness, inspected)

    assert len(first) == 10
    assert all(map(harness.coordinator.is_queued, first))
    harness.drain()
    assert len(harness.computed) == len(set(harness.computed))


def test_the_steps_of_a_lost_message_are_sent_again_each_alone(
    harness: OrchestratorHarness, inspected: str
) -> None:
    lost = send_quick_twins(harness, inspected)
    harness.queue.messages = [m for m in harness.queue.messages if m.step_id not in lost]
    harness.queue.bundles.clear()

    for _ in range(3):
        harness.tick()

    alone = [bundle for bundle in harness.queue.bundles if set(bundle) & set(lost)]
    assert sorted(alone) == sorted([step] for step in lost)
    harness.drain()
    assert len(harness.computed) == len(set(harness.computed))


def test_the_steps_behind_a_slow_one_are_sent_again_after_half_a_minute(
    harness: OrchestratorHarness, inspected: str
) -> None:
    slow, *behind = send_quick_twins(harness, inspected)
    taken = {slow, *behind}
    harness.queue.messages = [m for m in harness.queue.messages if m.step_id not in taken]
    harness.queue.taken = taken
    harness.coordinator.acquire_lease(slow, "a worker")
    harness.queue.bundles.clear()

    for _ in range(16):
        harness.tick()

    assert {tuple(bundle) for bundle in harness.queue.bundles} >= {(step,) for step in behind}
    assert [slow] not in harness.queue.bundles


def test_a_step_that_failed_in_a_shared_message_is_tried_again_alone(
    harness: OrchestratorHarness, inspected: str
) -> None:
    first = send_quick_twins(harness, inspected)
    harness.queue.bundles.clear()

    harness.work(fails_on(Kind.SYNTHESISE_CASE, lambda: StoreUnavailable("away")), limit=1)
    for _ in range(40):
        harness.tick()

    assert [bundle for bundle in harness.queue.bundles if first[0] in bundle] == [[first[0]]]
