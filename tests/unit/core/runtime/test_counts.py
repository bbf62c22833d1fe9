"""What is counted while a step runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from syntrust_core.contracts.base import StepMessage
from syntrust_core.contracts.experiment_steps import ScoreCases
from syntrust_core.errors import Cancelled, InvalidRequest, LeaseLost, StoreUnavailable
from syntrust_core.observability.counters import COUNTERS, parse_samples
from syntrust_core.runtime.runner import StepContext, StepHandler
from syntrust_core.testing import MemoryCoordinator, MemoryStore
from syntrust_core.testing.step_bench import StepBench

SCORE = ScoreCases(prediction="a" * 64, cases=("b" * 64,))
Counts = Callable[[str], dict[str, float]]


@pytest.fixture
def bench(tmp_path: Path) -> StepBench:
    COUNTERS.clear()
    return StepBench(tmp_path)


@pytest.fixture
def counts(bench: StepBench) -> Counts:
    """Give the sums of one name, by the last label or else by the part."""

    def read(name: str) -> dict[str, float]:
        bench.coordinator.send_counts()
        found = [s for s in parse_samples(bench.coordinator.counts) if s.name == name]
        return {s.part or dict(s.labels).get("outcome", ""): s.value for s in found}

    return read


def publish(_: StepMessage, context: StepContext) -> None:
    path = context.scratch / "scores.json"
    path.write_text("{}")
    context.add(path.name, path)


def raising(error: Exception) -> StepHandler:
    def work(_: StepMessage, __: StepContext) -> None:
        raise error

    return work


def test_every_attempt_is_counted_by_how_it_ended(bench: StepBench, counts: Counts) -> None:
    for error in (InvalidRequest("no"), Cancelled("stop"), ValueError("a bug")):
        bench.attempt(SCORE, raising(error))
    bench.attempt(SCORE, publish)
    bench.attempt(SCORE, publish)

    assert counts("syntrust_step_attempts") == {
        "already done": 1,
        "cancelled": 1,
        "done": 1,
        "failed": 2,
    }


def test_only_steps_that_are_done_are_timed(bench: StepBench, counts: Counts) -> None:
    bench.attempt(SCORE, raising(InvalidRequest("no")))
    assert counts("syntrust_step_seconds") == {}

    bench.attempt(SCORE, publish)

    assert counts("syntrust_step_seconds")["count"] == 1


def test_an_attempt_that_lost_its_lease_is_counted_as_such(
    bench: StepBench, counts: Counts
) -> None:
    bench.attempt(SCORE, raising(LeaseLost("gone")))

    assert counts("syntrust_lease_losses") == {"": 1}
    assert counts("syntrust_step_attempts") == {"held elsewhere": 1}


def test_an_attempt_that_could_not_begin_is_counted_as_such(
    tmp_path: Path, bench: StepBench, counts: Counts
) -> None:
    class Away(MemoryCoordinator):
        def acquire_lease(self, step: str, token: str) -> bool:
            raise StoreUnavailable("away")

    away = StepBench(tmp_path, store=MemoryStore(), coordinator=Away())
    with pytest.raises(StoreUnavailable):
        away.attempt(SCORE, publish)

    assert counts("syntrust_step_attempts") == {"not begun": 1}
