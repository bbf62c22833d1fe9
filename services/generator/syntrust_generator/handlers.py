"""What the generator does for the platform, as ordinary functions over folders."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from syntrust_core.cases import Case, read_case, write_images
from syntrust_core.errors import CallerError, InvalidRequest
from syntrust_generator.anatomy import mean_anatomy
from syntrust_generator.card import NOTICE, Domain, ModelCard, Sampling, SeenCase, TrainConfig
from syntrust_generator.data import CaseFolders, TrainingCases, common_grid, seen_case
from syntrust_generator.draw import draw, draw_seed
from syntrust_generator.intensity import BACKGROUND
from syntrust_generator.models import Generator, save_model
from syntrust_generator.network import Architecture
from syntrust_generator.quality import defects
from syntrust_generator.samplers import OnStep, ignore
from syntrust_generator.schedule import cosine_schedule
from syntrust_generator.training import (
    OnProgress,
    Training,
    TrainingProgress,
    loss_curve,
    resume_training,
    save_training,
    start_training,
)
from syntrust_generator.training import train as run_training

REDRAWS = 2
TWIN_FILE = "twin.json"


class TwinRejected(CallerError):
    """No draw of this twin passed quality control. Drawing again gives the same."""

    slug, title = "twin-rejected", "Twin failed quality control"


class Twin(BaseModel):
    """Where a twin comes from: `twin.json`. Equal draws write equal files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    notice: str = NOTICE
    generator: str
    weights_sha256: str
    label_map_digest: str
    sampler: str
    steps: int
    seed: Annotated[int, Field(description="The generator seed that was asked for.")]
    twin: int
    redraw: Annotated[int, Field(description="0 unless earlier draws failed quality control.")]
    draw_seed: str
    rejected: Annotated[tuple[tuple[str, ...], ...], Field(description="Why, per earlier draw.")]
    intensity: str
    background: float = BACKGROUND


def synthesise(
    case_folder: Path,
    generator: Generator,
    *,
    out: Path,
    seed: int,
    twin: int = 0,
    sampling: Sampling | None = None,
    on_step: OnStep = ignore,
    precision: str = "fp32",
) -> dict[str, Path]:
    """Draw one twin of a canonical case and write it to `out`.

    Parameters
    ----------
    case_folder
        Only labels, brain and geometry are used.
    seed, twin
        With the label map's digest they decide the noise; see `draw.draw_seed`.
    sampling
        The model card's default if None.
    on_step
        Called after every denoising step; may raise to cancel.

    Returns
    -------
    Paths of "t1", "t1ce", "t2", "flair" (NIfTI, float32 in [-1, 1], exactly -1 outside the brain)
    and "twin" (its provenance).

    Raises
    ------
    CallerError
        If the case is outside the generator's domain.
    TwinRejected
        If three draws failed quality control; the detail has the reasons.
    """
    case, record = read_case(case_folder)
    sampling = sampling or generator.card.default
    rejected: list[tuple[str, ...]] = []
    for redraw in range(REDRAWS + 1):
        draws_from = draw_seed(seed, record.label_map_digest, twin, redraw)
        images = draw(
            generator,
            case,
            seed=draws_from,
            sampling=sampling,
            on_step=on_step,
            precision=precision,
        )
        wrong = defects(images, case.brain)
        if not wrong:
            provenance = Twin(
                generator=generator.card.name,
                weights_sha256=generator.card.weights_sha256,
                label_map_digest=record.label_map_digest,
                sampler=sampling.sampler,
                steps=sampling.steps,
                seed=seed,
                twin=twin,
                redraw=redraw,
                draw_seed=f"{draws_from:016x}",
                rejected=tuple(rejected),
                intensity=generator.card.domain.intensity,
            )
            return _write_twin(images, case, provenance, out)
        rejected.append(tuple(wrong))
    raise TwinRejected(f"twin: {REDRAWS + 1} draws failed quality control: {rejected[-1]}.")


