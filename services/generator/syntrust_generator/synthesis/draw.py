"""Drawing twins: one label map, one seed, four modalities.

Weights, label map, brain, sampler, steps, precision and the draw's seed determine a twin. Noise
comes from a counter-based generator on the CPU, keyed by that seed and the step. It is therefore
the same in any batch, on any worker and device.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from syntrust_core.cases.model import Case
from syntrust_core.contracts.canonical import canonical_json
from syntrust_core.contracts.vocabulary import GeneratorPrecision
from syntrust_core.errors import CallerError
from syntrust_generator.atlas.deformation import sample_deformation, warp_coordinates
from syntrust_generator.checkpoints.store import Generator
from syntrust_generator.conditioning.grid_fit import ConditionedView
from syntrust_generator.conditioning.intensity import contract
from syntrust_generator.diffusion.samplers import (
    NoiseSource,
    OnStep,
    ancestral,
    ddim,
    dpm_solver,
    ignore,
    spaced_steps,
)
from syntrust_generator.diffusion.schedule import Schedule, respace
from syntrust_generator.model_card import Domain, Sampling
from syntrust_generator.noise import CHANNELS, NoisePrefetcher
from syntrust_generator.synthesis.engine import ComputeConfig, Engine, get_engine


def derive_draw_seed(generator_seed: int, label_map_digest: str, twin: int, redraw: int) -> int:
    """First 8 bytes, big-endian, of SHA-256 of canonical [seed, label-map digest, twin, redraw]."""
    content = canonical_json([generator_seed, label_map_digest, twin, redraw])
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "big")


def draw(
    generator: Generator,
    case: Case,
    *,
    seed: int,
    sampling: Sampling,
    on_step: OnStep = ignore,
    precision: GeneratorPrecision = "fp32",
) -> NDArray[np.float32]:
    """Draw four modalities for the labels and the brain of `case` on the CPU.

    The case's images are not used.

    Returns
    -------
    (4, X, Y, Z) float32 in [-1, 1], exactly -1 outside the brain.

    Raises
    ------
    CallerError
        If the case is outside the generator's domain, or it cannot sample in so many steps.
    """
    engine = get_engine(generator, ComputeConfig(torch.device("cpu"), precision))
    view = generator.prepare_view(case)
    (images,) = draw_view(
        engine, generator.domain, view, seeds=(seed,), sampling=sampling, on_step=on_step
    )
    return images


def draw_view(
    engine: Engine,
    domain: Domain,
    view: ConditionedView,
    *,
    seeds: Sequence[int],
    sampling: Sampling,
    on_step: OnStep = ignore,
) -> list[NDArray[np.float32]]:
    """Draw one twin per seed as one batch. Each has the noise that it would have alone.

    Returns
    -------
    One (4, X, Y, Z) float32 in [-1, 1] per seed, on the case's grid, exactly -1 outside the brain
    and outside the field of view.
    """
    times = noise_steps(engine.schedule, sampling)
    with ThreadPoolExecutor(CHANNELS) as pool:
        prefetcher = NoisePrefetcher(seeds, times, view.grid_shape[::-1], view.box[::-1], pool)
        found = run_sampler(
            engine,
            np.stack([_warp_condition(engine, view.planes, seed) for seed in seeds]),
            lambda _: prefetcher.take().to(engine.device),
            sampling,
            on_step,
        )
    images = (contract(one) if domain.expanded else one for one in found.cpu().numpy())
    return [view.restore(one) for one in images]


def _warp_condition(engine: Engine, planes: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """The condition of one draw, (C, Z, Y, X), with the deformation that its seed samples."""
    modes = engine.deformation_modes
    return planes if modes is None else warp_coordinates(planes, sample_deformation(modes, seed))


def noise_steps(schedule: Schedule, sampling: Sampling) -> list[int]:
    """The steps whose noise a sampler takes, in its order: T; for ancestral also each visited step.

    Raises
    ------
    CallerError
        If the schedule has fewer steps than asked for.
    """
    if sampling.steps > schedule.steps:
        raise CallerError(
            f"steps: {sampling.steps} is too many; this generator has {schedule.steps}."
        )
    visited = spaced_steps(schedule.steps, sampling.steps)
    return [schedule.steps, *(visited if sampling.sampler == "ancestral" else ())]


def run_sampler(
    engine: Engine,
    planes: NDArray[np.float32],
    noise_at: NoiseSource,
    sampling: Sampling,
    on_step: OnStep = ignore,
) -> Tensor:
    """Run a sampler under conditions (N, C, Z, Y, X).

    `noise_at` returns standard normal noise. It is called for each of `noise_steps`, in order.

    Returns
    -------
    (N, 4, Z, Y, X) in the numbers of the training cases, on the engine's device.
    """
    denoise, schedule, scale = engine.denoiser(planes), engine.schedule, engine.noise_scale(planes)
    x = scale * noise_at(schedule.steps)
    if sampling.sampler == "ddim":
        return ddim(denoise, x, schedule, sampling.steps, on_step)
    if sampling.sampler == "dpm++2m":
        return dpm_solver(denoise, x, schedule, sampling.steps, on_step)
    chosen = spaced_steps(schedule.steps, sampling.steps)[::-1]
    return ancestral(
        lambda x, i: denoise(x, chosen[i]),
        x,
        respace(schedule, chosen),
        lambda i: scale * noise_at(chosen[i]),
        on_step,
    )
