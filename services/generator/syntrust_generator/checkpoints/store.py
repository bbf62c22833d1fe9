"""A generator on disk: a folder with `model.safetensors` and `card.json`."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from syntrust_core.cases.model import Case
from syntrust_core.errors import CallerError, NotFound, ObjectDamaged
from syntrust_generator.checkpoints.publish import SHIPPED
from syntrust_generator.conditioning.grid_fit import ConditionedView, Fit, prepare_view
from syntrust_generator.diffusion.network import Architecture, UNet, channels_last
from syntrust_generator.model_card import (
    CARD_FILE,
    WEIGHTS_FILE,
    ArchitectureCard,
    Domain,
    ModelCard,
    read_card,
    write_card,
)


@dataclass(frozen=True, eq=False)
class Generator:
    """A network with its weights in float32 on the CPU, and its card. `engine` draws with it."""

    network: UNet
    card: ModelCard

    @property
    def domain(self) -> Domain:
        """The cases that twins may be drawn of; refuses a model that cannot draw twins."""
        return self.card.twin_domain()

    def prepare_view(self, case: Case, fit: Fit | None = None) -> ConditionedView:
        """Prepare the condition of a case; refuses one outside the domain, see `grid_fit`."""
        divisor, brain = self.network.architecture.divisor, self.network.mean_brain()
        shape_template = None if brain is None else brain.shape_template
        return prepare_view(case, self.domain, divisor, fit, shape_template=shape_template)


def to_architecture(architecture: ArchitectureCard) -> Architecture:
    """Convert a card's description of a network to the network's own."""
    return Architecture(**architecture.model_dump())


def create_network(architecture: ArchitectureCard) -> UNet:
    """Create the network that a card describes, with fresh weights."""
    return UNet(to_architecture(architecture))


def list_shipped_models() -> dict[str, Path]:
    """List the model folders that come with the package, by name."""
    return {path.parent.name: path.parent for path in sorted(SHIPPED.glob(f"*/{CARD_FILE}"))}


def find_shipped_model(name: str) -> Path:
    """Find the folder of a shipped model.

    Raises
    ------
    NotFound
        If none has that name; those that exist are named.
    """
    models = list_shipped_models()
    if name not in models:
        raise NotFound(f"generator: no shipped model {name!r}; there are {sorted(models)}.")
    return models[name]


def load_model(folder: Path) -> Generator:
    """Read a model folder. Check the digest, and the name and shape of every parameter.

    Raises
    ------
    CallerError
        If the card is missing, or the weights are not those of its architecture (the first
        mismatch is named).
    ObjectDamaged
        If the weights are not those that the card was written for.
    """
    card = read_card(folder)
    path = folder / WEIGHTS_FILE
    if digest_file(path) != card.weights_sha256:
        raise ObjectDamaged(f"{WEIGHTS_FILE}: not the weights that {CARD_FILE} describes.")
    with torch.device("meta"):
        network = create_network(card.architecture)
    weights = _read_weights(path)
    check_weights(network, weights)
    network.load_state_dict(weights, assign=True)
    network.requires_grad_(requires_grad=False)
    return Generator(channels_last(network.eval()), card)


def _read_weights(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise CallerError(f"{path.name}: not a safetensors file: {error}") from error


def check_weights(network: UNet, weights: Mapping[str, Tensor]) -> None:
    """Compare names, shapes and types with the network's.

    Raises
    ------
    CallerError
        Naming the first parameter that is missing, unexpected, misshapen or not float32.
    """
    expected = network.state_dict()
    for name, parameter in expected.items():
        if name not in weights:
            raise CallerError(f"weights: parameter {name} is missing.", parameter=name)
        found = weights[name]
        if found.shape != parameter.shape or found.dtype != parameter.dtype:
            raise CallerError(
                f"weights: parameter {name} is {found.dtype} {tuple(found.shape)}; "
                f"the network has {parameter.dtype} {tuple(parameter.shape)}.",
                parameter=name,
            )
    for name in weights:
        if name not in expected:
            raise CallerError(f"weights: parameter {name} is not in the network.", parameter=name)


def save_model(weights: Mapping[str, Tensor], card: ModelCard, folder: Path) -> dict[str, Path]:
    """Write a model folder; the card gets the digest of the weights as written.

    Returns
    -------
    Paths by artifact name: "model" and "card".
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / WEIGHTS_FILE
    save_file({name: tensor.contiguous() for name, tensor in sorted(weights.items())}, path)
    path.chmod(0o644)
    sealed = card.model_copy(update={"weights_sha256": digest_file(path)})
    return {"model": path, "card": write_card(sealed, folder)}


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes.

    Raises
    ------
    CallerError
        If there is no such file.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise CallerError(f"model: no {path.name} in {path.parent.name}.") from error


def software_versions() -> dict[str, str]:
    """Versions of the software that decides the numbers."""
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
    }
