"""A trained segmenter as files: weights, config.json, history.json and MODEL_CARD.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from safetensors.torch import save_file
from torch import nn

from syntrust_core.errors import InvalidRequest, ObjectDamaged
from syntrust_segmenter.model_card import ModelCard, card_markdown
from syntrust_segmenter.models.start_weights import START_FILE, StartWeights, read_imported
from syntrust_segmenter.models.weights import WEIGHTS_FILE, first_mismatch, read_weights
from syntrust_segmenter.network.swin_unetr import build_network, weights_digest
from syntrust_segmenter.preprocessing.normalise import RECIPE
from syntrust_segmenter.training_history import History

CONFIG_FILE: Final = "config.json"
HISTORY_FILE: Final = "history.json"
CARD_FILE: Final = "MODEL_CARD.md"
MODEL_FILES: Final = (WEIGHTS_FILE, CONFIG_FILE, HISTORY_FILE, CARD_FILE)


@dataclass(frozen=True)
class Model:
    """A network with its card."""

    network: nn.Module
    card: ModelCard


def save_model(network: nn.Module, card: ModelCard, history: History, folder: Path) -> None:
    """Write the four files into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    save_file(weights, folder / WEIGHTS_FILE)
    (folder / CONFIG_FILE).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (folder / HISTORY_FILE).write_text(history.model_dump_json() + "\n", encoding="utf-8")
    (folder / CARD_FILE).write_text(card_markdown(card, history), encoding="utf-8")


def load_model(folder: Path) -> Model:
    """Read what `save_model` wrote.

    Raises
    ------
    InvalidRequest
        The weights belong to another network, or to another preprocessing.
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


def read_start(folder: Path) -> StartWeights:
    """Read the weights in a folder of a trained segmenter or of an imported checkpoint.

    Raises
    ------
    InvalidRequest
        The folder holds neither.
    """
    if (folder / START_FILE).is_file():
        return read_imported(folder)
    if not (folder / CONFIG_FILE).is_file():
        raise InvalidRequest(
            f"The folder of start weights has neither {CONFIG_FILE} (of a trained segmenter) nor "
            f"{START_FILE} (of an imported checkpoint).",
            pointer="/start",
        )
    model = load_model(folder)
    return StartWeights(
        source="a trained segmenter",
        digest=model.card.weights_digest,
        tensors=model.network.state_dict(),
        head=model.card.config.head,
        encoder_alone=False,
    )


def _load_weights(network: nn.Module, path: Path) -> None:
    weights = read_weights(path)
    mismatch = first_mismatch(network.state_dict(), weights)
    if mismatch:
        raise InvalidRequest(
            f"The weights are those of another network than {CONFIG_FILE} describes: {mismatch}.",
            pointer="/model",
        )
    network.load_state_dict(weights)
