from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from syntrust_core.contracts.base import Kind, Manifest, Ref, StepMessage, Upload
from syntrust_core.contracts.experiment_steps import InspectCase
from syntrust_core.errors import (
    InvalidRequest,
    InvalidVolume,
    ObjectDamaged,
    QueueUnavailable,
    StoreUnavailable,
)
from syntrust_core.files import file_sha256
from syntrust_core.runtime.device_lock import exclusive_lock
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.runner import (
    Outcome,
    StepContext,
    device_lock,
    publish_imported,
)
from syntrust_core.runtime.worker import import_late, remove_leftovers
from syntrust_core.testing import MemoryCoordinator, MemoryStore
from syntrust_core.testing.step_bench import StepBench


@pytest.fixture
def message() -> InspectCase:
    upload = Upload(key="uploads/d/1", bytes=3, sha256="a" * 64)
    return InspectCase(files={"t1": upload}, scheme="auto", grid="native")


@pytest.fixture
def bench(store: MemoryStore, coordinator: MemoryCoordinator, tmp_path: Path) -> StepBench:
    return StepBench(tmp_path, store=store, coordinator=coordinator)


def write_two(_: StepMessage, context: StepContext) -> None:
    for name in ("b.txt", "a.txt"):
        path = context.scratch / name
        path.write_text(name)
        context.add(name, path)
        context.report(1, 2)


def errors(store: MemoryStore, ref: Ref) -> list[dict[str, object]]:
    return [json.loads(store.get(item.key)) for item in store.list(ref.errors_prefix)]


def test_the_manifest_is_written_after_every_file(
    bench: StepBench, store: MemoryStore, message: InspectCase
) -> None:
    outcome = bench.attempt(message, write_two)

    assert outcome is Outcome.DONE
    manifest = Manifest.model_validate_json(store.get(message.ref.manifest_key))
    assert sorted(manifest.files) == ["a.txt", "b.txt"]
    assert store.writes[-1] == message.ref.manifest_key
    assert all(store.writes.index(file.key) < len(store.writes) for file in manifest.files.values())


def test_a_step_with_a_manifest_is_not_computed_again(
    bench: StepBench, message: InspectCase
) -> None:
    bench.attempt(message, write_two)

    def never(_: StepMessage, __: StepContext) -> None:
        pytest.fail("the step was computed twice")

    assert bench.attempt(message, never) is Outcome.ALREADY_DONE


def test_a_step_leased_elsewhere_is_left_alone(
    bench: StepBench, coordinator: MemoryCoordinator, store: MemoryStore, message: InspectCase
) -> None:
    coordinator.acquire_lease(message.step_id, "another")

    assert bench.attempt(message, write_two) is Outcome.HELD_ELSEWHERE
    assert store.writes == []


def test_taking_the_lease_removes_the_mark_and_ending_gives_it_back(
    bench: StepBench, coordinator: MemoryCoordinator, message: InspectCase
) -> None:
    coordinator.set_queued(message.step_id)

    def handler(_: StepMessage, __: StepContext) -> None:
        assert coordinator.has_lease(message.step_id)
        assert not coordinator.is_queued(message.step_id)

    bench.attempt(message, handler)

    assert not coordinator.has_lease(message.step_id)


def test_a_callers_fault_is_recorded_with_its_sentence(
    bench: StepBench, store: MemoryStore, message: InspectCase
) -> None:
    def handler(_: StepMessage, __: StepContext) -> None:
        raise InvalidRequest("The preset is unknown.")

    assert bench.attempt(message, handler) is Outcome.FAILED
    (error,) = errors(store, message.ref)
    assert (error["fault"], error["text"]) == ("caller", "The preset is unknown.")
    assert not store.exists(message.ref.manifest_key)


def test_the_text_of_a_bug_does_not_leave_the_worker(
    bench: StepBench, store: MemoryStore, message: InspectCase
) -> None:
    def handler(_: StepMessage, __: StepContext) -> None:
        raise RuntimeError("secret path /srv/patients")

    assert bench.attempt(message, handler) is Outcome.FAILED
    (error,) = errors(store, message.ref)
    assert (error["fault"], error["slug"]) == ("ours", "internal")
    assert "patients" not in str(error)


def test_a_cancelled_step_stops_at_its_next_report_and_does_not_count_as_an_attempt(
    bench: StepBench, store: MemoryStore, coordinator: MemoryCoordinator, message: InspectCase
) -> None:
    def handler(_: StepMessage, context: StepContext) -> None:
        coordinator.cancel(message.step_id)
        context.report(1, 1)
        pytest.fail("the work went on")

    assert bench.attempt(message, handler) is Outcome.CANCELLED
    assert list(store.list(message.ref.attempts_prefix)) == []
    assert not store.exists(message.ref.manifest_key)


