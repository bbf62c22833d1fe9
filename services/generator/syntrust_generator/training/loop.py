"""Training a generator: predict the noise that was added, scored by its mean absolute error.

Ho et al. 2020 (arXiv:2006.11239), Alg. 1, with Med-DDPM's L1 loss, Adam and a moving average of
the weights. Every batch is a function of the recipe and the iteration, so a training that is
stopped and resumed ends with the same weights, bit for bit on a CPU with the same thread count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from syntrust_core.errors import CallerError
from syntrust_core.ranks.collectives import ALONE, Ranks
from syntrust_generator.atlas.atlas import Atlas
from syntrust_generator.checkpoints.store import create_network
from syntrust_generator.diffusion.network import UNet, channels_last
from syntrust_generator.diffusion.schedule import Schedule, noise_estimate
from syntrust_generator.model_card import (
    MASK_PLANES,
    ArchitectureCard,
    LossPoint,
    Prediction,
    Recipe,
    Weighting,
)
from syntrust_generator.training.dataset import Batch, TrainingCases, draw_batch, find_phase

ADAM_BETAS = (0.9, 0.999)
LEAST_IMAGE_WEIGHT, MOST_NOISE_WEIGHT = 0.3, 8.0
_CHECKPOINT_VERSION = 1


@dataclass(frozen=True)
class TrainingProgress:
    """Where a training stands after an iteration; `loss` is the loss of that iteration."""

    done: int
    total: int
    loss: float


OnProgress = Callable[[TrainingProgress], None]
"""May raise, for example `Cancelled`, to end the training."""


@dataclass
class Training:
    """Everything that changes while training."""

    network: UNet
    ema: dict[str, Tensor]
    optimiser: torch.optim.Adam
    iteration: int = 0
    losses: list[float] = field(default_factory=list)


def start_training(
    architecture: ArchitectureCard,
    recipe: Recipe,
    device: torch.device | str = "cpu",
    *,
    weights: Mapping[str, Tensor] | None = None,
    atlas: Atlas | None = None,
) -> Training:
    """A training at iteration 0, from `weights` or initialised by the recipe's seed.

    `atlas` is where a network that has one starts.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network = create_network(architecture)
    if weights is not None:
        network.load_state_dict(weights)
    elif network.atlas is not None and atlas is not None:
        network.atlas.load_state_dict(atlas.state_dict())
    network = channels_last(network.to(device))
    optimiser = torch.optim.Adam(
        network.parameters(), lr=recipe.learning_rate, betas=ADAM_BETAS, foreach=False
    )
    ema = {name: value.detach().clone() for name, value in network.state_dict().items()}
    return Training(network, ema, optimiser)


def save_training(training: Training, recipe: Recipe, path: Path) -> None:
    """Write a checkpoint; a killed write leaves the one before."""
    state = {
        "version": _CHECKPOINT_VERSION,
        "recipe": recipe.model_dump_json(),
        "losses": torch.tensor(training.losses, dtype=torch.float64),
        **_state(training),
    }
    draft = path.with_suffix(f"{path.suffix}.draft")
    torch.save(state, draft)
    draft.replace(path)


def _state(training: Training) -> dict[str, Any]:
    return {
        "iteration": training.iteration,
        "network": training.network.state_dict(),
        "ema": training.ema,
        "optimiser": training.optimiser.state_dict(),
    }


def resume_training(
    architecture: ArchitectureCard, recipe: Recipe, path: Path, device: torch.device | str = "cpu"
) -> Training:
    """Go on from a checkpoint of the same recipe.

    Raises
    ------
    CallerError
        If the checkpoint was written under another recipe.
    """
    state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    if state["version"] != _CHECKPOINT_VERSION or state["recipe"] != recipe.model_dump_json():
        raise CallerError(f"{path.name}: the checkpoint belongs to another recipe.")
    training = start_training(architecture, recipe, device)
    _load(training, state)
    training.losses = state["losses"].tolist()
    return training


def _load(training: Training, state: Mapping[str, Any]) -> None:
    training.network.load_state_dict(state["network"])
    training.optimiser.load_state_dict(state["optimiser"])
    device = next(training.network.parameters()).device
    training.ema = {name: value.clone().to(device) for name, value in state["ema"].items()}
    training.iteration = int(state["iteration"])


def take_state_of_first(training: Training, ranks: Ranks) -> None:
    """Begin where the first rank does: with its weights, atlas included, and its optimiser."""
    first = ranks.share_state(_state(training))
    if not ranks.is_first:
        _load(training, first)


def train(
    training: Training,
    cases: TrainingCases,
    recipe: Recipe,
    schedule: Schedule,
    *,
    on_progress: OnProgress,
    ranks: Ranks = ALONE,
) -> Training:
    """Iterate from where `training` stands to the recipe's end, and return it.

    Whatever the callback raises ends the training after that iteration. Each of several ranks
    computes its places of every batch.
    """
    training.network.train()
    while training.iteration < recipe.iterations:
        loss = _iterate(training, cases, recipe, schedule, ranks)
        training.losses.append(loss)
        training.iteration += 1
        on_progress(TrainingProgress(training.iteration, recipe.iterations, loss))
    training.network.eval()
    return training


