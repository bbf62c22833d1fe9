"""How long the orchestrator waits between two looks."""

from __future__ import annotations

import pytest
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness

from syntrust_gateway.orchestrator import loop
from syntrust_gateway.orchestrator.process import (
    MANY,
    PAUSE_WHILE_BUSY_S,
    PAUSE_WHILE_MANY_END_S,
    pause_s,
)


def test_it_looks_again_soon_after_a_change_and_later_if_many_steps_end() -> None:
    quiet = pause_s(0, 0, 0.5, is_busy=False)
    busy = pause_s(MANY - 1, 100, 0.5, is_busy=True)
    crowded = pause_s(MANY, 100, 0.5, is_busy=True)

    assert busy < crowded <= quiet


def test_half_of_what_is_in_flight_lasts_through_the_pause_at_the_pace_of_the_last_tick() -> None:
    assert pause_s(100, 200, 0.2, is_busy=True) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("in_flight", "pause"), [(10**6, PAUSE_WHILE_MANY_END_S), (0, PAUSE_WHILE_BUSY_S)]
)
def test_the_pause_after_many_ends_is_neither_longer_nor_shorter_than_its_bounds(
    in_flight: int, pause: float
) -> None:
    assert pause_s(100, in_flight, 0.2, is_busy=True) == pause


def test_the_steps_that_ended_in_a_tick_are_counted(
    harness: OrchestratorHarness, ready: str
) -> None:
    harness.experiment(ready)
    harness.tick()
    assert harness.orchestrator.ended == 0
    assert harness.orchestrator.in_flight > 0

    harness.work(limit=1)
    harness.tick()

    assert harness.orchestrator.ended == 1
    assert harness.orchestrator.elapsed_s == pytest.approx(2.1)


def test_what_is_left_to_be_planned_is_planned_in_the_pause(
    harness: OrchestratorHarness, ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "PLANNING_S", 0.0)
    runs = [harness.experiment(ready, name=name) for name in ("one", "other")]
    harness.orchestrator.tick()
    assert not all(harness.state(run).planned for run in runs)

    harness.orchestrator.use_pause(1.0)

    assert all(harness.state(run).planned for run in runs)
