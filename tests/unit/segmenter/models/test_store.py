"""A stored model is read back as it was written, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from syntrust_core.errors import InvalidRequest, ObjectDamaged
from syntrust_segmenter.models.store import load_model
from syntrust_segmenter.network.swin_unetr import weights_digest


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
