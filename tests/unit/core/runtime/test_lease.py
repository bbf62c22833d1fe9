"""The keeper of a lease: what a step hears, and when its process is ended."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.errors import Cancelled, LeaseLost, QueueUnavailable, Stopping, StoreUnavailable
from syntrust_core.runtime.attempt_records import describe_run
from syntrust_core.runtime.context import StepContext
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.lease import CANCEL_GRACE_S, LeaseKeeper, patience_s
from syntrust_core.runtime.step_process import InProcess
from syntrust_core.testing import MemoryCoordinator, MemoryStore

REF = Ref(kind=Kind.TRAIN_SEGMENTER, id="a" * 64)


class Process(InProcess):
    """A process that the test tells to stop; it remembers what was done to it."""

    stop_grace_s = 20.0

    def __init__(self) -> None:
        self.told = False
        self.kills = self.signs = 0

    def stopping(self) -> bool:
        return self.told

    def sign(self, ref: Ref, attempt: str) -> None:
        assert ref == REF
        self.signs += 1

    def kill(self) -> None:
        self.kills += 1


class FlakyCoordinator(MemoryCoordinator):
    away = False

    def acquire_lease(self, step: str, token: str) -> bool:
        if self.away:
            raise QueueUnavailable("away")
        return super().acquire_lease(step, token)


class Run:
    """A running step and its keeper, without the thread."""

    def __init__(self, folder: Path, store: MemoryStore) -> None:
        self.store, self.coordinator, self.process = store, FlakyCoordinator(), Process()
        self.context = StepContext(
            REF,
            store=store,
            coordinator=self.coordinator,
            cache=InputCache(store, folder / "cache", limit_bytes=0),
            scratch=folder / "scratch",
            threads=1,
            process=self.process,
        )
        self.ended = threading.Event()
        self.keeper = LeaseKeeper(self.context, self.coordinator, store, self.ended)
        self.coordinator.acquire_lease(REF.id, self.context.attempt)
        self.context.records.begin(describe_run())

    def look(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            self.keeper.look(1.0)

    def attempts(self) -> int:
        return len(list(self.store.list(REF.attempts_prefix)))

    def errors(self) -> list[dict[str, Any]]:
        return [json.loads(self.store.get(item.key)) for item in self.store.list(REF.errors_prefix)]


@pytest.fixture
def run(tmp_path: Path, store: MemoryStore) -> Run:
    return Run(tmp_path, store)


def test_a_step_that_reports_runs_for_as_long_as_it_takes(run: Run) -> None:
    for done in range(100):
        run.look(60)
        run.context.report(done, 100)

    assert run.process.kills == 0
    assert run.process.signs == 6000


def test_a_lease_that_the_queue_server_forgot_is_taken_again_at_once(run: Run) -> None:
    run.look(1)
    run.coordinator.lose_everything()

    run.look(1)

    assert run.coordinator.leases == {REF.id: run.context.attempt}


def test_the_lease_is_renewed_long_before_it_runs_out(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed: list[str] = []

    def renew(step: str, _: str) -> bool:
        renewed.append(step)
        return True

    monkeypatch.setattr(run.coordinator, "acquire_lease", renew)

    run.look(60)

    assert len(renewed) == 4


def test_a_lease_lost_while_the_queue_server_was_away_is_noticed_when_it_is_back(run: Run) -> None:
    run.coordinator.away = True
    run.look(70)
    run.context.report(1, 2)
    run.coordinator.leases[REF.id] = "another"

    run.coordinator.away = False
    run.look(1)

    with pytest.raises(LeaseLost):
        run.context.report(1, 2)


def test_a_worker_that_wakes_after_another_has_published_stops(run: Run) -> None:
    run.coordinator.lose_everything()
    run.store.put(REF.manifest_key, b"the winner's")

    run.keeper.look(600.0)

    with pytest.raises(LeaseLost):
        run.context.check()


def test_a_step_that_was_stopped_for_long_has_not_stood_still(run: Run) -> None:
    run.keeper.look(1.0)

    run.keeper.look(24 * 3600.0)

    assert run.process.kills == 0


def test_a_step_that_stands_still_is_recorded_and_its_process_ended(run: Run) -> None:
    run.look(patience_s(REF.kind) + 1)
    assert run.process.kills == 0

    run.look(2)

    assert run.process.kills > 0
    assert [error["slug"] for error in run.errors()] == ["stalled"] * len(run.errors())
    assert run.errors()[0]["fault"] == "world"
    assert "30 minutes" in run.errors()[0]["text"]
    assert run.attempts() == 1
    assert run.coordinator.leases == {}


def test_each_kind_has_its_patience_and_a_slow_machine_more_of_it() -> None:
    assert patience_s(Kind.INSPECT_CASE) < patience_s(Kind.TRAIN_GENERATOR)
    assert patience_s("a kind of later") == patience_s(Kind.TRAIN_GENERATOR)
    assert patience_s(Kind.INSPECT_CASE, 3.0) == 3 * patience_s(Kind.INSPECT_CASE)


def test_a_cancelled_step_hears_of_it_and_is_killed_after_five_seconds_uncounted(run: Run) -> None:
    run.coordinator.cancel(REF.id)
    run.look(1)
    with pytest.raises(Cancelled):
        run.context.check()
    assert run.process.kills == 0

    run.look(CANCEL_GRACE_S)

    assert run.process.kills == 1
    assert run.attempts() == 0
    assert run.coordinator.leases == {}


def test_a_cancel_that_is_taken_back_in_time_changes_nothing(run: Run) -> None:
    for _ in range(3):
        run.coordinator.cancel(REF.id)
        run.look(CANCEL_GRACE_S - 1)
        run.coordinator.uncancel_all([REF.id])
        run.look(1)

    run.context.report(1, 2)
    assert run.process.kills == 0


def test_a_step_that_does_not_stop_with_its_worker_is_killed_uncounted(run: Run) -> None:
    run.process.told = True
    run.look(1)
    with pytest.raises(Stopping):
        run.context.report(1, 2)
    run.context.report(2, 2)  # only publishing is left

    run.look(20)

    assert run.process.kills == 1
    assert run.attempts() == 0


def test_a_step_that_ends_while_its_last_words_are_written_is_not_killed(run: Run) -> None:
    run.coordinator.cancel(REF.id)
    run.ended.set()

    run.look(CANCEL_GRACE_S + 2)

    assert run.process.kills == 0


def test_a_store_that_is_away_does_not_save_a_step_from_its_end(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: str) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(run.store, "delete", away)
    run.coordinator.cancel(REF.id)

    run.look(CANCEL_GRACE_S + 1)

    assert run.process.kills == 1


def test_nothing_of_a_forgotten_attempt_is_written_any_more(run: Run) -> None:
    run.context.records.forget()
    run.context.records.mark_progress()

    assert list(run.store.list(REF.prefix)) == []