def _write_twin(
    images: NDArray[np.float32], case: Case, provenance: Twin, out: Path
) -> dict[str, Path]:
    paths = write_images(images, case.geometry, out)
    paths["twin"] = out / TWIN_FILE
    paths["twin"].write_text(provenance.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return paths


def training_config(config: Mapping[str, Any], *, seed: int, iterations: int) -> TrainConfig:
    """The settings of a `TrainGenerator` step; its seed and iterations win over the config's.

    Raises
    ------
    InvalidRequest
        If a field is unknown or out of range.
    """
    recipe = {**config.get("recipe", {}), "seed": seed, "iterations": iterations}
    try:
        return TrainConfig.model_validate({**config, "recipe": recipe})
    except ValidationError as error:
        raise InvalidRequest(f"config: {error}", pointer="/config") from error


def train(
    folders: Mapping[str, Path],
    config: TrainConfig,
    *,
    name: str,
    dataset: str,
    out: Path,
    on_progress: OnProgress,
    start: Generator | None = None,
    checkpoint: Path | None = None,
    checkpoint_every: int = 200,
    on_checkpoint: Callable[[Path], None] | None = None,
    device: torch.device | str = "cpu",
) -> dict[str, Path]:
    """Train a generator on canonical cases and write its model folder to `out`.

    Parameters
    ----------
    folders : mapping of case id to canonical case folder
        All on one grid.
    name, dataset
        For the card: what to call the model and where its cases come from.
    start
        A generator to go on from; fresh weights if None. Its seen cases stay seen.
    checkpoint : file
        Written every `checkpoint_every` iterations; if it exists, training goes on from it.
    on_checkpoint
        Told of each write, for example to copy the file elsewhere.

    Returns
    -------
    Paths of "model" and "card".

    Raises
    ------
    CallerError
        If the cases do not share a grid, a case cannot be shown to this network, the checkpoint
        belongs to another recipe, or `start` has another architecture or prediction.
    """
    shape, spacing_mm = common_grid(folders)
    domain = Domain(
        shape=shape,
        spacing_mm=spacing_mm,
        view=config.view,
        intensity=config.intensity,
        expanded=config.expanded,
        position=config.position,
    )
    cases = CaseFolders(tuple(folders.values()), domain, _divisor(config))
    training = _begin(config, cases, start, checkpoint, device)

    def after(done: TrainingProgress) -> None:
        due = done.done % checkpoint_every == 0 or done.done == done.total
        if checkpoint is not None and due:
            save_training(training, config.recipe, checkpoint)
            if on_checkpoint is not None:
                on_checkpoint(checkpoint)
        on_progress(done)

    run_training(
        training, cases, config.recipe, cosine_schedule(config.schedule_steps), on_progress=after
    )
    return save_trained(
        training, config, domain, folders, name=name, dataset=dataset, out=out, start=start
    )


def _divisor(config: TrainConfig) -> int:
    return Architecture(**config.architecture.model_dump()).divisor


def _begin(
    config: TrainConfig,
    cases: TrainingCases,
    start: Generator | None,
    checkpoint: Path | None,
    device: torch.device | str,
) -> Training:
    if checkpoint is not None and checkpoint.exists():
        return resume_training(config.architecture, config.recipe, checkpoint, device)
    if start is None:
        shape = config.architecture.anatomy
        anatomy = None if shape is None else mean_anatomy(cases, shape)
        return start_training(config.architecture, config.recipe, device, anatomy=anatomy)
    card, seen = start.card, start.card.domain
    have = (card.architecture, card.schedule_steps, card.prediction)
    shown = (seen.view, seen.intensity, seen.expanded, seen.position)
    if have != (config.architecture, config.schedule_steps, config.recipe.prediction):
        raise CallerError(
            f"start: {card.name} has another architecture, schedule or prediction than asked."
        )
    if shown != (config.view, config.intensity, config.expanded, config.position):
        raise CallerError(
            f"start: {card.name} has another view, intensity, expanded or position than asked."
        )
    weights = start.network.state_dict()
    return start_training(config.architecture, config.recipe, device, weights=weights)


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
) -> dict[str, Path]:
    """Write the averaged weights as they stand, with their card."""
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
        versions=versions(),
        loss=loss_curve(training.losses),
        earlier=() if start is None else (*start.card.earlier, start.card.as_stage()),
        weights_sha256="",
    )
    weights = {key: value.cpu() for key, value in training.ema.items()}
    return save_model(weights, card, out)


def _seen(folders: Mapping[str, Path], start: Generator | None) -> tuple[SeenCase, ...]:
    before = () if start is None else start.card.seen
    now = (seen_case(case, folder) for case, folder in sorted(folders.items()))
    return tuple(dict.fromkeys((*before, *now)))


def versions() -> dict[str, str]:
    """Software that decides the numbers."""
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
    }
