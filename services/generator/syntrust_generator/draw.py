"""Drawing twins: one label map, one seed, four modalities.

A twin is a function of the weights, the label map, the brain, sampler, steps, precision and the
draw's seed. Noise comes from a counter-based generator on the CPU, keyed by that seed and by the
step, so it is the same in whatever batch, worker or device the twin is drawn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from syntrust_core.canonical import canonical_json
from syntrust_core.cases import Case
from syntrust_core.errors import CallerError
from syntrust_generator.card import Domain, Sampling
from syntrust_generator.condition import to_network
from syntrust_generator.engine import Asked, Engine, Machine, engine_of
from syntrust_generator.fit import Shown, show
from syntrust_generator.intensity import contracted
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
from syntrust_generator.schedule import Schedule, respaced


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


def draw(
    generator: Generator,
    case: Case,
    *,
    seed: int,
    sampling: Sampling,
    on_step: OnStep = ignore,
    precision: Asked = "fp32",
) -> NDArray[np.float32]:
    """Four modalities for the labels and the brain of `case`, on the CPU; its images are not seen.

    Returns
    -------
    (4, X, Y, Z) float32 in [-1, 1], exactly -1 outside the brain.

    Raises
    ------
    CallerError
        If the case is outside the generator's domain, or it cannot sample in so many steps.
    """
    engine = engine_of(generator, Machine(torch.device("cpu"), precision))
    shown = show(case, generator.domain, generator.network.architecture.divisor)
    (images,) = draw_shown(
        engine, generator.domain, shown, seeds=(seed,), sampling=sampling, on_step=on_step
    )
    return images


def draw_shown(
    engine: Engine,
    domain: Domain,
    shown: Shown,
    *,
    seeds: Sequence[int],
    sampling: Sampling,
    on_step: OnStep = ignore,
) -> list[NDArray[np.float32]]:
    """One twin for each seed, drawn as one batch; each has the noise that it would have alone.

    Returns
    -------
    One (4, X, Y, Z) float32 in [-1, 1] per seed, on the case's grid, exactly -1 outside the brain
    and outside the field of view.
    """
    found = sample(
        engine.denoiser(shown.planes, len(seeds)),
        lambda t: _noise(seeds, t, shown).to(engine.device),
        engine.schedule,
        sampling,
        on_step,
    )
    images = (contracted(one) if domain.expanded else one for one in found.cpu().numpy())
    return [shown.back(one) for one in images]


def sample(
    denoise: Denoiser,
    noise_at: Callable[[int], Tensor],
    schedule: Schedule,
    sampling: Sampling,
    on_step: OnStep = ignore,
) -> Tensor:
    """Run a sampler from the noise of t = T.

    Raises
    ------
    CallerError
        If the schedule has fewer steps than asked for.
    """
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


def _noise(seeds: Sequence[int], t: int, shown: Shown) -> Tensor:
    # Drawn for the whole grid and then cut: a voxel's noise does not depend on the brain's box.
    cut = (slice(None), *shown.box)
    return torch.from_numpy(
        np.stack([to_network(noise(seed, t, shown.grid_shape)[cut]) for seed in seeds])
    )
