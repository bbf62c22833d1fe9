"""Training a generator from canonical case folders to a model folder, watched and resumable."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from syntrust_core.errors import CallerError, InvalidRequest, Stopping
from syntrust_core.field_errors import describe_field
from syntrust_core.ranks.collectives import Ranks
from syntrust_core.ranks.job import RankJob
from syntrust_core.ranks.launch import start_ranks
from syntrust_core.ranks.shares import require_equal_shares
from syntrust_generator.atlas.atlas import Atlas
from syntrust_generator.atlas.registration import Shape
from syntrust_generator.checkpoints.store import (
    Generator,
    create_network,
    save_model,
    software_versions,
    to_architecture,
)
from syntrust_generator.diffusion.schedule import cosine_schedule
from syntrust_generator.model_card import Domain, ModelCard, Recipe, SeenCase, TrainConfig
from syntrust_generator.synthesis.determinism import reproducible
from syntrust_generator.synthesis.engine import Engine
from syntrust_generator.training.atlas_fit import fit_atlas
from syntrust_generator.training.dataset import (
    CaseFolders,
    TrainingCases,
    describe_seen_case,
    read_common_grid,
)
from syntrust_generator.training.loop import (
    OnProgress,
    Training,
    TrainingProgress,
    loss_curve,
    resume_training,
    save_training,
    start_training,
    take_state_of_first,
)
from syntrust_generator.training.loop import train as run_training
from syntrust_generator.training.preview import render_preview, write_png

CHECKPOINT_EVERY_S = 180.0
PREVIEW_EVERY_S = 600.0
PREVIEW_CASES = 2
LEAST_PAUSE = 20.0  # times what the last preview took: previews cost a training 5 % at most

OnFile = Callable[[Path], None]
OnCheckpoint = Callable[[Path, int], None]
"""Gets the file and the iteration after which it was written."""


def ignore_file(path: Path) -> None:
    """The callback for a caller that needs to do nothing with the file."""
    del path


def ignore_checkpoint(path: Path, iteration: int) -> None:
    """The callback for a caller that needs to do nothing with the checkpoint."""
    del path, iteration


@dataclass(frozen=True)
class LiveArtifacts:
    """What a training writes while it runs, and how often. The callbacks get each file.

    If `checkpoint` exists, the training resumes from it. `preview` is a picture of twins drawn by
    the averaged weights, see `preview.render_preview`.
    """

    checkpoint: Path
    preview: Path
    on_checkpoint: OnCheckpoint = ignore_checkpoint
    on_preview: OnFile = ignore_file
    checkpoint_every_s: float = CHECKPOINT_EVERY_S
    preview_every_s: float = PREVIEW_EVERY_S


def training_config(config: Mapping[str, Any], *, seed: int, iterations: int) -> TrainConfig:
    """Read the settings of a `TrainGenerator` step. Its seed and iterations replace the config's.

    Raises
    ------
    InvalidRequest
        If a field is unknown or out of range.
    """
    recipe = {**config.get("recipe", {}), "seed": seed, "iterations": iterations}
    try:
        return TrainConfig.model_validate({**config, "recipe": recipe})
    except ValidationError as error:
        found = error.errors(include_url=False)
        # A field that is misspelt is missing, too; the misspelling is the cause.
        first = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
        place = "".join(f"/{part}" for part in first["loc"])
        raise InvalidRequest(
            f"config{place.replace('/', '.')}: {describe_field(first)}", pointer=f"/config{place}"
        ) from error


def train(
    folders: Mapping[str, Path],
    config: TrainConfig,
    *,
    name: str,
    dataset: str,
    out: Path,
    on_progress: OnProgress,
    on_case: Callable[[], None] = lambda: None,
    start: Generator | None = None,
    live: LiveArtifacts | None = None,
    device: torch.device | str = "cpu",
    devices: int = 1,
    scratch: Path | None = None,
) -> dict[str, Path]:
    """Train a generator on canonical cases and write its model folder to `out`.

    Parameters
    ----------
    folders : mapping of str to Path
        Canonical case folders by case id, all on one grid.
    name, dataset : str
        For the card: the name of the model, and where its cases come from.
    on_case : callable
        Called each time a case is read while an atlas is fitted; may raise to stop.
    start : Generator or None
        A generator to continue from; fresh weights if None. Its seen cases stay on the card, and a
        generator that crops cases of another shape still does.
    devices : int
        How many share each batch; they lie beside `device`.
    scratch : Path or None
        See `start_ranks`.

    Returns
    -------
    dict of str to Path
        "model" and "card".

    Raises
    ------
    CallerError
        If the cases do not share a grid, a case does not fit this network, the checkpoint belongs
        to another recipe, `start` has another architecture or prediction, or the devices cannot
        share a batch equally.
    WorkerLost
        If the process of one of several devices died.
    """
    _require_equal_shares(config.recipe, devices)
    domain = _describe_domain(folders, config, start)
    read_cases = partial(CaseFolders, tuple(folders.values()), domain, _find_divisor(config))
    learn = partial(fit_atlas, read_cases, on_case=on_case)
    training = _start_or_resume(config, learn, start, live, device)
    cases = read_cases(brain=training.network.mean_brain())
    if live is not None:
        on_progress = _PeriodicSaver(training, config, cases, live).before(on_progress)
    schedule = cosine_schedule(config.schedule_steps)
    further = TrainingShare(
        folders=tuple(folders.values()),
        domain=domain,
        config=config,
        threads=torch.get_num_threads(),
    )
    with start_ranks(
        further, devices=devices, device=torch.device(device), scratch=scratch
    ) as ranks:
        take_state_of_first(training, ranks)
        run_training(training, cases, config.recipe, schedule, on_progress=on_progress, ranks=ranks)
    return save_trained(
        training,
        config,
        domain,
        folders,
        name=name,
        dataset=dataset,
        out=out,
        start=start,
        devices=devices,
    )


class TrainingShare(RankJob):
    """The share of a further rank. Weights and atlas come from the first."""

    folders: tuple[Path, ...]
    domain: Domain
    config: TrainConfig
    threads: int

    def compute(self, ranks: Ranks) -> None:
        """Train on this rank's places of every batch."""
        config = self.config
        with reproducible(self.threads, deterministic=ranks.device.type == "cpu"):
            training = start_training(config.architecture, config.recipe, ranks.device)
            take_state_of_first(training, ranks)
            brain = training.network.mean_brain()
            cases = CaseFolders(self.folders, self.domain, _find_divisor(config), brain=brain)
            schedule = cosine_schedule(config.schedule_steps)
            run_training(
                training, cases, config.recipe, schedule, on_progress=lambda _: None, ranks=ranks
            )


