from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.unit.generator.tiny_generator import card_of

from syntrust_core.errors import CallerError, NotFound, ObjectDamaged
from syntrust_generator.checkpoints.store import (
    create_network,
    digest_file,
    find_shipped_model,
    list_shipped_models,
    load_model,
    save_model,
)
from syntrust_generator.model_card import ArchitectureCard, Domain, ModelCard, read_card

ARCHITECTURE = ArchitectureCard(base_channels=8, multipliers=(1, 2), residual_blocks=1)


@pytest.fixture
def card() -> ModelCard:
    domain = Domain(shape=(16, 24, 16), spacing_mm=(3, 3, 3), view="brain", intensity="brain-z")
    return card_of(domain, ARCHITECTURE)


@pytest.fixture
def folder(card: ModelCard, tmp_path: Path) -> Path:
    save_model(create_network(ARCHITECTURE).state_dict(), card, tmp_path / "model")
    return tmp_path / "model"


def reseal(folder: Path, weights: dict[str, torch.Tensor]) -> None:
    """Write other weights and the card that claims them."""
    save_model(weights, read_card(folder), folder)


def test_what_is_saved_is_loaded(folder: Path) -> None:
    saved = load_file(folder / "model.safetensors")

    loaded = load_model(folder)

    assert all(torch.equal(value, saved[key]) for key, value in loaded.network.state_dict().items())
    assert loaded.card.weights_sha256 == digest_file(folder / "model.safetensors")
    assert not any(parameter.requires_grad for parameter in loaded.network.parameters())


def test_equal_weights_are_equal_files(folder: Path, card: ModelCard, tmp_path: Path) -> None:
    save_model(load_file(folder / "model.safetensors"), card, tmp_path / "again")

    for name in ("model.safetensors", "card.json"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_a_missing_parameter_is_named(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["middle_block.1.qkv.weight"]
    reseal(folder, weights)

    with pytest.raises(CallerError, match=r"middle_block\.1\.qkv\.weight is missing"):
        load_model(folder)


def test_a_parameter_of_another_shape_is_named_with_both_shapes(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["out.2.bias"] = torch.zeros(3)
    reseal(folder, weights)

    with pytest.raises(CallerError, match=r"out.2.bias is torch.float32 \(3,\).* \(4,\)"):
        load_model(folder)


def test_an_unknown_parameter_is_named(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    reseal(folder, {**weights, "label_emb.weight": torch.zeros(3)})

    with pytest.raises(CallerError, match=r"label_emb\.weight is not in the network"):
        load_model(folder)


def test_weights_that_the_card_does_not_describe_are_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    save_file({key: value + 1 for key, value in weights.items()}, folder / "model.safetensors")

    with pytest.raises(ObjectDamaged, match="not the weights"):
        load_model(folder)


def test_a_folder_without_a_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=r"has no card.json"):
        load_model(tmp_path)


def test_a_model_that_is_not_shipped_is_refused_by_name() -> None:
    with pytest.raises(NotFound, match="no shipped model 'huge'"):
        find_shipped_model("huge")


def test_the_shipped_models_load_and_are_small() -> None:
    for name, folder in list_shipped_models().items():
        model = load_model(folder)

        assert model.card.name == name
        assert model.card.seen
        assert model.card.loss
        assert (folder / "model.safetensors").stat().st_size < 10_000_000
