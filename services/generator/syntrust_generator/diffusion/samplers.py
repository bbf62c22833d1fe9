"""Samplers: from noise to volumes, given a network's noise estimate.

Each is a pure function over one `Schedule`. Images are clipped to [-1, 1] at every step, which
Med-DDPM depends on: at t = T - 1 an error of the estimate is amplified 5000-fold. Scheduler
arithmetic is float32 whatever the network computes in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from syntrust_generator.diffusion.schedule import Schedule

SamplerName = Literal["ancestral", "ddim", "dpm++2m"]
Denoiser = Callable[[Tensor, int], Tensor]
"""(x_t, t) → estimated noise, both (N, C, Z, Y, X) float32."""
NoiseSource = Callable[[int], Tensor]
"""t → standard normal noise of the step at t, (N, C, Z, Y, X); called once per t, descending."""


@dataclass(frozen=True)
class Step:
    """What a sampler passes to its callback after a step."""

    done: int
    total: int
    t: int
    x: Tensor


OnStep = Callable[[Step], None]
"""May raise, for example `Cancelled`, to end the sampling."""


def ignore(step: Step) -> None:
    """The callback for a caller that needs no progress."""
    del step


def clean_estimate(schedule: Schedule, x: Tensor, noise: Tensor, t: int) -> Tensor:
    """x0 = sqrt(1/abar) x - sqrt(1/abar - 1) eps (Ho et al. 2020, Eq. 15 inverted), clipped."""
    x0 = schedule.sqrt_recip_alphas_cumprod[t] * x - schedule.sqrt_recipm1_alphas_cumprod[t] * noise
    return x0.clamp(-1, 1)


def ancestral_step(schedule: Schedule, x: Tensor, noise: Tensor, fresh: Tensor, t: int) -> Tensor:
    """One reverse step (Ho et al. 2020, Alg. 2) with the posterior variance; none at t = 0."""
    x0 = clean_estimate(schedule, x, noise, t)
    mean = schedule.posterior_mean_coef1[t] * x0 + schedule.posterior_mean_coef2[t] * x
    if t == 0:
        return mean
    return mean + torch.exp(0.5 * schedule.posterior_log_variance_clipped[t]) * fresh


def ancestral(
    denoise: Denoiser,
    x: Tensor,
    schedule: Schedule,
    fresh_noise: NoiseSource,
    on_step: OnStep = ignore,
) -> Tensor:
    """All T steps of the reference; exact for the noise that `fresh_noise` gives."""
    for done, t in enumerate(reversed(range(schedule.steps)), start=1):
        x = ancestral_step(schedule, x, denoise(x, t), fresh_noise(t), t)
        on_step(Step(done, schedule.steps, t, x))
    return x


def spaced_steps(total: int, count: int) -> list[int]:
    """Choose `count` of the steps T-1 … 0, descending, denser at both ends.

    t_i = 1 + (T - 2) (1 + cos(π i / (count - 1))) / 2, rounded, and moved apart where steps would
    repeat: the Chebyshev points of the second kind, at which few samples follow a smooth curve best
    (Trefethen, Approximation Theory and Approximation Practice, chapter 2). With `count` = T these
    are all steps. `docs/internals/generator.md` has the measured difference to other spacings.

    Raises
    ------
    ValueError
        If `count` is not in 2..T.
    """
    if not 2 <= count <= total:
        msg = f"need 2 to {total} steps, not {count}"
        raise ValueError(msg)
    last = 1 if count < total else 0
    steps = [last]
    for n in range(1, count):
        step = last + (total - 1 - last) * (1 - math.cos(math.pi * n / (count - 1))) / 2
        above = count - 1 - n  # how many steps need room
        steps.append(min(max(round(step), steps[-1] + 1), total - 1 - above))
    return steps[::-1]


def ddim(
    denoise: Denoiser, x: Tensor, schedule: Schedule, steps: int, on_step: OnStep = ignore
) -> Tensor:
    """Deterministic DDIM (Song et al., arXiv:2010.02502, Eq. 12, eta = 0).

    The noise is computed again from the clipped image, else image and noise would contradict each
    other at high t. The last step returns the clipped image itself.
    """
    chosen = spaced_steps(schedule.steps, steps)
    for done, (t, following) in enumerate(zip(chosen, [*chosen[1:], None], strict=True), start=1):
        x0 = clean_estimate(schedule, x, denoise(x, t), t)
        x = x0 if following is None else _move(schedule, x, x0, t, following)
        on_step(Step(done, steps, t, x))
    return x


def _move(schedule: Schedule, x: Tensor, x0: Tensor, t: int, following: int) -> Tensor:
    sd, sd_next = (schedule.sqrt_one_minus_alphas_cumprod[i] for i in (t, following))
    noise = (x - schedule.sqrt_alphas_cumprod[t] * x0) / sd
    return schedule.sqrt_alphas_cumprod[following] * x0 + sd_next * noise


def dpm_solver(
    denoise: Denoiser, x: Tensor, schedule: Schedule, steps: int, on_step: OnStep = ignore
) -> Tensor:
    """DPM-Solver++(2M) (Lu et al., arXiv:2211.01095, Alg. 2), on clipped images.

    With lambda = log(alpha / sigma) and h its increase over a step,
    x ← (sigma'/sigma) x - alpha' (e^-h - 1) D, where D extrapolates the last two clean estimates.
    The first step is of first order; the last returns the clean estimate.
    """
    chosen = spaced_steps(schedule.steps, steps)
    before: tuple[Tensor, float] | None = None
    for done, (t, following) in enumerate(zip(chosen, [*chosen[1:], None], strict=True), start=1):
        x0 = clean_estimate(schedule, x, denoise(x, t), t)
        if following is None:
            x = x0
        else:
            h = _lambda(schedule, following) - _lambda(schedule, t)
            estimate = _extrapolated(x0, before, h)
            ratio = (
                schedule.sqrt_one_minus_alphas_cumprod[following]
                / schedule.sqrt_one_minus_alphas_cumprod[t]
            )
            x = ratio * x - schedule.sqrt_alphas_cumprod[following] * math.expm1(-h) * estimate
            before = (x0, h)
        on_step(Step(done, steps, t, x))
    return x


def _lambda(schedule: Schedule, t: int) -> float:
    """Half the log signal-to-noise ratio at t."""
    abar = float(schedule.alphas_cumprod[t].double())
    return 0.5 * (math.log(abar) - math.log1p(-abar))


def _extrapolated(x0: Tensor, before: tuple[Tensor, float] | None, h: float) -> Tensor:
    if before is None:
        return x0
    earlier, h_before = before
    weight = h / (2 * h_before)  # 1 / (2 r) with r = h_before / h
    return ((1 + weight) * x0 - weight * earlier).clamp(-1, 1)
