"""The segmenter's steps as a worker runs them, over an in-memory store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load
from tests.unit.segmenter.tiny_training import SMALLEST

from syntrust_core.contracts.base import Kind, Manifest, Ref
from syntrust_core.contracts.experiment_steps import Image, PredictCases, TrainSegmenter
from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.job_steps import ExportBundle, SegmentCase
from syntrust_core.testing.step_bench import StepBench
from syntrust_segmenter.model_card import ModelCard
from syntrust_segmenter.settings import SegmenterOptions
from syntrust_segmenter.tasks import export_bundle, predict_cases, segment_case, train_segmenter

A, B = "a" * 64, "b" * 64


class Bench(StepBench):
    """A bench with two inspected cases."""

    def __init__(self, folders: list[Path], scratch: Path) -> None:
        super().__init__(scratch, options=SegmenterOptions())
        for step, folder in zip((A, B), folders, strict=True):
            self.publish_folder(Kind.INSPECT_CASE, step, folder)

    def train(self, **more: Any) -> tuple[Ref, Manifest]:
        message = TrainSegmenter(
            train=(Image(case=A), Image(case=B)),
            preset="tiny",
            overrides=SMALLEST,
            iterations=1,
            seed=0,
            **more,
        )
        return message.ref, self.run(message, train_segmenter)

    def card(self, manifest: Manifest) -> ModelCard:
        return ModelCard.model_validate_json(self.read(manifest, "config.json"))


@pytest.fixture
def bench(case_folders: list[Path], tmp_path: Path) -> Bench:
    return Bench(case_folders[:2], tmp_path)


def test_a_training_publishes_what_a_registry_needs(bench: Bench) -> None:
    _, manifest = bench.train()

    card = bench.card(manifest)

    assert set(manifest.files) == {
        *("weights.safetensors", "config.json", "history.json", "MODEL_CARD.md"),
    }
    assert card.training_images == (f"{A} (real)", f"{B} (real)")
    assert card.training_digest is not None
    assert {"torch", "monai", "syntrust-segmenter"} <= card.versions.keys()
    assert card.grid == Grid(shape=(36, 36, 36), spacing_mm=(1.0, 1.0, 1.0))
    weights = load(bench.store.get(manifest.files["weights.safetensors"].key))
    assert card.parameters is not None
    assert 0 < card.parameters <= sum(tensor.numel() for tensor in weights.values())


def test_a_training_starts_from_the_weights_of_another(bench: Bench) -> None:
    first, manifest = bench.train()

    ref, second = bench.train(start=first)

    started = bench.card(second).start
    assert started is not None
    assert started.weights_digest == bench.card(manifest).weights_digest
    assert ref != first


def test_predictions_are_published_with_their_record_and_share_the_prepared_cases(
    bench: Bench,
) -> None:
    model, _ = bench.train()
    before = set((bench.scratch / "prepared").iterdir())

    manifest = bench.run(
        PredictCases(model=model.id, images=(Image(case=A), Image(case=B))), predict_cases
    )

    assert set(manifest.files) == {f"{A}.nii.gz", f"{B}.nii.gz", "predictions.json"}
    assert set((bench.scratch / "prepared").iterdir()) == before
    assert len(before) == 2


def test_a_case_is_segmented_and_its_model_exported_as_published_files(bench: Bench) -> None:
    model, _ = bench.train()

    segmented = bench.run(SegmentCase(case=A, model=model), segment_case)
    bundle = bench.run(ExportBundle(model=model), export_bundle)

    assert set(segmented.files) == {"seg.nii.gz", "segmentation.json", "case.json"}
    assert set(bundle.files) == {"bundle.zip", "metadata.json"}
