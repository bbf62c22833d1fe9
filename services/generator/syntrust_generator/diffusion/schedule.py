"""The cosine noise schedule of Nichol & Dhariwal (arXiv:2102.09672, Eq. 17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from syntrust_generator.model_card import Prediction

OFFSET = 0.008  # s of Eq. 17
MAX_BETA = 0.999
MIN_VARIANCE = 1e-20  # keeps the logarithm finite at t = 0, where no noise is added


@dataclass(frozen=True)
class Schedule:
    """Tables of length T, float32 on the CPU, indexed by t = 0 (clean) to T - 1 (noise).

    The fields are named as the buffers of the released checkpoints. Computed in float64.
    """

    betas: Tensor
    alphas_cumprod: Tensor
    alphas_cumprod_prev: Tensor
    sqrt_alphas_cumprod: Tensor
    sqrt_one_minus_alphas_cumprod: Tensor
    log_one_minus_alphas_cumprod: Tensor
    sqrt_recip_alphas_cumprod: Tensor
    sqrt_recipm1_alphas_cumprod: Tensor
    posterior_variance: Tensor
    posterior_log_variance_clipped: Tensor
    posterior_mean_coef1: Tensor
    posterior_mean_coef2: Tensor
    posterior_mean_coef3: Tensor

    @property
    def steps(self) -> int:
        """T, the number of steps."""
        return len(self.betas)

    def tables(self) -> dict[str, Tensor]:
        """Every buffer by its name in a checkpoint."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def noise_estimate(
    schedule: Schedule, prediction: Prediction, output: Tensor, x: Tensor, t: int | Tensor
) -> Tensor:
    """Convert a network's output to an estimate of the noise.

    Med-DDPM's output is the noise. The velocity v = sqrt(abar) eps - sqrt(1 - abar) x0 of Salimans
    & Ho (arXiv:2202.00512, App. D) gives eps = sqrt(1 - abar) x + sqrt(abar) v. At high t the noise
    is then nearly x itself, and an error of v reaches the image unamplified. A small network needs
    that to start from pure noise in few steps.

    Parameters
    ----------
    schedule : Schedule
    prediction : "noise" or "velocity"
    output, x : tensor, shape (N, C, Z, Y, X)
        The network's output, and the noisy image.
    t : int, or int64 tensor of shape (N,)
        One step for all, or one each.

    Returns
    -------
    tensor, shape (N, C, Z, Y, X)
    """
    if prediction == "noise":
        return output
    shape = (-1, 1, 1, 1, 1)
    sd = schedule.sqrt_one_minus_alphas_cumprod.to(x.device)[t].reshape(shape)
    scale = schedule.sqrt_alphas_cumprod.to(x.device)[t].reshape(shape)
    return sd * x + scale * output


def cosine_betas(steps: int) -> NDArray[np.float64]:
    """beta_i = 1 - f((i + 1) / T) / f(i / T), with f(u) = cos²((u + s) / (1 + s) · π/2), clipped.

    Returns
    -------
    (T,) float64 in [0, 0.999]

    Raises
    ------
    ValueError
        If `steps` < 1.
    """
    if steps < 1:
        msg = f"a schedule has at least one step, not {steps}"
        raise ValueError(msg)
    u = np.arange(steps + 1, dtype=np.float64) / steps
    f = np.cos((u + OFFSET) / (1 + OFFSET) * np.pi / 2) ** 2
    return np.asarray(np.clip(1 - f[1:] / f[:-1], 0, MAX_BETA), dtype=np.float64)


def cosine_schedule(steps: int) -> Schedule:
    """Every table for T = `steps`; the cumulative product is taken after the clipping of beta."""
    return schedule_from_betas(cosine_betas(steps))


def respace(schedule: Schedule, chosen: Sequence[int]) -> Schedule:
    """Derive the schedule of a process that visits only the steps `chosen`, ascending.

    beta'_i = 1 - abar(chosen_i) / abar(chosen_i-1) (Nichol & Dhariwal, sec. 4). All steps give the
    schedule itself.
    """
    if list(chosen) == list(range(schedule.steps)):
        return schedule
    abar = schedule.alphas_cumprod.double().numpy()[list(chosen)]
    return schedule_from_betas(1 - abar / np.append(1.0, abar[:-1]))


def schedule_from_betas(betas: NDArray[np.float64]) -> Schedule:
    """Every table for given betas (T,), float64."""
    abar = np.cumprod(1 - betas)
    abar_prev = np.append(1.0, abar[:-1])
    variance = betas * (1 - abar_prev) / (1 - abar)  # Ho et al. 2020, Eq. 7: the small one
    coef2 = (1 - abar_prev) * np.sqrt(1 - betas) / (1 - abar)
    return Schedule(
        betas=_table(betas),
        alphas_cumprod=_table(abar),
        alphas_cumprod_prev=_table(abar_prev),
        sqrt_alphas_cumprod=_table(np.sqrt(abar)),
        sqrt_one_minus_alphas_cumprod=_table(np.sqrt(1 - abar)),
        log_one_minus_alphas_cumprod=_table(np.log(1 - abar)),
        sqrt_recip_alphas_cumprod=_table(np.sqrt(1 / abar)),
        sqrt_recipm1_alphas_cumprod=_table(np.sqrt(1 / abar - 1)),
        posterior_variance=_table(variance),
        posterior_log_variance_clipped=_table(np.log(np.maximum(variance, MIN_VARIANCE))),
        posterior_mean_coef1=_table(betas * np.sqrt(abar_prev) / (1 - abar)),
        posterior_mean_coef2=_table(coef2),
        posterior_mean_coef3=_table(1 - coef2),  # stored in checkpoints, used nowhere
    )


def _table(values: NDArray[np.floating[Any]]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))
