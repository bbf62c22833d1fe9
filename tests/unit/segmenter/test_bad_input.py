"""A step that cannot be done leaves one error that names its cause, and publishes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.unit.segmenter.tiny_training import SMALLEST

from syntrust_core.contracts.base import Kind, Ref, StepError, StepMessage
from syntrust_core.contracts.experiment_steps import Image, PredictCases, TrainSegmenter
from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.imaging.nifti import read_volume, write_volume
from syntrust_core.runtime.runner import Outcome
from syntrust_core.testing.step_bench import StepBench
from syntrust_segmenter.settings import SegmenterOptions
from syntrust_segmenter.tasks import predict_cases, train_segmenter

A, B, TWIN_A, TWIN_B, MODEL = (letter * 64 for letter in "ab12e")


class Bench(StepBench):
    """A bench whose steps fail."""

    def keys(self) -> set[str]:
        return {info.key for info in self.store.list("")}

    def refuse(self, message: StepMessage) -> StepError:
        """Run a step that fails; return what the orchestrator reads of it, the only new object."""
        before = self.keys()

        outcome = self.attempt(
            message, predict_cases if isinstance(message, PredictCases) else train_segmenter
        )

        assert outcome is Outcome.FAILED
        written = self.keys() - before
        (error,) = [key for key in written if "/errors/" in key]
        assert written == {error, message.ref.attempt_key(Path(error).stem)}
        assert not list(self.scratch.glob("step-*"))
        return StepError.model_validate_json(self.store.get(error))


@pytest.fixture
def bench(case_folders: list[Path], tmp_path: Path) -> Bench:
    bench = Bench(tmp_path, options=SegmenterOptions())
    for step, folder in zip((A, B), case_folders[:2], strict=True):
        bench.publish_folder(Kind.INSPECT_CASE, step, folder)
    return bench


def training(*images: Image, start: Ref | None = None, size: int = 12) -> TrainSegmenter:
    overrides = {**SMALLEST, "feature_size": size}
    return TrainSegmenter(
        train=images, preset="tiny", overrides=overrides, iterations=1, seed=0, start=start
    )


def test_a_training_without_a_precision_is_refused_with_what_to_do(bench: Bench) -> None:
    for precision in ({}, {"precision": "auto"}):
        asked = training(Image(case=A), Image(case=B))
        overrides = {name: value for name, value in SMALLEST.items() if name != "precision"}

        error = bench.refuse(asked.model_copy(update={"overrides": overrides | precision}))

        assert (error.slug, error.fault) == ("precision-not-named", "caller")
        assert "Ask for the experiment or job anew" in error.text


def spoil(folder: Path, out: Path, *, lacks: Sequence[str] = (), label: int | None = None) -> Path:
    """A copy of a case or a twin without some of its images, or with a voxel of another label."""
    shutil.copytree(folder, out)
    for name in lacks:
        (out / f"{name}.nii.gz").unlink()
    if label is not None:
        labels, affine = read_volume(out / "labels.nii.gz")
        labels[18, 18, 18] = label
        write_volume(out / "labels.nii.gz", labels, affine)
    return out


def test_a_twin_without_one_channel_is_refused(
    bench: Bench, case_folders: list[Path], tmp_path: Path
) -> None:
    twin = spoil(case_folders[0].with_name("a-twin"), tmp_path / "twin", lacks=["t2"])
    bench.publish_folder(Kind.SYNTHESISE_CASE, TWIN_A, twin)

    error = bench.refuse(training(Image(case=A, twin=TWIN_A), Image(case=B)))

    assert (error.fault, error.slug) == ("caller", "invalid-request")
    assert error.text == f"The twin of case {A} lacks t2; synthesise it first."


def test_twins_without_any_image_are_refused(
    bench: Bench, case_folders: list[Path], tmp_path: Path
) -> None:
    for step, name in ((TWIN_A, "a"), (TWIN_B, "b")):
        folder = case_folders[0].with_name(f"{name}-twin")
        twin = spoil(folder, tmp_path / name, lacks=MODALITIES)
        (twin / "twin.json").write_text("{}")
        bench.publish_folder(Kind.SYNTHESISE_CASE, step, twin)

    error = bench.refuse(training(Image(case=A, twin=TWIN_A), Image(case=B, twin=TWIN_B)))

    assert error.fault == "caller"
    assert "lacks t1, t1ce, t2, flair" in error.text


def test_a_mask_with_an_unknown_label_is_refused(
    bench: Bench, case_folders: list[Path], tmp_path: Path
) -> None:
    other = "c" * 64
    bench.publish_folder(
        Kind.INSPECT_CASE, other, spoil(case_folders[2], tmp_path / "case", label=7)
    )

    error = bench.refuse(training(Image(case=A), Image(case=other)))

    assert (error.fault, error.slug) == ("caller", "invalid-volume")
    assert error.text == "The label map holds 7; there are 0 background, 1 NCR, 2 ED, 3 ET."
    assert error.context["file"] == "labels"


def test_a_training_on_one_case_alone_is_refused(bench: Bench, case_folders: list[Path]) -> None:
    bench.publish_folder(Kind.SYNTHESISE_CASE, TWIN_A, case_folders[0].with_name("a-twin"))

    error = bench.refuse(training(Image(case=A), Image(case=A, twin=TWIN_A)))

    assert (error.fault, error.slug) == ("caller", "invalid-request")
    assert error.text == "Training needs at least 2 different cases, not 1."


def test_a_start_from_the_weights_of_another_network_is_refused(
    bench: Bench, trained: Path
) -> None:
    bench.publish_folder(Kind.TRAIN_SEGMENTER, MODEL, trained)
    start = Ref(kind=Kind.TRAIN_SEGMENTER, id=MODEL)

    error = bench.refuse(training(Image(case=A), Image(case=B), start=start, size=24))

    assert (error.fault, error.slug) == ("caller", "invalid-request")
    assert "another network: swinViT.patch_embed" in error.text


def test_a_prediction_with_the_weights_of_another_model_is_refused(
    bench: Bench, model: Path
) -> None:
    card = (model / "config.json").read_text("utf-8")
    (model / "config.json").write_text(card.replace('"feature_size": 12', '"feature_size": 24'))
    bench.publish_folder(Kind.TRAIN_SEGMENTER, MODEL, model)

    error = bench.refuse(PredictCases(model=MODEL, images=(Image(case=A),)))

    assert (error.fault, error.slug) == ("caller", "invalid-request")
    assert "weights are those of another network than config.json describes" in error.text
