"""What an attempt leaves behind when it progresses, stops, loses, or a server is away."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from syntrust_core.contracts.base import Manifest, Ref, StepMessage
from syntrust_core.contracts.experiment_steps import ScoreCases
from syntrust_core.errors import InvalidVolume, LeaseLost, QueueUnavailable, StoreUnavailable
from syntrust_core.runtime.runner import Outcome, StepContext, StepServers, run_step
from syntrust_core.runtime.step_process import InProcess
from syntrust_core.runtime.worker import refuse_message
from syntrust_core.testing import MemoryCoordinator, MemoryStore
from syntrust_core.testing.step_bench import StepBench

MESSAGE = ScoreCases(prediction="a" * 64, cases=("b" * 64,))
REF = MESSAGE.ref


class FlakyStore(MemoryStore):
    """A store that fails as often as the test says, at the keys that it says."""

    def __init__(self) -> None:
        super().__init__()
        self.failures, self.at = 0, ""

    def _fail(self, key: str) -> None:
        if self.failures and self.at in key:
            self.failures -= 1
            raise StoreUnavailable("away")

    def put(self, key: str, data: bytes, *, content_type: str = "") -> None:
        self._fail(key)
        super().put(key, data, content_type=content_type)

    def info(self, key: str) -> Any:
        self._fail(key)
        return super().info(key)

    def exists(self, key: str) -> bool:
        return self.info(key) is not None

    def get(self, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
        self._fail(key)
        return super().get(key, offset=offset, length=length)


class Stopping(InProcess):
    told = False

    def stopping(self) -> bool:
        return self.told


@pytest.fixture
def store() -> FlakyStore:
    return FlakyStore()


@pytest.fixture
def bench(store: FlakyStore, coordinator: MemoryCoordinator, tmp_path: Path) -> StepBench:
    return StepBench(tmp_path, store=store, coordinator=coordinator)


def write_one(_: StepMessage, context: StepContext) -> None:
    path = context.scratch / "a.txt"
    path.write_text("a")
    context.add("a.txt", path)


def keeps(*iterations: int, then: Callable[[], None]) -> Callable[[StepMessage, StepContext], None]:
    def train(_: StepMessage, context: StepContext) -> None:
        state = context.scratch / "state"
        context.load_checkpoint(state)
        for iteration in iterations:
            state.write_text(str(iteration))
            context.save_checkpoint(state, iteration)
        then()

    return train


def break_down(_: StepMessage, __: StepContext) -> None:
    raise RuntimeError("a bug")


def die() -> None:
    raise KeyboardInterrupt


def names(store: MemoryStore, prefix: str) -> set[str]:
    return {item.key.removeprefix(prefix).removesuffix(".json") for item in store.list(prefix)}


def test_an_attempt_that_keeps_more_than_it_began_from_has_progressed(
    bench: StepBench, store: FlakyStore
) -> None:
    for train in (keeps(then=die), keeps(5, 6, then=die), keeps(6, then=die), keeps(7, then=die)):
        with pytest.raises(KeyboardInterrupt):
            bench.attempt(MESSAGE, train)

    attempts = names(store, REF.attempts_prefix)
    progressed = names(store, REF.progress_prefix)
    before = [
        set(json.loads(store.get(REF.progress_key(attempt)))["before"]) for attempt in progressed
    ]
    assert len(attempts) == 4
    assert len(progressed) == 2
    assert sorted(map(len, before)) == [1, 3]
    assert all(found <= attempts - {own} for found, own in zip(before, progressed, strict=True))


def test_a_checkpoint_that_the_store_did_not_take_does_not_end_the_training(
    bench: StepBench, store: FlakyStore
) -> None:
    def train(message: StepMessage, context: StepContext) -> None:
        store.failures, store.at = 1, "checkpoints/"
        keeps(5, then=lambda: None)(message, context)
        write_one(message, context)

    assert bench.attempt(MESSAGE, train) is Outcome.DONE


def test_an_attempt_that_lost_its_lease_writes_no_checkpoint_and_no_live_artifact(
    bench: StepBench, store: FlakyStore, coordinator: MemoryCoordinator
) -> None:
    def train(_: StepMessage, context: StepContext) -> None:
        coordinator.leases[REF.id] = "another"
        path = context.scratch / "x"
        path.write_text("x")
        with pytest.raises(LeaseLost):
            context.save_live_artifact("x", path)
        context.save_checkpoint(path, 1)

    assert bench.attempt(MESSAGE, train) is Outcome.HELD_ELSEWHERE
    assert len(list(store.list(REF.prefix))) == 1
    assert coordinator.leases == {REF.id: "another"}


def test_an_attempt_that_lost_its_lease_before_the_manifest_does_not_publish(
    bench: StepBench, store: FlakyStore, coordinator: MemoryCoordinator
) -> None:
    def compute(message: StepMessage, context: StepContext) -> None:
        write_one(message, context)
        coordinator.leases[REF.id] = "another"

    assert bench.attempt(MESSAGE, compute) is Outcome.HELD_ELSEWHERE
    assert not store.exists(REF.manifest_key)


def test_the_files_of_a_loser_are_removed(bench: StepBench, store: FlakyStore) -> None:
    def beaten(message: StepMessage, context: StepContext) -> None:
        write_one(message, context)
        other = StepBench(bench.scratch / "other", store=store)
        other.scratch.mkdir()
        other.attempt(MESSAGE, write_one)

    assert bench.attempt(MESSAGE, beaten) is Outcome.ALREADY_DONE
    manifest = Manifest.model_validate_json(store.get(REF.manifest_key))
    files = {key for key in names(store, REF.prefix) if key.endswith("a.txt")}
    assert files == {f"/{manifest.attempt}/a.txt"}


def test_a_manifest_whose_receipt_was_lost_is_still_ours(
    coordinator: MemoryCoordinator, tmp_path: Path
) -> None:
    class Forgetful(MemoryStore):
        def create(self, key: str, data: bytes, *, content_type: str = "") -> bool:
            assert super().create(key, data, content_type=content_type)
            return False  # what a second try of the request answers

    store = Forgetful()
    bench = StepBench(tmp_path, store=store, coordinator=coordinator)

    manifest = bench.run(MESSAGE, write_one)

    assert bench.read(manifest, "a.txt") == b"a"


@pytest.mark.parametrize("at", ["manifest.json", "attempts/", "a.txt", "errors/"])
def test_a_store_that_comes_back_costs_no_attempt(
    bench: StepBench, store: FlakyStore, at: str
) -> None:
    store.failures, store.at = 5, at
    fails = at == "errors/"

    outcome = bench.attempt(MESSAGE, break_down if fails else write_one)

    assert outcome is (Outcome.FAILED if fails else Outcome.DONE)
    assert store.failures == 0
    assert len(names(store, REF.attempts_prefix)) == 1
    assert len(names(store, REF.errors_prefix)) == fails


def test_a_step_that_cannot_begin_leaves_neither_lease_nor_mark_nor_attempt(
    bench: StepBench, store: FlakyStore, coordinator: MemoryCoordinator
) -> None:
    coordinator.set_queued(REF.id)
    store.failures, store.at = 1000, "manifest.json"

    with pytest.raises(StoreUnavailable):
        bench.attempt(MESSAGE, write_one)

    assert coordinator.active() == set()
    assert store.writes == []


def test_a_message_for_a_step_that_runs_elsewhere_takes_its_mark_with_it(
    bench: StepBench, coordinator: MemoryCoordinator
) -> None:
    coordinator.set_queued(REF.id)
    coordinator.leases[REF.id] = "another"

    assert bench.attempt(MESSAGE, write_one) is Outcome.HELD_ELSEWHERE
    assert not coordinator.is_queued(REF.id)


def test_a_step_whose_worker_ends_is_given_back_uncounted(
    bench: StepBench, store: FlakyStore, coordinator: MemoryCoordinator
) -> None:
    process = Stopping()

    def work(_: StepMessage, context: StepContext) -> None:
        process.told = True
        context.report(1, 2)
        pytest.fail("the work went on")

    def run(handler: Callable[[StepMessage, StepContext], None]) -> Outcome:
        return run_step(
            MESSAGE,
            handler,
            store=store,
            coordinator=coordinator,
            cache=bench.cache,
            scratch=bench.scratch,
            process=process,
        )

    assert run(work) is Outcome.GIVEN_BACK
    assert run(write_one) is Outcome.GIVEN_BACK  # it does not even begin
    assert list(store.list(REF.prefix)) == []
    assert coordinator.active() == set()


def test_a_step_that_is_given_back_before_it_began_asks_nothing_of_the_store(
    bench: StepBench, coordinator: MemoryCoordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(bench.store, "delete", asked.append)
    process = Stopping()
    process.told = True

    outcome = run_step(
        MESSAGE,
        write_one,
        store=bench.store,
        coordinator=coordinator,
        cache=bench.cache,
        scratch=bench.scratch,
        process=process,
    )

    assert outcome is Outcome.GIVEN_BACK
    assert asked == []


def test_a_disk_without_room_is_no_bug(bench: StepBench, store: FlakyStore) -> None:
    def fill(_: StepMessage, __: StepContext) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/scratch/patient-7.nii.gz")

    assert bench.attempt(MESSAGE, fill) is Outcome.FAILED
    (error,) = bench.read_errors(REF)
    assert (error.fault, error.slug) == ("world", "worker-disk-full")
    assert "patient" not in error.text


def test_a_message_that_cannot_be_read_counts_and_names_the_worker(
    bench: StepBench, store: FlakyStore, coordinator: MemoryCoordinator, tmp_path: Path
) -> None:
    later: Any = "a_kind_of_later"
    ref = Ref.model_construct(kind=later, id=REF.id)
    coordinator.set_queued(REF.id)

    refuse_message(ref, StepServers(store, coordinator, bench.cache, tmp_path))

    (attempt,) = names(store, f"artifacts/{later}/{REF.id}/attempts/")
    error = json.loads(store.get(f"artifacts/{later}/{REF.id}/errors/{attempt}.json"))
    assert (error["fault"], error["slug"]) == ("world", "message-not-understood")
    assert "syntrust-core" in error["text"]
    assert later in error["text"]
    assert coordinator.active() == set()


def test_every_line_of_a_step_names_it_and_none_a_patient(bench: StepBench) -> None:
    def refuse(_: StepMessage, __: StepContext) -> None:
        raise InvalidVolume("Case MUELLER_1956: t1 is empty.", file="t1", field="shape")

    with capture_logs(processors=[merge_contextvars]) as lines:
        bench.attempt(MESSAGE, refuse)

    assert [line["event"] for line in lines] == ["step.started", "step.failed"]
    assert all(line["step"] == REF.id and line["kind"] == REF.kind for line in lines)
    assert len({line["attempt"] for line in lines}) == 1
    assert "MUELLER" not in str(lines)


def test_a_queue_server_that_comes_back_gives_the_lease(store: FlakyStore, tmp_path: Path) -> None:
    class ComesBack(MemoryCoordinator):
        failures = 3

        def acquire_lease(self, step: str, token: str) -> bool:
            if self.failures:
                self.failures -= 1
                raise QueueUnavailable("away")
            return super().acquire_lease(step, token)

    bench = StepBench(tmp_path, store=store, coordinator=ComesBack())

    assert bench.attempt(MESSAGE, write_one) is Outcome.DONE


def test_a_report_is_not_held_up_twice_by_a_queue_server_without_an_answer(
    store: FlakyStore, tmp_path: Path
) -> None:
    class Hanging(MemoryCoordinator):
        asked = 0

        def report(self, step: str, progress: object) -> None:
            self.asked += 1
            raise QueueUnavailable("away")

    coordinator = Hanging()
    bench = StepBench(tmp_path, store=store, coordinator=coordinator)

    def work(message: StepMessage, context: StepContext) -> None:
        for done in range(1000):
            context.report(done, 1001)
        write_one(message, context)

    assert bench.attempt(MESSAGE, work) is Outcome.DONE
    assert coordinator.asked == 1


def test_waiting_for_a_store_ends_when_the_step_is_cancelled(
    bench: StepBench, store: FlakyStore, coordinator: MemoryCoordinator
) -> None:
    def work(message: StepMessage, context: StepContext) -> None:
        write_one(message, context)
        context.cancelled.set()
        store.failures, store.at = 1, "a.txt"

    assert bench.attempt(MESSAGE, work) is Outcome.CANCELLED
    assert names(store, REF.attempts_prefix) == set()
