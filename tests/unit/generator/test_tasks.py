"""The generator's steps as a worker runs them, over an in-memory store."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from syntrust_core.contracts.base import Kind, Manifest, Progress, Ref
from syntrust_core.contracts.experiment_steps import SynthesiseCase
from syntrust_core.contracts.job_steps import GeneratorCase, TrainGenerator
from syntrust_core.runtime.device_lock import exclusive_lock
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.runner import Outcome, device_lock
from syntrust_core.testing import MemoryCoordinator
from syntrust_core.testing.step_bench import StepBench
from syntrust_generator import tasks
from syntrust_generator.checkpoints import publish
from syntrust_generator.checkpoints.publish import publish_model
from syntrust_generator.settings import GeneratorOptions
from syntrust_generator.synthesis.determinism import reproducible
from syntrust_generator.tasks import synthesise_case, train_generator
from syntrust_generator.training.loop import TrainingProgress
from syntrust_generator.training.training_job import LiveArtifacts, train, training_config

CASE = "c" * 64
CONFIG: dict[str, Any] = {
    "architecture": {"base_channels": 2, "multipliers": [1, 2], "residual_blocks": 1},
    "recipe": {"prediction": "velocity"},
    "schedule_steps": 10,
}


def ask(model: Ref, **more: Any) -> SynthesiseCase:
    """A request for a twin; digests depend on its precision, and on one thread."""
    asked = {"sampler": "ddim", "steps": 2, "seed": 0, "precision": "fp32", **more}
    return SynthesiseCase.model_validate({"case": CASE, "generator": model, **asked})


class Bench(StepBench):
    """Runs steps over a store that has one inspected case."""

    def __init__(self, case_folder: Path, scratch: Path) -> None:
        super().__init__(scratch, options=GeneratorOptions())
        self.publish_folder(Kind.INSPECT_CASE, CASE, case_folder)

    def train(self, **more: Any) -> tuple[Ref, Manifest]:
        message = TrainGenerator(
            name="tiny",
            cases=(GeneratorCase(id="ball-0", case=CASE),),
            seed=0,
            iterations=2,
            **{"config": CONFIG, **more},
        )
        return message.ref, self.run(message, train_generator)


@pytest.fixture
def bench(case_folders: dict[str, Path], tmp_path: Path) -> Bench:
    return Bench(case_folders["ball-0"], tmp_path)


def test_a_training_job_publishes_a_model_that_says_what_it_has_seen(bench: Bench) -> None:
    _, manifest = bench.train()

    card = json.loads(bench.store.get(manifest.files["card.json"].key))

    assert set(manifest.files) == {"model.safetensors", "card.json", "samples.png"}
    assert [case["id"] for case in card["seen"]] == ["ball-0"]


def test_a_training_tells_its_loss_and_where_its_picture_lies(bench: Bench) -> None:
    ref, _ = bench.train()

    told = bench.coordinator.reports[ref.id]

    assert (told.done, told.total) == (2, 2)
    assert 0 < float(told.detail["loss"]) < 10
    assert told.detail["samples"] == f"artifacts/train_generator/{ref.id}/samples.png"
    assert told.detail["samples"] in bench.store.writes


def test_nothing_of_a_training_that_is_published_is_kept_twice(bench: Bench) -> None:
    ref, manifest = bench.train()

    left = {item.key for item in bench.store.list(ref.prefix)}

    published = {file.key for file in manifest.files.values()}
    assert left - published - {ref.attempt_key(manifest.attempt)} == {ref.manifest_key}


def test_a_training_goes_on_where_a_killed_worker_left_it(bench: Bench, tmp_path: Path) -> None:
    ref, undisturbed = bench.train()
    config = training_config(CONFIG, seed=0, iterations=2)
    folder = InputCache(bench.store, tmp_path / "other", limit_bytes=1 << 30)
    live = LiveArtifacts(tmp_path / "c.pt", tmp_path / "s.png", checkpoint_every_s=0)

    with reproducible(threads=1), pytest.raises(KeyboardInterrupt):
        train(
            {"ball-0": folder.folder(Ref(kind=Kind.INSPECT_CASE, id=CASE))},
            config,
            name="tiny",
            dataset="",
            out=tmp_path / "model",
            on_progress=die,
            live=live,
        )
    bench.store.put_file(ref.checkpoint_key, tmp_path / "c.pt")
    bench.store.delete(ref.manifest_key)
    bench.coordinator.reports.clear()
    _, resumed = bench.train()

    assert resumed.attempt != undisturbed.attempt
    weights = "model.safetensors"
    assert resumed.files[weights].sha256 == undisturbed.files[weights].sha256
    assert not bench.store.exists(ref.checkpoint_key)


def die(progress: TrainingProgress) -> None:
    """As a kill does after the first iteration was kept."""
    raise KeyboardInterrupt


def test_a_generator_is_trained_further_from_one_that_a_job_trained(bench: Bench) -> None:
    start, _ = bench.train()

    further, manifest = bench.train(start=start)

    card = json.loads(bench.store.get(manifest.files["card.json"].key))
    assert further != start
    assert [stage["name"] for stage in card["earlier"]] == ["tiny"]


def test_a_twin_is_drawn_with_a_model_that_a_job_trained(bench: Bench) -> None:
    model, _ = bench.train()

    manifest = bench.run(
        ask(model),
        synthesise_case,
    )

    names = {f"{modality}.nii.gz" for modality in ("t1", "t1ce", "t2", "flair")}
    assert set(manifest.files) == names | {"twin.json"}


def test_twins_of_one_mask_differ_and_each_is_drawn_again_to_the_byte(bench: Bench) -> None:
    model, _ = bench.train()

    def draw(twin: int) -> bytes:
        message = ask(model, twin=twin)
        bench.store.delete(message.ref.manifest_key)
        files = bench.run(message, synthesise_case).files
        return bench.store.get(files["t1.nii.gz"].key)

    first, second, first_again = draw(0), draw(1), draw(0)

    assert first != second
    assert first == first_again


def test_a_twin_is_drawn_in_the_precision_of_its_request_and_in_no_other(bench: Bench) -> None:
    model, _ = bench.train()

    for precision in ("fp32", "bf16"):
        manifest = bench.run(ask(model, precision=precision), synthesise_case)

        assert json.loads(bench.read(manifest, "twin.json"))["precision"] == precision


def test_a_request_without_a_precision_is_refused_with_what_to_do(bench: Bench) -> None:
    model, _ = bench.train()

    message = ask(model, precision=None)

    assert bench.attempt(message, synthesise_case) is Outcome.FAILED
    (error,) = bench.read_errors(message.ref)
    assert (error.slug, error.fault) == ("precision-not-named", "caller")
    assert "Ask for the experiment or job anew" in error.text


def test_a_request_may_ask_for_the_soft_resize(bench: Bench) -> None:
    config = {**CONFIG, "view": "grid"}
    model, _ = bench.train(config=config)

    manifest = bench.run(
        ask(model, fit="resize"),
        synthesise_case,
    )

    provenance = json.loads(bench.store.get(manifest.files["twin.json"].key))
    assert provenance["fit"] == "resize"


def test_a_published_model_is_found_by_its_name_once_it_is_there(
    bench: Bench, tmp_path: Path
) -> None:
    _, manifest = bench.train()
    folder = tmp_path / "model"
    for name, info in manifest.files.items():
        bench.store.get_file(info.key, folder / name)
    bench.store.writes.clear()

    ref = publish_model(bench.store, folder)

    assert bench.store.writes[-2:] == [ref.manifest_key, "models/names/tiny.json"]
    assert json.loads(bench.store.get("models/names/tiny.json"))["id"] == ref.id


class WatchingCoordinator(MemoryCoordinator):
    """Notes every step that tells how far it is while the device of its worker is free."""

    def __init__(self, lock: Path) -> None:
        super().__init__()
        self.lock, self.beside = lock, set[str]()

    def report(self, step: str, progress: Progress) -> None:
        super().report(step, progress)
        with suppress(BlockingIOError), exclusive_lock(self.lock, waiting=give_up):
            self.beside.add(step)


def give_up() -> None:
    raise BlockingIOError


@pytest.mark.parametrize("on_gpu", [True, False])
def test_twins_and_trainings_have_a_gpu_to_themselves_and_share_a_cpu(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, *, on_gpu: bool
) -> None:
    monkeypatch.setattr(tasks, "takes_turns", lambda: on_gpu)
    coordinator = WatchingCoordinator(bench.scratch / device_lock(os.getppid()))
    bench.coordinator = coordinator

    model, _ = bench.train()
    twin = ask(model)
    bench.run(twin, synthesise_case)

    both = {model.id, twin.step_id}
    assert set(coordinator.reports) == both
    assert coordinator.beside == (set() if on_gpu else both)


@pytest.mark.parametrize("damage", ["manifest", "card.json", "model.safetensors"])
def test_a_shipped_model_that_the_store_has_lost_is_put_back_by_the_step_that_needs_it(
    case_folders: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: str,
) -> None:
    bench = Bench(case_folders["ball-0"], tmp_path / "bench")
    bench.scratch.mkdir(exist_ok=True)
    _, trained = bench.train()
    folder = tmp_path / "shipped" / "tiny"
    folder.mkdir(parents=True)
    for name in ("card.json", "model.safetensors"):
        (folder / name).write_bytes(bench.read(trained, name))
    monkeypatch.setattr(publish, "SHIPPED", folder.parent)
    model = publish_model(bench.store, folder)
    manifest = Manifest.model_validate_json(bench.store.get(model.manifest_key))
    spoiled = model.manifest_key if damage == "manifest" else manifest.files[damage].key
    bench.store.delete(spoiled)

    bench.run(ask(model), synthesise_case)

    again = Manifest.model_validate_json(bench.store.get(model.manifest_key))
    assert bench.read(again, "card.json") == (folder / "card.json").read_bytes()
