"""The step that makes an uploaded checkpoint a model, as a worker runs it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from tests.unit.generator.checkpoints.test_med_ddpm import DATA, saved

from syntrust_core.contracts.base import Manifest, StepError, Upload
from syntrust_core.contracts.job_steps import ImportModel
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.runner import Outcome, run_step
from syntrust_core.testing import MemoryCoordinator, MemoryStore
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


def run(message: ImportModel, store: MemoryStore, scratch: Path) -> Outcome:
    return run_step(
        message,
        import_model,
        store=store,
        coordinator=MemoryCoordinator(),
        cache=InputCache(store, scratch / "cache", limit_bytes=1 << 30),
        scratch=scratch,
    )


def message(store: MemoryStore, content: bytes, *, seen: tuple[str, ...] | None) -> ImportModel:
    store.put("uploads/u/x", content)
    upload = Upload(
        key="uploads/u/x", bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
    )
    return ImportModel(name="ours", checkpoint=upload, seen=seen)


def test_an_uploaded_checkpoint_is_published_as_a_model_that_has_seen_the_given_cases(
    store: MemoryStore, tmp_path: Path
) -> None:
    path = saved(blank_entries(), tmp_path / "checkpoint.pt")
    request = message(store, path.read_bytes(), seen=("a", "b"))

    outcome = run(request, store, tmp_path)

    manifest = Manifest.model_validate_json(store.get(request.ref.manifest_key))
    card = json.loads(store.get(manifest.files["card.json"].key))
    assert outcome is Outcome.DONE
    assert card["name"] == "ours"
    assert [case["id"] for case in card["seen"]] == ["a", "b"]
    assert card["weights_sha256"] == manifest.files["model.safetensors"].sha256


def test_a_file_that_is_no_checkpoint_is_refused_and_nothing_is_published(
    store: MemoryStore, tmp_path: Path
) -> None:
    request = message(store, b"not a checkpoint", seen=None)

    outcome = run(request, store, tmp_path)

    (error,) = store.list(request.ref.errors_prefix)
    told = StepError.model_validate_json(store.get(error.key))
    assert outcome is Outcome.FAILED
    assert told.fault == "caller"
    assert "not a checkpoint" in told.text
    assert not store.exists(request.ref.manifest_key)