def _find_divisor(config: TrainConfig) -> int:
    return to_architecture(config.architecture).divisor


def _require_equal_shares(recipe: Recipe, devices: int) -> None:
    for number, phase in enumerate(recipe.phases):
        field = f"recipe/phases/{number}/batch"
        require_equal_shares(
            phase.batch,
            devices,
            field=f"config.{field.replace('/', '.')}",
            pointer=f"/config/{field}",
        )


def _describe_domain(
    folders: Mapping[str, Path], config: TrainConfig, start: Generator | None
) -> Domain:
    shape, spacing_mm = read_common_grid(folders)
    return Domain(
        shape=shape,
        spacing_mm=spacing_mm,
        view=config.view,
        fit="exact" if start is None else start.domain.fit,
        intensity=config.intensity,
        expanded=config.expanded,
    )


class _PeriodicSaver:
    """Writes checkpoints and previews by the clock. Neither changes what is trained."""

    def __init__(
        self, training: Training, config: TrainConfig, cases: TrainingCases, live: LiveArtifacts
    ) -> None:
        self._training, self._config, self._cases = training, config, cases
        self._live = live
        now = time.monotonic()
        self._next_checkpoint = now + live.checkpoint_every_s
        self._next_preview = now + live.preview_every_s

    def before(self, on_progress: OnProgress) -> OnProgress:
        """A callback that saves what is due, and then calls the one given."""

        def save_and_report(progress: TrainingProgress) -> None:
            self._save_due(progress)
            try:
                on_progress(progress)
            except Stopping:
                self._save_checkpoint()
                raise

        return save_and_report

    def _save_due(self, progress: TrainingProgress) -> None:
        ends = progress.done == progress.total
        if ends or time.monotonic() >= self._next_checkpoint:
            self._save_checkpoint()
        if ends or time.monotonic() >= self._next_preview:
            self._save_preview()

    def _save_checkpoint(self) -> None:
        save_training(self._training, self._config.recipe, self._live.checkpoint)
        self._live.on_checkpoint(self._live.checkpoint, self._training.iteration)
        self._next_checkpoint = time.monotonic() + self._live.checkpoint_every_s

    def _save_preview(self) -> None:
        started = time.monotonic()
        cases = [self._cases[i] for i in range(min(PREVIEW_CASES, len(self._cases)))]
        engine = _ema_engine(self._training, self._config)
        pixels = render_preview(engine, cases, seed=self._config.recipe.seed)
        write_png(pixels, self._live.preview)
        self._live.on_preview(self._live.preview)
        now = time.monotonic()
        pause_s = max(self._live.preview_every_s, LEAST_PAUSE * (now - started))
        self._next_preview = now + pause_s


