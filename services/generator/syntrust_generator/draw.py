"""Drawing twins: one label map, one seed, four modalities.

A twin is a function of the weights, the label map, the brain, sampler, steps and the draw's seed.
Noise comes from a counter-based generator on the CPU, keyed by that seed and by the step, so it is
the same in whatever batch, worker or device the twin is drawn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from syntrust_core.canonical import canonical_json
from syntrust_core.cases import Case
from syntrust_core.errors import CallerError
from syntrust_generator.card import Domain, Sampling
from syntrust_generator.condition import condition_planes, from_network, to_network, view_box
from syntrust_generator.intensity import BACKGROUND, contracted
from syntrust_generator.models import Generator
from syntrust_generator.samplers import (
    Denoiser,
    OnStep,
    ancestral,
    ddim,
    dpm_solver,
    ignore,
    spaced_steps,
)
from syntrust_generator.schedule import Schedule, cosine_schedule, noise_estimate, respaced

SPACING_TOLERANCE = 0.01  # relative


def draw_seed(generator_seed: int, label_map_digest: str, twin: int, redraw: int) -> int:
    """First 8 bytes, big-endian, of SHA-256 of canonical [seed, label-map digest, twin, redraw]."""
    content = canonical_json([generator_seed, label_map_digest, twin, redraw])
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "big")


def noise(seed: int, t: int, shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Standard normal noise of step `t` of a draw; `t` = T is the noise it starts from.

    Philox takes the whole 64-bit seed (torch's CPU generator keeps 32 bits of it) and has the same
    stream on every platform.

    Returns
    -------
    (4, X, Y, Z) float32
    """
    rng = np.random.Generator(np.random.Philox(key=[seed, t]))
    return rng.standard_normal((4, *shape), dtype=np.float32)


def check_domain(case: Case, domain: Domain) -> None:
    """Refuse what this generator has not been made for.

    Raises
    ------
    CallerError
        If the grid's shape or spacing differs, or nothing is labelled as tumour.
    """
    shape, spacing_mm = case.geometry.shape, case.geometry.spacing_mm
    if tuple(shape) != domain.shape:
        raise CallerError(f"grid: {shape} voxels; this generator draws {domain.shape}.")
    if not np.allclose(spacing_mm, domain.spacing_mm, rtol=SPACING_TOLERANCE, atol=0):
        raise CallerError(f"grid: spacing {spacing_mm} mm; this generator has {domain.spacing_mm}.")
    if not case.labels.any():
        raise CallerError("labels: no tumour is labelled; this generator draws brains with one.")


def draw(
    generator: Generator,
    case: Case,
    *,
    seed: int,
    sampling: Sampling,
    on_step: OnStep = ignore,
    precision: str = "fp32",
) -> NDArray[np.float32]:
    """Four modalities for the labels and the brain of `case`; its images are not looked at.

    Returns
    -------
    (4, X, Y, Z) float32 in [-1, 1], exactly -1 outside the brain.

    Raises
    ------
    CallerError
        If the case is outside the generator's domain, or it cannot sample in so many steps.
    """
    domain = generator.card.domain
    check_domain(case, domain)
    box = view_box(case.brain, domain.view, generator.network.architecture.divisor)
    planes = condition_planes(case.labels[box], case.brain[box], position=domain.position)
    schedule = cosine_schedule(generator.card.schedule_steps)
    shown = _sample(
        denoiser(generator, schedule, planes, precision),
        lambda t: _shown_noise(seed, t, domain.shape, box),
        schedule,
        sampling,
        on_step,
    )
    images = np.full((4, *domain.shape), BACKGROUND, dtype=np.float32)
    found = from_network(shown[0].numpy())
    images[(slice(None), *box)] = contracted(found) if domain.expanded else found
    images[:, ~case.brain] = BACKGROUND
    return images


def denoiser(
    generator: Generator, schedule: Schedule, planes: NDArray[np.float32], precision: str
) -> Denoiser:
    """The network's estimate for one condition (4, Z, Y, X)."""
    condition = torch.from_numpy(planes)[None]

    def estimate(x: Tensor, t: int) -> Tensor:
        inputs = torch.cat([x, condition], dim=1)
        with torch.inference_mode(), _precision(precision):
            output: Tensor = generator.network(
                inputs.contiguous(memory_format=torch.channels_last_3d), torch.tensor([t])
            )
            return noise_estimate(
                schedule, generator.card.prediction, output.float().contiguous(), x, t
            )

    return estimate


def _sample(
    denoise: Denoiser,
    noise_at: Callable[[int], Tensor],
    schedule: Schedule,
    sampling: Sampling,
    on_step: OnStep,
) -> Tensor:
    if sampling.steps > schedule.steps:
        raise CallerError(f"steps: at most {schedule.steps} for this generator.")
    x = noise_at(schedule.steps)
    if sampling.sampler == "ddim":
        return ddim(denoise, x, schedule, sampling.steps, on_step)
    if sampling.sampler == "dpm++2m":
        return dpm_solver(denoise, x, schedule, sampling.steps, on_step)
    chosen = spaced_steps(schedule.steps, sampling.steps)[::-1]
    return ancestral(
        lambda x, i: denoise(x, chosen[i]),
        x,
        respaced(schedule, chosen),
        lambda i: noise_at(chosen[i]),
        on_step,
    )


def _shown_noise(
    seed: int, t: int, shape: tuple[int, int, int], box: tuple[slice, slice, slice]
) -> Tensor:
    # Drawn for the whole grid and then cut: a voxel's noise does not depend on the brain's box.
    return torch.from_numpy(to_network(noise(seed, t, shape)[(slice(None), *box)]))[None]


def _precision(precision: str) -> AbstractContextManager[Any]:
    if precision == "bf16":
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return nullcontext()
