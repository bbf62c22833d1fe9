r"""The companions of T2-T5 of one trained model: the factors alone mislead.

T3 hardly moves: with both means above 0 it is
:math:`(1 + \mathrm{cov}/(m_R m_S)) / \sqrt{(1+CV_R^2)(1+CV_S^2)}` exactly, so two Dice vectors that
have nothing to do with each other already reach about .9. T4 is above 0 even between two draws of
one distribution. T2 can be read in two ways "across regions", and T5 explodes as the mean falls.

An undefined companion is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.columns import Columns, is_rounding
from syntrust_metrics.trust.estimation.factors import spread

Array = NDArray[np.float64]
LIMIT: Final = 1.96  # Bland and Altman, Lancet 327, 1986, doi:10.1016/S0140-6736(86)90837-8
QUARTERS: Final = (0.25, 0.75)
SAME: Final = 1e-14  # means closer than this, relative to a Dice of 1, are equal


@dataclass(frozen=True)
class Companions:
    """The companions of one model; NaN where undefined."""

    t2_regions: Array  # (2,) one minus the spread over regions of their means, higher is better
    t2_within: Array  # (2,) one minus the mean over cases of the spread over regions
    correlation: Array  # (K,) Pearson's, [-1, 1]
    concordance: Array  # (K,) Lin's, [-1, 1]
    t3_shuffled: Array  # (K,) T3 if pairing meant nothing
    bias: Array  # (K,) mean of real - synthetic, [-1, 1]
    limits: Array  # (K, 2) Bland-Altman limits of real - synthetic
    t4_shuffled: Array  # (K,) mean |a_i - b_j| over all i and j
    mean: Array  # (2, K)
    sd: Array  # (2, K)
    iqr: Array  # (2, K) interquartile range, linear between order statistics


def compute_companions(columns: Columns, *, ddof: int) -> Companions:
    """Compute the companions of one model.

    Parameters
    ----------
    columns : Columns
        The Dice of the model.
    ddof : int
        0 or 1, of spreads over cases. Spreads over regions always have 0, because the regions are
        no sample.

    Returns
    -------
    Companions
        NaN where undefined.

    References
    ----------
    Lin, Biometrics 45, 1989, doi:10.2307/2532051 (concordance); Bland and Altman, Lancet 327, 1986,
    doi:10.1016/S0140-6736(86)90837-8 (limits).
    """
    cases = columns.cases[2:].reshape(2, -1)
    means, variance = (each[2:].reshape(2, -1) for each in (columns.centre, columns.variance))
    bias, covariance, apart = _joint_moments(columns)
    half = LIMIT * spread(np.sqrt(apart), cases[0], ddof)
    return Companions(
        t2_regions=1 - _spread_over_regions(means),
        t2_within=1 - _mean_within_spread(columns),
        correlation=correlation(covariance, variance[0], variance[1]),
        concordance=concordance(covariance, variance[0], variance[1], bias),
        t3_shuffled=1 / np.sqrt((1 + columns.relative**2).prod(axis=0)),
        bias=bias,
        limits=np.stack([bias - half, bias + half], axis=1),
        t4_shuffled=mean_unpaired_difference(columns.ordered, cases[0]),
        mean=means,
        sd=spread(np.sqrt(variance), cases, ddof),
        iqr=_interquartile_range(columns),
    )


def _joint_moments(columns: Columns) -> tuple[Array, Array, Array]:
    """Compute bias, population covariance and population variance of the difference, each (K,)."""
    real, synthetic = columns.deviations[2:].reshape(columns.sides.shape)
    apart = real - synthetic
    apart[is_rounding(apart, columns.sides[0])] = 0.0
    cases = columns.cases[2 : 2 + len(real)]
    with np.errstate(invalid="ignore"):
        # The difference of two means that are nearly equal would keep few digits.
        bias = np.subtract(*columns.sides).sum(axis=1) / cases
        return bias, np.vecdot(real, synthetic) / cases, np.vecdot(apart, apart) / cases


def _spread_over_regions(means: Array) -> Array:
    """Compute the spread of each row, ddof 0; exactly 0 where it is rounding alone."""
    deviations = means - means.mean(axis=1, keepdims=True)
    deviations[is_rounding(deviations, means)] = 0.0
    spreads: Array = np.sqrt((deviations**2).mean(axis=1))
    return spreads


def _mean_within_spread(columns: Columns) -> Array:
    """Average the spread within a case over cases, (2,)."""
    with np.errstate(invalid="ignore"):
        means: Array = columns.within.sum(axis=1) / columns.cases[:2]
    return means


def correlation(covariance: Array, real: Array, synthetic: Array) -> Array:
    """Compute Pearson's correlation from population moments of any shape; NaN without variance."""
    product = np.sqrt(real) * np.sqrt(synthetic)
    return np.clip(covariance / np.where(product > 0, product, np.nan), -1.0, 1.0)


def concordance(covariance: Array, real: Array, synthetic: Array, bias: Array) -> Array:
    """Compute Lin's concordance from population moments of any shape.

    Without variance on both sides it is 1 if the sides are equal, else 0.
    """
    bias = np.where(np.abs(bias) <= SAME, 0.0, bias)
    total = real + synthetic + bias**2
    equal_sides = total == 0
    ratio = 2 * covariance / np.where(equal_sides, 1.0, total)
    return np.clip(np.where(equal_sides, 1.0, ratio), -1.0, 1.0)


def mean_unpaired_difference(ordered: Array, cases: NDArray[np.intp]) -> Array:
    r"""Average :math:`|a_i - b_j|` over all pairs of each row, by sorting: T4 without pairing.

    With the two distribution functions it is :math:`\int F(1-G) + G(1-F)`, a sum of terms between
    neighbouring values that are never negative.

    Parameters
    ----------
    ordered : float array, shape (2, K, M)
        Dice of each side and region, ascending; NaN last for what does not count.
    cases : int array, shape (K,)
        How many count, the same on both sides.

    Returns
    -------
    float array, shape (K,)
        NaN without cases.
    """
    runs = np.concatenate(list(ordered), axis=1)
    # A stable sort merges two sorted runs in one pass.
    order, pooled = runs.argsort(axis=1, kind="stable"), np.sort(runs, axis=1, kind="stable")
    steps = pooled[:, 1:] - pooled[:, :-1]
    steps[np.isnan(steps)] = 0.0
    # Between equal values the step is 0, whichever of them comes first.
    below_real = np.cumsum(order < ordered.shape[2], axis=1)[:, :-1]
    below_synthetic = np.arange(1, pooled.shape[1]) - below_real
    # Of no case a share is NaN, not infinite: a step of 0 times that is an invalid operation.
    counts = np.where(cases > 0, cases, np.nan)[:, None]
    f, g = below_real / counts, below_synthetic / counts
    distances: Array = np.vecdot(steps, f * (1 - g) + g * (1 - f))
    return distances


def _interquartile_range(columns: Columns) -> Array:
    """Compute the interquartile range of each region, (2, K); NaN without cases.

    Quartiles are linear between order statistics.
    """
    last = np.maximum(columns.cases[2:] - 1, 0)
    at = np.multiply.outer(QUARTERS, last)
    below = at.astype(np.intp)
    ordered = columns.ordered.reshape(len(last), -1)
    rows = np.arange(len(last))
    low, high = ordered[rows, below], ordered[rows, np.minimum(below + 1, last)]
    quarters = low + (at - below) * (high - low)
    ranges: Array = (quarters[1] - quarters[0]).reshape(2, -1)
    return ranges