def _ema_engine(training: Training, config: TrainConfig) -> Engine:
    """An engine of the current averaged weights, on the device of the training."""
    network = create_network(config.architecture)
    network.load_state_dict(training.ema)
    device = next(training.network.parameters()).device
    return Engine(
        network,
        cosine_schedule(config.schedule_steps),
        config.recipe.prediction,
        device=device,
        precision=config.recipe.precision,
    )


def _start_or_resume(
    config: TrainConfig,
    learn: Callable[[Shape], Atlas],
    start: Generator | None,
    live: LiveArtifacts | None,
    device: torch.device | str,
) -> Training:
    if live is not None and live.checkpoint.exists():
        return resume_training(config.architecture, config.recipe, live.checkpoint, device)
    if start is None:
        shape = config.architecture.anatomy
        atlas = None if shape is None else learn(shape)
        return start_training(config.architecture, config.recipe, device, atlas=atlas)
    _require_same_kind(start, config)
    weights = start.network.state_dict()
    return start_training(config.architecture, config.recipe, device, weights=weights)


def _require_same_kind(start: Generator, config: TrainConfig) -> None:
    card, seen = start.card, start.domain
    given = (card.architecture, card.schedule_steps, card.prediction)
    conditioned = (seen.view, seen.intensity, seen.expanded)
    if given != (config.architecture, config.schedule_steps, config.recipe.prediction):
        raise CallerError(
            f"start: {card.name} has another architecture, schedule or prediction than asked."
        )
    if conditioned != (config.view, config.intensity, config.expanded):
        raise CallerError(f"start: {card.name} has another view, intensity or expanded than asked.")


def save_trained(
    training: Training,
    config: TrainConfig,
    domain: Domain,
    folders: Mapping[str, Path],
    *,
    name: str,
    dataset: str,
    out: Path,
    start: Generator | None = None,
    devices: int = 1,
) -> dict[str, Path]:
    """Write the current averaged weights with their card."""
    card = ModelCard(
        name=name,
        architecture=config.architecture,
        parameters=sum(value.numel() for value in training.ema.values()),
        schedule_steps=config.schedule_steps,
        prediction=config.recipe.prediction,
        domain=domain,
        default=config.default,
        seen=_seen(folders, start),
        dataset=dataset,
        recipe=config.recipe,
        iterations=training.iteration,
        devices=devices,
        versions=software_versions(),
        loss=loss_curve(training.losses),
        earlier=() if start is None else (*start.card.earlier, start.card.as_stage()),
        weights_sha256="",
    )
    weights = {key: value.cpu() for key, value in training.ema.items()}
    return save_model(weights, card, out)


def _seen(folders: Mapping[str, Path], start: Generator | None) -> tuple[SeenCase, ...]:
    before = () if start is None else start.card.seen
    now = (describe_seen_case(case, folder) for case, folder in sorted(folders.items()))
    return tuple(dict.fromkeys((*before, *now)))
