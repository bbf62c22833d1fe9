from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from syntrust_core.contracts.base import Manifest
from syntrust_core.contracts.models import ModelEntry, name_key
from syntrust_core.errors import Conflict, InvalidRequest
from syntrust_core.testing import MemoryStore
from syntrust_segmenter.models.publish import publish_model
from syntrust_segmenter.models.store import MODEL_FILES


def test_a_trained_segmenter_is_published_whole_and_then_named(trained: Path) -> None:
    store = MemoryStore()

    ref = publish_model(store, trained, "ours-1")

    manifest = Manifest.model_validate_json(store.get(ref.manifest_key))
    assert set(manifest.files) == set(MODEL_FILES)
    assert ModelEntry.model_validate_json(store.get(name_key("ours-1"))).kind == "segmenter"
    assert store.writes[-2:] == [ref.manifest_key, name_key("ours-1")]


def test_a_name_stands_for_one_model(trained: Path) -> None:
    store = MemoryStore()
    other = ModelEntry(id="a" * 64, kind="generator").model_dump_json().encode()
    store.put(name_key("tiny"), other)

    with pytest.raises(Conflict, match="choose another"):
        publish_model(store, trained, "tiny")

    assert store.get(name_key("tiny")) == other


@pytest.mark.parametrize("name", ["../x", "Ours", "a b", ""])
def test_a_name_that_is_no_plain_one_is_refused(trained: Path, name: str) -> None:
    with pytest.raises(InvalidRequest, match="small letters"):
        publish_model(MemoryStore(), trained, name)


def test_weights_of_another_model_are_not_published(model: Path, tmp_path: Path) -> None:
    config = (model / "config.json").read_text()
    assert '"feature_size": 12' in config
    (model / "config.json").write_text(config.replace('"feature_size": 12', '"feature_size": 24'))
    store = MemoryStore()

    with pytest.raises(InvalidRequest, match="weights are those of another network"):
        publish_model(store, model, "ours")

    assert store.writes == []


def test_a_folder_without_a_model_is_refused(trained: Path, tmp_path: Path) -> None:
    shutil.copy(trained / "weights.safetensors", tmp_path)

    with pytest.raises(InvalidRequest, match="neither config"):
        publish_model(MemoryStore(), tmp_path, "ours")