def _iterate(
    training: Training, cases: TrainingCases, recipe: Recipe, schedule: Schedule, ranks: Ranks
) -> float:
    """One optimiser step over `recipe.accumulate` batches; the mean loss."""
    total = 0.0
    training.optimiser.zero_grad(set_to_none=True)
    for part in range(recipe.accumulate):
        batch = draw_batch(
            cases,
            recipe,
            index=training.iteration * recipe.accumulate + part,
            iteration=training.iteration,
            schedule_steps=schedule.steps,
        )
        batch = batch.take(ranks.places(len(batch.t)))
        weighting = find_phase(recipe, training.iteration).weighting
        loss = noise_loss(training.network, batch, schedule, recipe, weighting) / recipe.accumulate
        loss.backward()  # type: ignore[no-untyped-call]
        total += float(loss.detach())
    total = ranks.mean(total)
    if not math.isfinite(total):
        msg = f"the loss is {total} at iteration {training.iteration}"
        raise ArithmeticError(msg)
    ranks.average_gradients(training.network.parameters())
    _step(training, recipe)
    return total


def _step(training: Training, recipe: Recipe) -> None:
    nn.utils.clip_grad_norm_(training.network.parameters(), recipe.gradient_clip, foreach=False)
    for group in training.optimiser.param_groups:
        group["lr"] = learning_rate(recipe, training.iteration)
    training.optimiser.step()
    decay = ema_decay(recipe, training.iteration)
    with torch.no_grad():
        for name, value in training.network.state_dict().items():
            training.ema[name].lerp_(value, 1 - decay)


def noise_loss(
    network: UNet, batch: Batch, schedule: Schedule, recipe: Recipe, weighting: Weighting
) -> Tensor:
    """Mean |eps - eps_hat| over all voxels and channels (Med-DDPM's L1), weighted per item by t.

    Voxels of a tumour count `tumour_weight` times: they are few, and a twin is drawn for them. For
    a network with an atlas the images are the difference to it, divided by the region scale.
    """
    device = next(network.parameters()).device
    images, condition, noise, t = (
        torch.from_numpy(array.copy()).to(device)
        for array in (batch.images, batch.condition, batch.noise, batch.t)
    )
    if network.atlas is not None:
        images = images - network.atlas.expected_images(condition)
        images = images / network.atlas.scale_map(condition)
    noisy = add_noise(schedule, images, noise, t)
    inputs = torch.cat([noisy, condition], dim=1).contiguous(memory_format=torch.channels_last_3d)
    with _precision(device, recipe.precision):
        output = network(inputs, t)
    estimate = noise_estimate(schedule, recipe.prediction, output.float(), noisy, t)
    errors = (estimate - noise).abs().mean(dim=1)
    tumour = condition[:, : MASK_PLANES - 1].amax(dim=1)
    counts = 1 + (recipe.tumour_weight - 1) * tumour
    means = (errors * counts).flatten(1).sum(dim=1) / counts.flatten(1).sum(dim=1)
    loss: Tensor = (
        loss_weights(schedule, recipe.prediction, weighting).to(device)[t] * means
    ).mean()
    return loss


def loss_weights(schedule: Schedule, prediction: Prediction, weighting: Weighting) -> Tensor:
    """Weight of the loss at each t, (T,).

    An error of the noise estimate is sqrt(1/abar - 1) times as large in the image. "image" is that
    factor, at least 0.3. Without it the steps at high t, which decide brightness and contrast,
    hardly count in a short training. For a network that predicts the noise itself the factor is at
    most 8, else only t = T - 1 would be learned. "velocity" is sqrt(1/abar), the factor to the
    error of the velocity, with the same bound.
    """
    if weighting == "none":
        return torch.ones(schedule.steps)
    most = MOST_NOISE_WEIGHT if prediction == "noise" else math.inf
    if weighting == "velocity":
        return schedule.sqrt_recip_alphas_cumprod.clamp(max=most)
    return schedule.sqrt_recipm1_alphas_cumprod.clamp(LEAST_IMAGE_WEIGHT, most)


def add_noise(schedule: Schedule, images: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """x_t = sqrt(abar) x0 + sqrt(1 - abar) eps (Ho et al. 2020, Eq. 4); t is (N,)."""
    shape = (-1, 1, 1, 1, 1)
    scale = schedule.sqrt_alphas_cumprod.to(t.device)[t].reshape(shape)
    sd = schedule.sqrt_one_minus_alphas_cumprod.to(t.device)[t].reshape(shape)
    return scale * images + sd * noise


def _precision(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    if precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def learning_rate(recipe: Recipe, iteration: int) -> float:
    """Linear rise over `warmup`, held to `hold`, then half a cosine down to the final rate."""
    if iteration < recipe.warmup:
        return recipe.learning_rate * (iteration + 1) / recipe.warmup
    start = max(recipe.warmup, round(recipe.hold * recipe.iterations))
    progress = max(iteration - start, 0) / max(recipe.iterations - start, 1)
    fall = recipe.learning_rate - recipe.final_learning_rate
    return recipe.final_learning_rate + fall * 0.5 * (1 + math.cos(math.pi * progress))


def ema_decay(recipe: Recipe, iteration: int) -> float:
    """The recipe's decay, less at the start, so that the average forgets the initial weights."""
    return min(recipe.ema_decay, (1 + iteration) / (10 + iteration))


def loss_curve(losses: list[float], points: int = 200) -> tuple[LossPoint, ...]:
    """At most `points` means over equal stretches of iterations."""
    stretch = max(1, -(-len(losses) // points))
    return tuple(
        LossPoint(
            iteration=min(start + stretch, len(losses)),
            loss=math.fsum(part) / len(part),
        )
        for start in range(0, len(losses), stretch)
        if (part := losses[start : start + stretch])
    )