def test_a_step_that_is_no_longer_wanted_is_not_begun(
    bench: StepBench, store: MemoryStore, coordinator: MemoryCoordinator, message: InspectCase
) -> None:
    coordinator.cancel(message.step_id)

    assert bench.attempt(message, write_two) is Outcome.CANCELLED
    assert store.writes == []


def test_an_attempt_that_lost_its_lease_publishes_nothing(
    bench: StepBench, store: MemoryStore, message: InspectCase
) -> None:
    def handler(_: StepMessage, context: StepContext) -> None:
        context.lost.set()
        context.report(1, 1)
        pytest.fail("the work went on")

    assert bench.attempt(message, handler) is Outcome.HELD_ELSEWHERE
    assert not store.exists(message.ref.manifest_key)


def test_a_worker_of_another_recipe_refuses_the_step(
    bench: StepBench, store: MemoryStore, message: InspectCase
) -> None:
    other = message.model_copy(update={"recipe": 99})

    assert bench.attempt(other, write_two) is Outcome.FAILED
    (error,) = errors(store, other.ref)
    assert error["slug"] == "wrong-recipe"


def test_the_loser_of_a_race_leaves_the_winners_manifest(
    bench: StepBench, store: MemoryStore, message: InspectCase
) -> None:
    def beaten(request: StepMessage, context: StepContext) -> None:
        store.put(request.ref.manifest_key, b"the winner's")
        write_two(request, context)

    bench.attempt(message, beaten)

    assert store.get(message.ref.manifest_key) == b"the winner's"


def test_the_work_goes_on_while_the_queue_server_is_away(
    store: MemoryStore, tmp_path: Path, message: InspectCase
) -> None:
    class AwayAfterTheLease(MemoryCoordinator):
        def report(self, step: str, progress: object) -> None:
            raise QueueUnavailable("away")

        def release(self, step: str, token: str) -> None:
            raise QueueUnavailable("away")

    bench = StepBench(tmp_path, store=store, coordinator=AwayAfterTheLease())

    assert bench.attempt(message, write_two) is Outcome.DONE


def test_nothing_of_a_step_stays_in_scratch(
    bench: StepBench, tmp_path: Path, message: InspectCase
) -> None:
    bench.attempt(message, write_two)

    assert list(tmp_path.iterdir()) == []


def test_inputs_are_checked_against_their_manifest(
    bench: StepBench, store: MemoryStore, tmp_path: Path
) -> None:
    ref = Ref(kind=Kind.IMPORTED_MODEL, id="c" * 64)
    path = tmp_path / "weights"
    path.write_bytes(b"weights")
    publish_imported(store, ref, {"weights": path})
    assert (bench.cache.folder(ref) / "weights").read_bytes() == b"weights"

    other = Ref(kind=Kind.IMPORTED_MODEL, id="d" * 64)
    publish_imported(store, other, {"weights": path})
    (key,) = [item.key for item in store.list(other.prefix) if item.key.endswith("/weights")]
    store.put(key, b"w3ights")

    with pytest.raises(ObjectDamaged):
        bench.cache.folder(other)
    with pytest.raises(ObjectDamaged):
        bench.cache.read(other, "weights")
    assert bench.cache.read(ref, "weights") == b"weights"


def test_the_cache_drops_what_was_used_longest_ago(store: MemoryStore, tmp_path: Path) -> None:
    cache = InputCache(store, tmp_path / "cache", limit_bytes=10)
    for letter in "abc":
        path = tmp_path / letter
        path.write_bytes(b"12345")
        publish_imported(store, Ref(kind=Kind.IMPORTED_MODEL, id=letter * 64), {"x": path})
        cache.folder(Ref(kind=Kind.IMPORTED_MODEL, id=letter * 64))

    cache.trim()

    kept = {folder.name[0] for folder in (tmp_path / "cache" / "imported_model").iterdir()}
    assert kept == {"b", "c"}


def test_an_upload_that_is_not_what_was_announced_names_its_role(
    bench: StepBench, store: MemoryStore, message: InspectCase
) -> None:
    store.put("uploads/d/1", b"xyz")

    def handler(request: StepMessage, context: StepContext) -> None:
        assert isinstance(request, InspectCase)
        with pytest.raises(InvalidVolume) as refusal:
            context.fetch_upload("t1", request.files["t1"], context.scratch / "t1")
        assert (refusal.value.file, refusal.value.field) == ("t1", "sha256")

    assert bench.attempt(message, handler) is Outcome.DONE


