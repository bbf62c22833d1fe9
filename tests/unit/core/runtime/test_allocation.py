"""Which steps a worker begins whose time ends, and with which exit code it leaves."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from syntrust_core.contracts.base import Kind, Queue
from syntrust_core.contracts.experiment_steps import ScoreCases
from syntrust_core.errors import Stopping
from syntrust_core.runtime.departure.allocation import Allocation, StepTimes
from syntrust_core.runtime.departure.departure import Departure
from syntrust_core.runtime.runner import Outcome
from syntrust_core.settings import WorkerSettings
from syntrust_core.testing.step_bench import StepBench
from syntrust_core.worker_command import parse_time

KINDS = (Kind.SCORE_CASES, Kind.SCORE_VOLUMES)
MESSAGE = ScoreCases(prediction="a" * 64, cases=("b" * 64,))
CONTEXT: Any = None  # a handler's business


class Time:
    now_s = 1000.0


@pytest.fixture
def allocation() -> Allocation:
    """100 s; a step of an unknown kind is taken to need 30."""
    return Allocation(1100.0, 30.0, KINDS, clock=lambda: Time.now_s)


@pytest.fixture(autouse=True)
def _begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Time, "now_s", 1000.0)


def begins(allocation: Allocation) -> bool:
    """Whether a step of the kind of `MESSAGE` is begun now."""
    begun = []
    try:
        allocation.guard(lambda message, _: begun.append(message))(MESSAGE, CONTEXT)
    except Stopping:
        return False
    return begun == [MESSAGE]


def test_before_its_first_step_a_worker_assumes_what_the_setting_says(
    allocation: Allocation,
) -> None:
    assert begins(allocation)

    Time.now_s = 1071.0

    assert allocation.is_short()
    assert not begins(allocation)


@pytest.mark.parametrize(("took_s", "begun"), [(49.0, 1), (51.0, 0)])
def test_a_step_is_begun_if_one_of_its_kind_would_have_ended_in_time(
    allocation: Allocation, took_s: float, begun: int
) -> None:
    allocation.note(Kind.SCORE_CASES, took_s)
    allocation.note(Kind.SCORE_CASES, 1.0)

    Time.now_s = 1050.0

    assert begins(allocation) == begun


def test_a_worker_leaves_only_if_no_kind_would_end_in_time(allocation: Allocation) -> None:
    allocation.note(Kind.SCORE_CASES, 80.0)
    Time.now_s = 1050.0

    assert not allocation.is_short()

    allocation.note(Kind.SCORE_VOLUMES, 60.0)

    assert allocation.is_short()


def test_after_one_step_that_would_not_end_in_time_none_is_begun(allocation: Allocation) -> None:
    for _ in range(5):
        allocation.note(Kind.SCORE_CASES, 101.0)
    assert not begins(allocation)

    for _ in range(5):
        allocation.note(Kind.SCORE_CASES, 1.0)

    assert allocation.is_short()
    assert not begins(allocation)


def test_only_the_last_five_steps_of_a_kind_count() -> None:
    times = StepTimes(KINDS)
    times.add(Kind.SCORE_VOLUMES, 90.0)
    for seconds in (7.0, 4.0, 5.0, 6.0, 3.0):
        times.add(Kind.SCORE_VOLUMES, seconds)

    assert times.longest(Kind.SCORE_VOLUMES) == 7.0
    assert times.longest(Kind.SCORE_CASES) is None


def test_a_parent_knows_what_the_steps_of_its_children_took(allocation: Allocation) -> None:
    if (child := os.fork()) == 0:
        allocation.note(Kind.SCORE_CASES, 12.0)
        os._exit(0)
    os.waitpid(child, 0)

    assert allocation.likely_s(Kind.SCORE_CASES) == 12.0


def test_a_step_that_is_likely_to_be_cut_off_is_given_back_uncounted(
    tmp_path: Path, allocation: Allocation
) -> None:
    bench = StepBench(tmp_path)
    Time.now_s = 1071.0

    outcome = bench.attempt(MESSAGE, allocation.guard(lambda *_: None))

    assert outcome is Outcome.GIVEN_BACK
    assert list(bench.store.list(MESSAGE.ref.prefix)) == []
    assert bench.coordinator.active() == set()


def departure(**settings: Any) -> Departure:
    return Departure(WorkerSettings(**settings), Queue.METRICS, KINDS)


def test_a_worker_whose_time_has_no_end_begins_every_step() -> None:
    def handler(*_: object) -> None: ...

    assert departure().guard(handler) is handler


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.GIVEN_BACK, Outcome.ALREADY_DONE])
def test_only_a_step_that_was_done_tells_how_long_its_kind_takes(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[Kind] = []
    monkeypatch.setattr(Allocation, "note", lambda _, kind, __: noted.append(kind))
    leaving = departure(ends_at=datetime.now(UTC) + timedelta(hours=1))

    assert leaving.timed(Kind.SCORE_CASES, lambda: outcome) is outcome
    leaving.timed(Kind.SCORE_VOLUMES, lambda: Outcome.DONE)

    assert noted == [Kind.SCORE_VOLUMES]


@pytest.mark.parametrize(
    "text", ["1798000000", "2026-12-23T04:26:40Z", "2026-12-23T05:26:40+01:00"]
)
def test_the_end_is_read_in_seconds_and_with_a_zone(text: str) -> None:
    assert parse_time(text) == datetime.fromtimestamp(1_798_000_000, UTC)
    given = WorkerSettings.model_validate({"ends_at": text})
    assert given.ends_at == parse_time(text)


@pytest.mark.parametrize("text", ["2026-12-23T04:26:40", "soon", ""])
def test_an_end_without_a_zone_is_refused_and_none_is_guessed(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="seconds since 1970"):
        parse_time(text)
    with pytest.raises(ValidationError):
        WorkerSettings.model_validate({"ends_at": text})
