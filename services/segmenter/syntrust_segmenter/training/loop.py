"""Train a SwinUNETR for a fixed number of iterations and keep the last weights.

With equal data, config, seed, threads and processor the weights are equal bit for bit on a CPU,
whether or not the training was killed and resumed in between.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from syntrust_core.errors import CallerError, Stopping
from syntrust_core.ranks.collectives import ALONE, Ranks
from syntrust_core.segmenter_presets import SegmenterConfig
from syntrust_segmenter.inference.predict_case import predict_box
from syntrust_segmenter.models.start_weights import StartWeights
from syntrust_segmenter.network.swin_unetr import autocast, build_network
from syntrust_segmenter.preprocessing.case_cache import PreparedCase
from syntrust_segmenter.preprocessing.image_entry import ImageKind
from syntrust_segmenter.progress import ProgressReporter
from syntrust_segmenter.training.checkpoints import TrainingState, load_state, save_state
from syntrust_segmenter.training.live_curves import LiveCurves, ShowFile
from syntrust_segmenter.training.losses import segmentation_loss
from syntrust_segmenter.training.sampling import Sample, Samples, count_class_shares, load_batches
from syntrust_segmenter.training.validation_dice import nested_dice, region_dice
from syntrust_segmenter.training_history import History, ValidationDice


class Checkpoints(Protocol):
    """Storage of a training's state between attempts."""

    def load_checkpoint(self, path: Path) -> bool: ...
    def save_checkpoint(self, path: Path, iteration: int) -> None: ...


class Diverged(CallerError):
    slug, title = "diverged", "The training diverged"


@dataclass(frozen=True)
class ValidationImage:
    """One image of a validation case, real or twin. It is scored for the history only."""

    case: str
    image: ImageKind
    prepared: PreparedCase


@dataclass(frozen=True)
class TrainingRun:
    """Settings of one training. `identity` names it, so that it resumes only its own checkpoint."""

    seed: int
    iterations: int
    identity: str
    scratch: Path
    device: torch.device
    start: StartWeights | None = None
    loaders: int = 0
    checkpoint_every_s: float = 60.0


def train_network(
    cases: Sequence[PreparedCase],
    validation: Sequence[ValidationImage],
    config: SegmenterConfig,
    run: TrainingRun,
    *,
    report: ProgressReporter,
    checkpoints: Checkpoints | None = None,
    show: ShowFile | None = None,
    ranks: Ranks = ALONE,
) -> TrainingState:
    """Train for `run.iterations`. Resume from a checkpoint of the same training if there is one.

    `show` takes a file with the curves so far, now and then; see `LiveCurves`. Call it within
    `reproducible(threads, deterministic=config.deterministic)`. Each of several ranks computes its
    places of every batch; all begin with the state of the first.

    Raises
    ------
    Diverged
        The loss is no longer finite.
    InvalidRequest
        The start weights do not fit the network; see `StartWeights.load_into`.
    """
    state = create_state(cases, config, run)
    keeper = _CheckpointKeeper(state, run, checkpoints)
    live = LiveCurves(run.scratch, show)
    _take_state_of_first(state, ranks)
    started = time.perf_counter()
    for sample in _remaining_batches(cases, config, run, state.iteration, ranks):
        iterate(state, sample, config, run, ranks)
        state.history.seconds += time.perf_counter() - started
        if _is_due(state.iteration, run.iterations, config.validations):
            # Not yet this iteration's report: it is over once its validation is.
            tell = partial(report, state.iteration - 1, run.iterations, doing="validation")
            state.history.validation += _validate(state, validation, config, tell)
        keeper.save_if_due()
        live.show_if_due(state.history)
        try:
            report(state.iteration, run.iterations, **_describe_progress(state.history))
        except Stopping:
            keeper.save()
            raise
        started = time.perf_counter()
    return state


class _CheckpointKeeper:
    """Loads the last checkpoint of a training, and saves one by the clock."""

    def __init__(
        self, state: TrainingState, run: TrainingRun, checkpoints: Checkpoints | None
    ) -> None:
        self._state, self._run, self._checkpoints = state, run, checkpoints
        self._path = run.scratch / "training.safetensors"
        if checkpoints is not None and checkpoints.load_checkpoint(self._path):
            load_state(state, self._path, identity=run.identity)
        self._saved_s = time.monotonic()

    def save_if_due(self) -> None:
        if time.monotonic() - self._saved_s >= self._run.checkpoint_every_s:
            self.save()

    def save(self) -> None:
        if self._checkpoints is not None:
            save_state(self._state, self._path, identity=self._run.identity)
            self._checkpoints.save_checkpoint(self._path, self._state.iteration)
            self._saved_s = time.monotonic()


def compute_learning_rate(config: SegmenterConfig, iteration: int, iterations: int) -> float:
    """Compute the rate: linear warm-up to `config.learning_rate`, then half a cosine towards 0.

    `iteration` counts from 0. Loshchilov and Hutter 2017, arXiv 1608.03983, eq. 5, no restarts.
    """
    warmup = round(config.warmup * iterations)
    if iteration < warmup:
        return config.learning_rate * (iteration + 1) / (warmup + 1)
    progress = (iteration - warmup) / max(1, iterations - warmup)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