def test_a_checkpoint_outlives_the_attempt_that_kept_it(
    bench: StepBench, message: InspectCase
) -> None:
    def first(_: StepMessage, context: StepContext) -> None:
        state = context.scratch / "state"
        state.write_bytes(b"iteration 7")
        context.save_checkpoint(state, 7)
        raise StoreUnavailable("away")

    def second(_: StepMessage, context: StepContext) -> None:
        state = context.scratch / "state"
        assert context.load_checkpoint(state)
        assert state.read_bytes() == b"iteration 7"

    assert bench.attempt(message, first) is Outcome.FAILED
    assert bench.attempt(message, second) is Outcome.DONE
    assert list(bench.store.list(message.ref.checkpoints_prefix)) == []


def test_a_file_has_one_digest(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")

    assert file_sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_an_attempt_counts_before_its_work_is_imported(
    bench: StepBench, store: MemoryStore, message: InspectCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench.scratch / "late_work.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(bench.scratch)

    outcome = bench.attempt(message, import_late("late_work:inspect"))

    assert outcome is Outcome.BROKEN
    (error,) = errors(store, message.ref)
    assert (error["fault"], error["slug"]) == ("world", "worker-broken")
    assert "metrics worker" in str(error["text"])
    assert "importing no_such_package failed" in str(error["text"])
    assert len(list(store.list(message.ref.attempts_prefix))) == 1
    assert not bench.coordinator.has_lease(message.step_id)


def test_a_module_without_the_function_is_a_broken_worker_too(
    bench: StepBench, store: MemoryStore, message: InspectCase
) -> None:
    assert bench.attempt(message, import_late("syntrust_core.files:inspect")) is Outcome.BROKEN
    (error,) = errors(store, message.ref)
    assert "importing syntrust_core.files failed" in str(error["text"])


def test_an_attempt_without_room_for_its_files_counts(
    store: MemoryStore, coordinator: MemoryCoordinator, tmp_path: Path, message: InspectCase
) -> None:
    full = tmp_path / "full"
    full.write_text("a file where the folder of the steps should be")

    failing = StepBench(full, store=store, coordinator=coordinator)
    assert failing.attempt(message, write_two) is Outcome.FAILED
    (error,) = errors(store, message.ref)
    assert error["slug"] == "internal"


def draw(_: StepMessage, context: StepContext) -> None:
    with context.device(patience_s=0):
        pytest.fail("the device was taken")


def test_a_step_that_waits_too_long_for_the_device_is_given_back_uncounted(
    bench: StepBench, store: MemoryStore, coordinator: MemoryCoordinator, message: InspectCase
) -> None:
    with exclusive_lock(bench.scratch / device_lock(os.getppid()), waiting=pytest.fail):
        assert bench.attempt(message, draw) is Outcome.GIVEN_BACK

    assert list(store.list(message.ref.prefix)) == []
    assert not coordinator.has_lease(message.step_id)
    told = coordinator.reports[message.step_id]
    assert (told.done, told.detail) == (0, {"waiting": "for the device"})


def test_a_step_that_waits_for_the_device_can_be_cancelled(
    bench: StepBench, store: MemoryStore, coordinator: MemoryCoordinator, message: InspectCase
) -> None:
    def handler(request: StepMessage, context: StepContext) -> None:
        coordinator.cancel(request.step_id)
        draw(request, context)

    with exclusive_lock(bench.scratch / device_lock(os.getppid()), waiting=pytest.fail):
        assert bench.attempt(message, handler) is Outcome.CANCELLED

    assert list(store.list(message.ref.prefix)) == []


def test_the_device_is_free_again_after_a_work_that_failed_on_it(
    bench: StepBench, message: InspectCase
) -> None:
    def handler(_: StepMessage, context: StepContext) -> None:
        with context.device(patience_s=0):
            raise RuntimeError("a bug")

    assert bench.attempt(message, handler) is Outcome.FAILED

    with exclusive_lock(bench.scratch / device_lock(os.getppid()), waiting=pytest.fail):
        pass


def test_what_killed_workers_left_goes_and_what_living_ones_use_stays(tmp_path: Path) -> None:
    gone = 1 << 22  # above any process id
    for name in (f"step-{gone}-x", f"step-{os.getpid()}-x", f"cache-{gone}"):
        (tmp_path / name).mkdir()
    for worker in (gone, os.getpid()):
        (tmp_path / device_lock(worker)).touch()

    remove_leftovers(tmp_path)

    left = {path.name for path in tmp_path.iterdir()}
    assert left == {f"step-{os.getpid()}-x", device_lock(os.getpid())}
