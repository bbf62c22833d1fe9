from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from syntrust_core.cases import read_case
from syntrust_core.errors import Cancelled, InvalidRequest, ObjectDamaged, OutOfMemory
from syntrust_core.volumes import read_volume
from syntrust_segmenter.handlers import ImageEntry, Machine, memory_advice, predict, train
from syntrust_segmenter.history import History
from syntrust_segmenter.model import ModelCard, load_model
from syntrust_segmenter.network import weights_digest
from syntrust_segmenter.presets import configure
from syntrust_segmenter.training import learning_rate, region_dice

SMALLEST = {"patch": 32, "roi": 32, "norm": "group", "validations": 1}
BASE, FULL = configure("base"), configure("full", {"gradient_checkpointing": False})
EVERY_ITERATION = Machine(threads=1, device="cpu", checkpoint_every_s=0.0)


class Kept:
    """Keeps a checkpoint as the platform does, in a file of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load_checkpoint(self, path: Path) -> bool:
        if self.path.exists():
            shutil.copy(self.path, path)
        return self.path.exists()

    def save_checkpoint(self, path: Path) -> None:
        shutil.copy(path, self.path)


class Progress:
    """Remembers what was reported and, asked to, stops the training as a cancel would."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.done: list[int] = []
        self.details: list[dict[str, float | str]] = []
        self.stop_at = stop_at

    def __call__(self, done: int, total: int, **detail: float | str) -> None:
        self.done.append(done)
        self.details.append(detail)
        if done == self.stop_at:
            raise Cancelled(f"stopped at {done} of {total}")


@pytest.fixture(scope="module")
def cases(case_folders: list[Path]) -> list[ImageEntry]:
    return [ImageEntry(folder.name, folder) for folder in case_folders[:2]]


