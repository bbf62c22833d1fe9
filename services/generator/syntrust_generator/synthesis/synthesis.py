"""Twins of canonical case folders: drawn, checked, and written with their provenance."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syntrust_core.cases.model import Case, read_mask, write_images
from syntrust_core.contracts.job_results import TwinRecord
from syntrust_core.errors import CallerError
from syntrust_generator.checkpoints.store import Generator
from syntrust_generator.conditioning.grid_fit import ConditionedView, Fit
from syntrust_generator.diffusion.samplers import OnStep, ignore
from syntrust_generator.model_card import Sampling
from syntrust_generator.synthesis.draw import derive_draw_seed, draw_view
from syntrust_generator.synthesis.engine import ComputeConfig, Engine, get_engine
from syntrust_generator.synthesis.quality import find_defects

REDRAWS = 2
TWIN_FILE = "twin.json"


class TwinRejected(CallerError):
    """No draw of this twin passed quality control. Another try would give the same."""

    slug, title = "twin-rejected", "Twin failed quality control"


@dataclass(frozen=True)
class TwinJob:
    """One twin to draw: of a canonical case folder, into `out`."""

    case_folder: Path
    out: Path
    twin: int = 0


@dataclass(frozen=True)
class SynthesisConfig:
    """The settings that all twins of a run share. `sampling` None is the model card's default."""

    generator: Generator
    seed: int
    sampling: Sampling | None = None
    fit: Fit | None = None
    compute: ComputeConfig = field(default_factory=ComputeConfig)

    @property
    def resolved_sampling(self) -> Sampling:
        return self.sampling or self.generator.card.default


def synthesise(
    job: TwinJob,
    config: SynthesisConfig,
    *,
    on_step: OnStep = ignore,
    exclusive_device: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> dict[str, Path]:
    """Draw one twin of a canonical case and write it.

    Parameters
    ----------
    job : TwinJob
        Of the case, only labels, brain and geometry are used. `twin`, the seed of the config and
        the label map's digest decide the noise; see `draw.derive_draw_seed`.
    config : SynthesisConfig
    on_step : callable
        Called after every denoising step; may raise to cancel.
    exclusive_device : callable
        Returns a context in which no other process uses the device. It is entered only to draw, not
        to read or write.

    Returns
    -------
    dict of str to Path
        "t1", "t1ce", "t2", "flair" (NIfTI, float32 in [-1, 1], exactly -1 outside the brain) and
        "twin" (the provenance).

    Raises
    ------
    CallerError
        If the case is outside the generator's domain.
    TwinRejected
        If three draws failed quality control; the detail has the reasons.
    """
    ready = _read(job, config)
    with exclusive_device():
        drawn = _draw(ready, config, on_step)
    return _write(drawn)


def synthesise_all(
    jobs: Iterable[TwinJob],
    config: SynthesisConfig,
    *,
    on_twin: Callable[[TwinJob], None] = lambda _: None,
    on_step: OnStep = ignore,
) -> None:
    """Draw many twins, one after the other; `on_twin` is told of each once it is written."""
    for job in jobs:
        synthesise(job, config, on_step=on_step)
        on_twin(job)


@dataclass(frozen=True)
class _PreparedTwin:
    job: TwinJob
    case: Case
    label_map_digest: str
    view: ConditionedView


@dataclass(frozen=True)
class _DrawnTwin:
    ready: _PreparedTwin
    images: NDArray[np.float32]
    provenance: TwinRecord


def _read(job: TwinJob, config: SynthesisConfig) -> _PreparedTwin:
    case, record = read_mask(job.case_folder)
    view = config.generator.prepare_view(case, config.fit)
    return _PreparedTwin(job, case, record.label_map_digest, view)


def _draw(ready: _PreparedTwin, config: SynthesisConfig, on_step: OnStep) -> _DrawnTwin:
    engine = get_engine(config.generator, config.compute)
    rejected: list[tuple[str, ...]] = []
    for redraw in range(REDRAWS + 1):
        seed = derive_draw_seed(config.seed, ready.label_map_digest, ready.job.twin, redraw)
        (images,) = draw_view(
            engine,
            config.generator.domain,
            ready.view,
            seeds=(seed,),
            sampling=config.resolved_sampling,
            on_step=on_step,
        )
        found = find_defects(images, ready.view.visible_brain)
        if not found:
            drawn = {"redraw": redraw, "draw_seed": f"{seed:016x}", "rejected": tuple(rejected)}
            return _DrawnTwin(ready, images, _describe_twin(ready, config, engine, drawn))
        rejected.append(tuple(found))
    raise TwinRejected(f"twin: {REDRAWS + 1} draws failed quality control: {rejected[-1]}.")


def _describe_twin(
    ready: _PreparedTwin, config: SynthesisConfig, engine: Engine, drawn: dict[str, object]
) -> TwinRecord:
    card, domain, view = config.generator.card, config.generator.domain, ready.view
    return TwinRecord.model_validate(
        {
            "generator": card.name,
            "weights_sha256": card.weights_sha256,
            "label_map_digest": ready.label_map_digest,
            "sampler": config.resolved_sampling.sampler,
            "steps": config.resolved_sampling.steps,
            "seed": config.seed,
            "twin": ready.job.twin,
            "fit": config.fit or domain.fit,
            "field_of_view": view.field_of_view,
            "lost_voxels": view.lost_voxels,
            "warnings": view.warnings,
            "intensity": domain.intensity,
            "device": engine.device.type,
            "precision": engine.precision,
            "compiled": engine.compiled,
            **drawn,
        }
    )


def _write(drawn: _DrawnTwin) -> dict[str, Path]:
    """Write the provenance last: a folder that has it is complete."""
    out = drawn.ready.job.out
    paths = write_images(drawn.images, drawn.ready.case.geometry, out)
    paths["twin"] = out / TWIN_FILE
    draft = paths["twin"].with_suffix(".draft")
    draft.write_text(drawn.provenance.model_dump_json(indent=2) + "\n", encoding="utf-8")
    draft.replace(paths["twin"])
    return paths
