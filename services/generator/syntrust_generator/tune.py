"""Measure in which precision this machine draws and trains fastest.

The shapes are those of the platform: a denoising step on the box of a brain, and an iteration of
the first phase of the model's own recipe. Tensors are (N, C, Z, Y, X).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Final, get_args

import numpy as np
import torch

from syntrust_core.contracts.vocabulary import GeneratorPrecision
from syntrust_core.precision.tuning import Limits, Step, Tuning, Work, conclude, measure
from syntrust_generator.checkpoints.store import Generator
from syntrust_generator.diffusion.network import UNet, channels_last
from syntrust_generator.diffusion.schedule import cosine_schedule
from syntrust_generator.model_card import MASK_PLANES, ModelCard, Phase, Recipe
from syntrust_generator.synthesis.determinism import reproducible
from syntrust_generator.synthesis.engine import Engine
from syntrust_generator.training.dataset import Batch
from syntrust_generator.training.loop import noise_loss

SETTING: Final = "SYNTRUST_GATEWAY__GENERATOR_PRECISION"
BRAIN_SHARE: Final = 0.75  # of each axis of a grid, that a head fills
MOST_ITEMS: Final = 2  # of a batch: more take longer and have the same ratio
_BRAIN: Final = MASK_PLANES - 1


def tune_generator(
    generator: Generator,
    *,
    threads: int,
    device: torch.device,
    edge: int | None = None,
    limits: Limits | None = None,
) -> Tuning:
    """Measure a generator's works, and choose the precision of an installation.

    Parameters
    ----------
    edge : int, optional
        Voxels along each axis of the grid; by default those of the model's.
    """
    with reproducible(threads, deterministic=device.type == "cpu"):
        timings = measure(_list_works(generator, device, edge), limits)
    return conclude(timings, setting=SETTING, threads=threads, device=device)


def _list_works(generator: Generator, device: torch.device, edge: int | None) -> Iterator[Work]:
    """List the drawing, and the training if the card says how the weights were trained."""
    shape = _choose_shape(generator, edge)
    precisions = _list_precisions(device)
    divisor = generator.network.architecture.divisor
    small = tuple(max(n // 2 // divisor, 1) * divisor for n in shape)
    yield Work(
        f"one denoising step of {generator.card.name} at {_spell(shape)}",
        {each: _make_draw(generator, device, each, shape) for each in precisions},
        {each: _make_draw(generator, device, each, small) for each in precisions},
    )
    if generator.card.recipe is not None:
        yield _list_training(generator.card, generator.card.recipe, generator.network, device)


def _list_precisions(device: torch.device) -> tuple[GeneratorPrecision, ...]:
    every: tuple[GeneratorPrecision, ...] = get_args(GeneratorPrecision)
    return every if device.type == "cuda" else tuple(each for each in every if each != "tf32")


def _choose_shape(generator: Generator, edge: int | None) -> tuple[int, ...]:
    """Choose the voxels (Z, Y, X) that the network sees of a case."""
    domain, divisor = generator.domain, generator.network.architecture.divisor
    grid = (edge,) * 3 if edge else tuple(reversed(domain.shape))
    share = BRAIN_SHARE if domain.view == "brain" else 1.0
    return tuple(max(round(n * share / divisor), 1) * divisor for n in grid)


def _make_draw(
    generator: Generator,
    device: torch.device,
    precision: GeneratorPrecision,
    shape: tuple[int, ...],
) -> Step:
    card, network = generator.card, generator.network
    engine = Engine(
        network,
        cosine_schedule(card.schedule_steps),
        card.prediction,
        device=device,
        precision=precision,
    )
    planes = _fill_brain(1, _count_planes(network), shape)
    denoise = engine.denoiser(planes)
    x = torch.zeros((1, network.architecture.out_channels, *shape), device=device)

    def draw() -> None:
        denoise(x, card.schedule_steps // 2)
        _wait_for(device)

    return draw


def _list_training(card: ModelCard, recipe: Recipe, network: UNet, device: torch.device) -> Work:
    """List an iteration of the recipe's first phase. TF32 is none of a training's precisions."""
    phase = recipe.phases[0]
    edge = phase.crop or _choose_edge(card)
    trained = channels_last(copy.deepcopy(network).to(device)).train().requires_grad_()
    batch = min(phase.batch, MOST_ITEMS)
    return Work(
        f"one training iteration of {card.name} at {batch} x {_spell((edge,) * 3)}",
        _make_iterations(trained, recipe, phase, card, (batch, edge)),
        _make_iterations(trained, recipe, phase, card, (1, edge)),
    )


def _choose_edge(card: ModelCard) -> int:
    return max(card.domain.shape)


def _make_iterations(
    network: UNet, recipe: Recipe, phase: Phase, card: ModelCard, size: tuple[int, int]
) -> dict[str, Step]:
    batch = _make_batch(network, size[0], (size[1],) * 3)
    schedule = cosine_schedule(card.schedule_steps)
    device = next(network.parameters()).device

    def make(asked: Recipe) -> Step:
        def iterate() -> None:
            network.zero_grad(set_to_none=True)
            loss = noise_loss(network, batch, schedule, asked, phase.weighting)
            loss.backward()  # type: ignore[no-untyped-call]
            _wait_for(device)

        return iterate

    return {each: make(recipe.model_copy(update={"precision": each})) for each in ("fp32", "bf16")}


def _make_batch(network: UNet, count: int, shape: tuple[int, ...]) -> Batch:
    images = np.zeros((count, network.architecture.out_channels, *shape), np.float32)
    noise = np.random.default_rng(0).standard_normal(images.shape, np.float32)
    condition = _fill_brain(count, _count_planes(network), shape)
    return Batch(images, condition, noise, np.full(count, 1, np.int64))


def _fill_brain(count: int, planes: int, shape: tuple[int, ...]) -> np.ndarray:
    """Make the condition of an image that is all brain, (N, C, Z, Y, X)."""
    condition = np.zeros((count, planes, *shape), np.float32)
    condition[:, _BRAIN] = 1
    return condition


def _count_planes(network: UNet) -> int:
    return network.architecture.in_channels - network.architecture.out_channels


def _spell(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, reversed(shape)))


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