@pytest.fixture(scope="module")
def trained(cases: list[ImageEntry], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of an undisturbed training."""
    folder = tmp_path_factory.mktemp("segmenter") / "model"
    fit(cases, folder)
    return folder


@pytest.fixture
def model(trained: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    return Path(shutil.copytree(trained, tmp_path / "model"))


def as_twin(entry: ImageEntry) -> ImageEntry:
    return ImageEntry(entry.name, entry.folder, entry.folder.with_name(f"{entry.name}-twin"))


def fit(
    cases: list[ImageEntry],
    out: Path,
    *,
    seed: int = 0,
    iterations: int = 2,
    validation: list[ImageEntry] | None = None,
    progress: Progress | None = None,
    kept: Kept | None = None,
) -> ModelCard:
    scratch = out.with_name(f"{out.name}-scratch")
    scratch.mkdir(exist_ok=True)
    return train(
        cases,
        validation or [],
        preset="tiny",
        overrides=SMALLEST,
        seed=seed,
        iterations=iterations,
        out=out,
        scratch=scratch,
        report=progress or Progress(),
        checkpoints=kept,
        machine=EVERY_ITERATION,
    )


def history_of(model: Path) -> History:
    return History.model_validate_json((model / "history.json").read_bytes())


def test_equal_trainings_end_with_equal_weights(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    again = fit(cases, tmp_path / "again")

    assert again == load_model(trained).card


def test_another_seed_ends_with_other_weights(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    other = fit(cases, tmp_path / "other", seed=1)

    assert other.weights_digest != load_model(trained).card.weights_digest


def test_a_killed_training_goes_on_to_the_same_weights(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    kept = Kept(tmp_path / "checkpoint")
    with pytest.raises(Cancelled):
        fit(cases, tmp_path / "first", progress=Progress(stop_at=1), kept=kept)
    second = Progress()

    resumed = fit(cases, tmp_path / "second", progress=second, kept=kept)

    assert second.done == [2]
    assert resumed == load_model(trained).card
    assert history_of(tmp_path / "second").loss == history_of(trained).loss


def test_twins_are_trained_on_in_place_of_the_real_images(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    twins = fit([as_twin(case) for case in cases], tmp_path / "twins", iterations=1)

    assert twins.training_images == ("a (twin)", "b (twin)")
    assert history_of(tmp_path / "twins").loss[0] != history_of(trained).loss[0]


def test_validation_scores_real_and_twin_and_changes_no_weight(
    cases: list[ImageEntry], case_folders: list[Path], trained: Path, tmp_path: Path
) -> None:
    other, progress = ImageEntry("c", case_folders[2]), Progress()

    scored = fit(cases, tmp_path / "scored", validation=[other, as_twin(other)], progress=progress)

    found = history_of(tmp_path / "scored").validation
    assert [(v.iteration, v.case, v.image) for v in found] == [(2, "c", "real"), (2, "c", "twin")]
    assert {"loss", "learning_rate", "dice_real", "dice_twin"} <= progress.details[-1].keys()
    assert scored.weights_digest == load_model(trained).card.weights_digest


def test_history_has_one_entry_per_iteration(trained: Path) -> None:
    history = history_of(trained)

    assert len(history.loss) == len(history.learning_rate) == len(history.gradient_norm) == 2
    assert np.isfinite(history.loss).all()
    assert history.samples == 2 * 2


def test_predictions_lie_on_the_grid_of_the_case_and_within_its_brain(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    progress = Progress()

    paths = predict(trained, cases, out=tmp_path / "out", report=progress)

    case, _ = read_case(cases[0].folder)
    labels, affine = read_volume(paths["a"])
    assert progress.done == [1, 2]
    assert labels.shape == case.labels.shape
    assert labels.dtype == np.uint8
    assert (labels[~case.brain] == 0).all()
    np.testing.assert_allclose(affine, case.geometry.affine)


def test_a_twin_is_predicted_from_its_own_images(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    real, twin = (
        predict(trained, [view], out=tmp_path / view.view, report=Progress())["a"]
        for view in (cases[0], as_twin(cases[0]))
    )

    assert (read_volume(real)[0] != read_volume(twin)[0]).any()


def test_a_model_reads_back_with_the_weights_its_card_names(trained: Path) -> None:
    model = load_model(trained)

    assert weights_digest(model.network.state_dict()) == model.card.weights_digest


def test_weights_of_another_network_are_refused_by_the_tensor_that_differs(model: Path) -> None:
    weights = load_file(model / "weights.safetensors")
    del weights["out.conv.conv.bias"]
    save_file(weights, model / "weights.safetensors")

    with pytest.raises(InvalidRequest, match=r"out\.conv\.conv\.bias missing"):
        load_model(model)


def test_weights_other_than_the_card_names_are_refused(model: Path) -> None:
    weights = load_file(model / "weights.safetensors")
    weights["out.conv.conv.bias"] += 1
    save_file(weights, model / "weights.safetensors")

    with pytest.raises(ObjectDamaged, match=r"config\.json"):
        load_model(model)


def test_a_model_for_images_prepared_otherwise_is_refused(model: Path) -> None:
    card = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(card | {"preprocessing": "minmax/1"}))

    with pytest.raises(InvalidRequest, match="minmax/1"):
        load_model(model)


def test_one_case_is_too_few_to_train_on(cases: list[ImageEntry], tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="at least 2 different cases, not 1"):
        fit([cases[0], as_twin(cases[0])], tmp_path / "out")


def test_a_missing_twin_is_named(cases: list[ImageEntry], tmp_path: Path) -> None:
    partial = tmp_path / "twin"
    shutil.copytree(cases[1].folder.with_name("b-twin"), partial)
    (partial / "t2.nii.gz").unlink()
    twin = ImageEntry("b", cases[1].folder, partial)

    with pytest.raises(InvalidRequest, match="twin of case b lacks t2"):
        fit([cases[0], twin], tmp_path / "out")


def test_a_case_is_not_both_trained_on_and_validated(
    cases: list[ImageEntry], tmp_path: Path
) -> None:
    with pytest.raises(InvalidRequest, match="both trained on and validated: b"):
        fit(cases, tmp_path / "out", validation=[as_twin(cases[1])])


def test_an_image_enters_a_training_once(cases: list[ImageEntry], tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"repeated: a \(real\)"):
        fit([*cases, cases[0]], tmp_path / "out")


def _failures() -> Iterator[Exception]:
    yield MemoryError()
    yield torch.OutOfMemoryError("CUDA out of memory")
    yield RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 9 TB")


@pytest.mark.parametrize("failure", list(_failures()), ids=["python", "gpu", "cpu"])
def test_running_out_of_memory_says_which_setting_to_lower(failure: Exception) -> None:
    with pytest.raises(OutOfMemory, match="lower patch"), memory_advice(FULL):
        raise failure

    with (
        pytest.raises(OutOfMemory, match=r"lower batch \(now 2\)"),
        memory_advice(configure("base")),
    ):
        raise failure


def test_another_runtime_error_is_not_called_a_lack_of_memory() -> None:
    with pytest.raises(RuntimeError, match="bug"), memory_advice(configure("tiny")):
        raise RuntimeError("bug")


def test_the_learning_rate_warms_up_and_falls_along_half_a_cosine() -> None:
    config = configure("tiny", {"learning_rate": 1.0, "warmup": 0.1})

    rates = [learning_rate(config, i, 100) for i in range(100)]

    assert rates[10] == max(rates) == 1.0
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[55] == pytest.approx(0.5)
    assert 0 < rates[-1] < 0.001


def test_dice_of_two_empty_masks_has_no_value() -> None:
    labels = np.array([[[1, 1, 2, 0]]], np.uint8)
    predicted = np.array([[[1, 2, 2, 0]]], np.uint8)

    assert region_dice(labels, predicted) == {
        "NCR": pytest.approx(2 / 3),
        "ED": pytest.approx(2 / 3),
        "ET": None,
    }