def create_state(
    cases: Sequence[PreparedCase], config: SegmenterConfig, run: TrainingRun
) -> TrainingState:
    """Create network and optimiser as they are before the first iteration."""
    torch.manual_seed(run.seed)
    network = build_network(config, priors=count_class_shares(cases, config.patch))
    if run.start is not None:
        run.start.load_into(network)
    network.to(run.device)
    # With two samples a step, this order saves about a third of a step on a CPU.
    network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]  # no stub
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    average = _create_average(network, config)
    return TrainingState(network, optimizer, config.named_precision, average=average)


def _create_average(network: nn.Module, config: SegmenterConfig) -> AveragedModel | None:
    if config.ema == 0:
        return None
    multi: Any = get_ema_multi_avg_fn(config.ema)  # type: ignore[no-untyped-call]  # no stub
    return AveragedModel(network, multi_avg_fn=multi)


def _take_state_of_first(state: TrainingState, ranks: Ranks) -> None:
    """Begin where the first rank does. Its running average and history are its own."""
    network, optimizer = state.network.state_dict(), state.optimizer.state_dict()
    first = ranks.share_state({"done": state.iteration, "network": network, "optimizer": optimizer})
    if not ranks.is_first:
        state.network.load_state_dict(first["network"])
        state.optimizer.load_state_dict(first["optimizer"])
        state.iteration = first["done"]


def _remaining_batches(
    cases: Sequence[PreparedCase],
    config: SegmenterConfig,
    run: TrainingRun,
    done: int,
    ranks: Ranks,
) -> Iterator[Sample]:
    samples = Samples(cases, config, run.seed, ranks.places(config.batch))
    return load_batches(samples, first=done, last=run.iterations, loaders=run.loaders)


def iterate(
    state: TrainingState,
    sample: Sample,
    config: SegmenterConfig,
    run: TrainingRun,
    ranks: Ranks = ALONE,
) -> None:
    """Run one iteration at its learning rate; update the running average and the history."""
    rate = compute_learning_rate(config, state.iteration, run.iterations)
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    loss, norm = train_step(state, sample, config, run.device, ranks)
    if state.average is not None:
        state.average.update_parameters(state.network)
    state.iteration += 1
    history = state.history
    history.loss.append(loss)
    history.learning_rate.append(rate)
    history.gradient_norm.append(norm)
    history.samples += len(sample.images) * ranks.size


def train_step(
    state: TrainingState,
    sample: Sample,
    config: SegmenterConfig,
    device: torch.device,
    ranks: Ranks = ALONE,
) -> tuple[float, float]:
    """Take one optimiser step on a batch; return its loss and the norm of the gradient.

    `sample` holds this rank's places of the batch; loss and gradient are the whole batch's.
    """
    images = sample.images.to(device, memory_format=torch.channels_last_3d)
    state.network.train()
    state.optimizer.zero_grad(set_to_none=True)
    with autocast(state.precision, device):
        logits = state.network(images)
    loss = segmentation_loss(
        logits,
        sample.labels.to(device),
        head=config.head,
        dice_weight=config.dice_weight,
        cross_entropy_weight=config.cross_entropy_weight,
        ranks=ranks,
    )
    value = ranks.mean(loss.item())
    if not math.isfinite(value):
        raise Diverged(
            f"The loss is {value} at iteration {state.iteration + 1}; "
            "lower learning_rate or gradient_norm.",
            iteration=state.iteration + 1,
        )
    loss.backward()  # type: ignore[no-untyped-call]
    ranks.average_gradients(state.network.parameters())
    norm = nn.utils.clip_grad_norm_(state.network.parameters(), config.gradient_norm)
    state.optimizer.step()
    return value, norm.item()


def _is_due(iteration: int, iterations: int, validations: int) -> bool:
    """Whether one of `validations` evenly spread validations comes after this iteration."""
    return iteration * validations // iterations > (iteration - 1) * validations // iterations


def _validate(
    state: TrainingState,
    validation: Sequence[ValidationImage],
    config: SegmenterConfig,
    tell: Callable[[], None],
) -> list[ValidationDice]:
    scored = []
    for item in validation:
        tell()
        scored.append(_score(state, item, config))
    return scored


def _score(state: TrainingState, item: ValidationImage, config: SegmenterConfig) -> ValidationDice:
    labels = item.prepared.labels
    predicted = predict_box(state.result, item.prepared, config, precision=state.precision)
    return ValidationDice(
        iteration=state.iteration,
        case=item.case,
        image=item.image,
        dice=region_dice(labels, predicted),
        nested=nested_dice(labels, predicted),
    )


def _describe_progress(history: History) -> dict[str, float | str]:
    detail: dict[str, float | str] = {
        "loss": round(history.loss[-1], 5),
        "learning_rate": history.learning_rate[-1],
        "samples_per_s": round(history.samples_per_s, 3),
    }
    for image in ("real", "twin"):
        for region, value in history.validation_means(image).items():
            detail[f"dice_{image}_{region}"] = round(value, 4)
        mean = history.validation_mean(image)
        if mean is not None:
            detail[f"dice_{image}"] = round(mean, 4)
    return detail
