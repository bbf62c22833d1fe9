"""A trained segmenter as files: weights.safetensors, config.json and history.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from syntrust_core.errors import InvalidRequest, ObjectDamaged
from syntrust_core.labels import LABELS, MODALITIES, Region
from syntrust_segmenter.history import History
from syntrust_segmenter.network import build_network, weights_digest
from syntrust_segmenter.preprocessing import RECIPE
from syntrust_segmenter.presets import Precision, SegmenterConfig

WEIGHTS_FILE: Final = "weights.safetensors"
CONFIG_FILE: Final = "config.json"
HISTORY_FILE: Final = "history.json"
MODEL_FILES: Final = (WEIGHTS_FILE, CONFIG_FILE, HISTORY_FILE)


class ModelCard(BaseModel):
    """What it takes to use the weights, and what they came from. Research use only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str = "SwinUNETR"
    modalities: tuple[str, ...] = MODALITIES
    labels: dict[Region, int] = dict(LABELS)
    preprocessing: str = RECIPE
    config: SegmenterConfig
    precision: Precision
    seed: int
    threads: int
    device: str
    training_images: tuple[str, ...]
    weights_digest: str
    use: str = "research only"


@dataclass(frozen=True)
class Model:
    """A network with its card."""

    network: nn.Module
    card: ModelCard


def save_model(network: nn.Module, card: ModelCard, history: History, folder: Path) -> None:
    """Write the three files into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    save_file(weights, folder / WEIGHTS_FILE)
    (folder / CONFIG_FILE).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (folder / HISTORY_FILE).write_text(history.model_dump_json() + "\n", encoding="utf-8")


def load_model(folder: Path) -> Model:
    """Read what `save_model` wrote.

    Raises
    ------
    InvalidRequest
        The weights are those of another network, or were trained on images prepared otherwise.
    ObjectDamaged
        The weights are not those that the card names.
    """
    card = ModelCard.model_validate_json((folder / CONFIG_FILE).read_bytes())
    if card.preprocessing != RECIPE:
        raise InvalidRequest(
            f"The model needs preprocessing {card.preprocessing}; this platform does {RECIPE}.",
            pointer="/model",
        )
    network = build_network(card.config)
    _load_weights(network, folder / WEIGHTS_FILE)
    if weights_digest(network.state_dict()) != card.weights_digest:
        raise ObjectDamaged("The weights are not those that config.json names.", file=WEIGHTS_FILE)
    return Model(network, card)


def _load_weights(network: nn.Module, path: Path) -> None:
    try:
        weights = load_file(path)
    except SafetensorError as error:
        raise ObjectDamaged("The weights cannot be read.", file=path.name) from error
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if found != expected:
        raise InvalidRequest(
            "The weights are those of another network than config.json describes: "
            f"{_mismatch(expected, found)}.",
            pointer="/model",
        )
    network.load_state_dict(weights)


def _mismatch(expected: dict[str, tuple[int, ...]], found: dict[str, tuple[int, ...]]) -> str:
    """The first few tensors that differ, by name."""
    names = sorted(set(expected) ^ set(found))
    names += [name for name in expected if name in found and expected[name] != found[name]]
    shown: Sequence[str] = [
        f"{name} {found.get(name, 'missing')}, expected {expected.get(name, 'none')}"
        for name in names[:3]
    ]
    return "; ".join(shown) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
