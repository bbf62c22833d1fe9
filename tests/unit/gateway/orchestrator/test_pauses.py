"""How long the orchestrator waits between two looks."""

from __future__ import annotations

from tests.unit.gateway.orchestrator_harness import OrchestratorHarness

from syntrust_gateway.orchestrator.process import MANY, pause_s


def test_it_looks_again_soon_after_a_change_and_later_if_many_steps_end() -> None:
    quiet = pause_s(0, 0, is_busy=False)
    busy = pause_s(MANY - 1, 100, is_busy=True)
    crowded = pause_s(MANY, 100, is_busy=True)

    assert busy < crowded <= quiet


def test_it_looks_again_soon_where_a_queue_may_run_dry() -> None:
    assert pause_s(51, 100, is_busy=True) < pause_s(50, 100, is_busy=True)


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
