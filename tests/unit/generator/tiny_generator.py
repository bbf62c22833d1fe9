"""A generator small enough to be trained in a test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syntrust_core.cases.model import Case
from syntrust_core.imaging.geometry import Geometry
from syntrust_generator.checkpoints.store import Generator, create_network
from syntrust_generator.model_card import (
    ArchitectureCard,
    Domain,
    ModelCard,
    Phase,
    Recipe,
    Sampling,
    TrainConfig,
)
from syntrust_generator.training.loop import OnProgress
from syntrust_generator.training.training_job import LiveArtifacts, train

CONFIG = TrainConfig(
    architecture=ArchitectureCard(base_channels=8, multipliers=(1, 2), residual_blocks=1),
    recipe=Recipe(
        iterations=40,
        phases=(Phase(share=1, crop=8, weighting="image"),),
        warmup=1,
        learning_rate=3e-3,
        prediction="velocity",
    ),
    default=Sampling(sampler="ddim", steps=3),
)


def train_tiny(  # noqa: PLR0917 - what a training is told, in its order
    folders: Mapping[str, Path],
    out: Path,
    config: TrainConfig = CONFIG,
    on_progress: OnProgress = lambda _: None,
    live: LiveArtifacts | None = None,
    start: Generator | None = None,
) -> None:
    train(
        folders,
        config,
        name="ball",
        dataset="two balls",
        out=out,
        on_progress=on_progress,
        live=live,
        start=start,
    )


def card_of(domain: Domain, architecture: ArchitectureCard = CONFIG.architecture) -> ModelCard:
    return ModelCard(
        name="ball",
        architecture=architecture,
        parameters=1,
        prediction="velocity",
        domain=domain,
        default=CONFIG.default,
        seen=(),
        dataset="none",
        recipe=None,
        iterations=0,
        versions={},
        loss=(),
        weights_sha256="",
    )


def random_generator(
    domain: Domain, architecture: ArchitectureCard = CONFIG.architecture, seed: int = 0
) -> Generator:
    """Weights that nobody trained, but that are not zero."""
    network = create_network(architecture)
    rng = np.random.default_rng(seed)
    for parameter in network.parameters():
        values = rng.normal(0, 0.1, tuple(parameter.shape)).astype(np.float32)
        parameter.data.copy_(parameter.data.new_tensor(values))
    return Generator(
        network.eval().requires_grad_(requires_grad=False), card_of(domain, architecture)
    )


def ball_case(shape: tuple[int, int, int], centre: tuple[float, float, float]) -> Case:
    """A ball of brain in the middle of a 1 mm grid, with a tumour of three shells at `centre`."""
    voxels = np.indices(shape).astype(np.float64)
    middle = (np.array(shape) - 1) / 2
    brain = _distance(voxels, middle) < min(shape) * 0.45
    labels = np.zeros(shape, dtype=np.uint8)
    for label, reach in ((2, 3.5), (3, 2.5), (1, 1.5)):
        labels[_distance(voxels, np.array(centre)) < reach] = label
    geometry = Geometry(shape, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    return Case(np.empty((0, *shape), np.float32), labels, brain, geometry)


def _distance(voxels: NDArray[np.float64], to: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.linalg.norm(voxels - to[:, None, None, None], axis=0)
    return found
