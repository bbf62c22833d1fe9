"""The step that makes an uploaded checkpoint a model, as a worker runs it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from tests.unit.generator.checkpoints.test_med_ddpm import DATA, saved

from syntrust_core.contracts.base import Upload
from syntrust_core.contracts.job_steps import ImportModel
from syntrust_core.runtime.runner import Outcome
from syntrust_core.testing import MemoryStore
from syntrust_core.testing.step_bench import StepBench
from syntrust_generator.diffusion.schedule import cosine_schedule
from syntrust_generator.tasks import import_model


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def blank_entries() -> dict[str, torch.Tensor]:
    """All entries of the released file, with zeros for parameters: the quickest to make."""
    layout = json.loads((DATA / "med_ddpm_state_dict.json").read_text("utf-8"))["state_dict"]
    shapes = {entry["key"]: entry["shape"] for entry in layout}
    entries = {key: torch.zeros(shape) for key, shape in shapes.items()}
    return {**entries, **cosine_schedule(250).tables()}


def message(store: MemoryStore, content: bytes, *, seen: tuple[str, ...] | None) -> ImportModel:
    store.put("uploads/u/x", content)
    upload = Upload(
        key="uploads/u/x", bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
    )
    return ImportModel(name="ours", checkpoint=upload, seen=seen)


@pytest.mark.slow
def test_an_uploaded_checkpoint_is_published_as_a_model_that_has_seen_the_given_cases(
    store: MemoryStore, tmp_path: Path
) -> None:
    path = saved(blank_entries(), tmp_path / "checkpoint.pt")
    request = message(store, path.read_bytes(), seen=("a", "b"))

    manifest = StepBench(tmp_path, store=store).run(request, import_model)

    card = json.loads(store.get(manifest.files["card.json"].key))
    assert card["name"] == "ours"
    assert [case["id"] for case in card["seen"]] == ["a", "b"]
    assert card["weights_sha256"] == manifest.files["model.safetensors"].sha256


def test_a_file_that_is_no_checkpoint_is_refused_and_nothing_is_published(
    store: MemoryStore, tmp_path: Path
) -> None:
    request = message(store, b"not a checkpoint", seen=None)

    bench = StepBench(tmp_path, store=store)
    outcome = bench.attempt(request, import_model)

    (told,) = bench.read_errors(request.ref)
    assert outcome is Outcome.FAILED
    assert told.fault == "caller"
    assert "Expected a checkpoint of tensors" in told.text
    assert not store.exists(request.ref.manifest_key)
