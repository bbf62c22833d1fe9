"""The five trust factors of one trained model, as printed.

Raja Babu, Muly, Prabhu, Sivaprakasam, "Position Paper: Building Trust in Synthetic Data for
Clinical AI", 2025, arXiv 2502.02076, equations 6-10; readings and options as in the definition
`rajababu2025/1`. Everywhere: `dice` is (2, M, K), side 0 real and 1 synthetic, in [0, 1], NaN where
the empty rule leaves a pair out (then on both sides); an undefined factor is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
EQUAL: Final = 1e-14  # spreads below this are rounding: the inputs are equal


@dataclass(frozen=True)
class Factors:
    """T1-T5 of one model; NaN where undefined."""

    t1: Array  # (2,) mean over cases of the case's mean over its regions, [0, 1], higher is better
    t2: Array  # (2,) one minus the spread of those case means, [0.5, 1] at ddof 0, higher is better
    t3: Array  # (K,) cosine of the two Dice vectors, [0, 1], higher is better
    t4: Array  # (K,) mean absolute difference, [0, 1], lower is better
    t5: Array  # (2, K) coefficient of variation, >= 0, lower is better


def trust_factors(dice: Array, *, ddof: int) -> Factors:
    """Compute T1-T5 of one model.

    Parameters
    ----------
    dice : float array, shape (2, M, K)
    ddof
        0 or 1, of the standard deviations in T2 and T5.
    """
    real, synthetic = dice
    used = ~np.isnan(real)
    case_means = case_mean(dice)
    columns = range(dice.shape[2])
    pairs = [(real[used[:, k], k], synthetic[used[:, k], k]) for k in columns]
    sides = [case_means[side][~np.isnan(case_means[side])] for side in (0, 1)]
    return Factors(
        t1=np.array([mean(side) for side in sides]),
        t2=np.array([1 - deviation(side, ddof=ddof) for side in sides]),
        t3=np.array([cosine(*pair) for pair in pairs]),
        t4=np.array([mean(np.abs(r - s)) for r, s in pairs]),  # eq. 9
        t5=np.array([[variation(pair[side], ddof=ddof) for pair in pairs] for side in (0, 1)]),
    )


def case_mean(dice: Array) -> Array:
    """Mean over the regions a case has, (..., M, K) to (..., M); NaN for a case with none."""
    present = ~np.isnan(dice)
    total = np.where(present, dice, 0.0).sum(axis=-1)
    regions = present.sum(axis=-1)
    means: Array = np.full(total.shape, np.nan)
    np.divide(total, regions, out=means, where=regions > 0)
    return means


def mean(x: Array) -> float:
    """Mean of (M,); eq. 6 when `x` are case means. NaN without cases."""
    return float(x.mean()) if x.size else np.nan


def equal(deviations: Array, x: Array) -> NDArray[np.bool_]:
    """Say of each row (..., M) whether its `deviations` from `x` are rounding alone, (...)."""
    scale = np.abs(x).max(axis=-1, initial=0.0)
    rounding: NDArray[np.bool_] = np.abs(deviations).max(axis=-1, initial=0.0) <= EQUAL * scale
    return rounding


def deviation(x: Array, *, ddof: int) -> float:
    """Standard deviation of (M,), two-pass; NaN where `M <= ddof`. T2 is 1 minus it (eq. 7)."""
    if x.size <= ddof:
        return np.nan
    deviations = x - x.mean()
    if equal(deviations, x):
        return 0.0
    return float(np.sqrt((deviations**2).sum() / (x.size - ddof)))


def cosine(real: Array, synthetic: Array) -> float:
    """T3 (eq. 8): inner product over the product of norms, in [0, 1]; NaN where a norm is 0."""
    if not (real.any() and synthetic.any()):
        return np.nan
    # Scaled first, or the squares of tiny Dice underflow.
    real, synthetic = real / real.max(), synthetic / synthetic.max()
    product = float(real @ synthetic) / (np.linalg.norm(real) * np.linalg.norm(synthetic))
    return min(1.0, float(product))


def variation(x: Array, *, ddof: int) -> float:
    """T5 (eq. 10): standard deviation over mean, >= 0; NaN where the mean is 0."""
    if not x.any():
        return np.nan
    x = x / x.max()  # or the mean of the tiniest Dice is 0
    return deviation(x, ddof=ddof) / mean(x)
