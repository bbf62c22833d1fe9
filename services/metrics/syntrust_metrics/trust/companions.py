r"""What stands beside T2-T5 of one trained model, because the factors alone mislead.

T3 hardly moves: with both means above 0 it is
:math:`(1 + \mathrm{cov}/(m_R m_S)) / \sqrt{(1+CV_R^2)(1+CV_S^2)}` exactly, so two Dice vectors that
have nothing to do with each other already reach about .9. T4 has a floor above 0 even between two
draws of one distribution. T2 has two readings "across regions", and T5 explodes as the mean falls.

`dice` is (2, M, K) as in `factors`; NaN is what is left out, and an undefined companion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.factors import deviation, equal, mean

Array = NDArray[np.float64]
LIMIT: Final = 1.96  # Bland and Altman, Lancet 327, 1986, doi:10.1016/S0140-6736(86)90837-8
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


def companions(dice: Array, *, ddof: int) -> Companions:
    """Compute the companions of one model.

    Parameters
    ----------
    dice : float array, shape (2, M, K)
    ddof
        0 or 1, of spreads over cases. Spreads over regions always have 0: all regions are there,
        none is a sample.

    References
    ----------
    Lin, Biometrics 45, 1989, doi:10.2307/2532051 (concordance); Bland and Altman, Lancet 327, 1986,
    doi:10.1016/S0140-6736(86)90837-8 (limits).
    """
    cases = (~np.isnan(dice[0])).sum(axis=0)
    real, synthetic = ordered = np.sort(dice, axis=1)  # NaN last
    moments = _Moments.of(dice)
    real_variance, synthetic_variance = moments.variance
    half = LIMIT * spread(moments.variance_of_differences, cases, ddof)
    return Companions(
        t2_regions=1 - np.array([deviation(side, ddof=0) for side in moments.mean]),
        t2_within=1 - np.array([mean(x[~np.isnan(x)]) for x in within_case(dice)]),
        correlation=correlation(moments.covariance, real_variance, synthetic_variance),
        concordance=concordance(
            moments.covariance, real_variance, synthetic_variance, moments.bias
        ),
        t3_shuffled=1 / np.sqrt((1 + moments.relative**2).prod(axis=0)),
        bias=moments.bias,
        limits=np.stack([moments.bias - half, moments.bias + half], axis=1),
        t4_shuffled=np.array(
            [
                distance_of_strangers(real[:n, k], synthetic[:n, k])
                for k, n in enumerate(cases.tolist())
            ]
        ),
        mean=moments.mean,
        sd=spread(moments.variance, cases, ddof),
        iqr=_quantile(ordered, cases, 0.75) - _quantile(ordered, cases, 0.25),
    )


@dataclass(frozen=True)
class _Moments:
    """Population moments per side and region, (2, K), and joint ones per region, (K,)."""

    mean: Array
    variance: Array
    relative: Array  # coefficient of variation
    covariance: Array
    bias: Array
    variance_of_differences: Array

    @classmethod
    def of(cls, dice: Array) -> _Moments:
        columns = dice.swapaxes(1, 2)
        present = ~np.isnan(columns)
        scores = np.where(present, columns, 0.0)
        cases, largest = present.sum(axis=2), scores.max(axis=2, initial=0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            centre = scores.sum(axis=2) / cases
            deviations = np.where(present, scores - centre[..., None], 0.0)
            deviations[equal(deviations, scores)] = 0.0
            bias = centre[0] - centre[1]
            apart = deviations[0] - deviations[1]
            apart[equal(apart, scores[0])] = 0.0
            # Scaled by the largest, or the squares of tiny Dice underflow.
            scaled = ((deviations / largest[..., None]) ** 2).sum(axis=2) / cases
            return cls(
                mean=centre,
                variance=(deviations**2).sum(axis=2) / cases,
                relative=np.sqrt(scaled) / (centre / largest),
                covariance=deviations.prod(axis=0).sum(axis=1) / cases[0],
                bias=bias,
                variance_of_differences=(apart**2).sum(axis=1) / cases[0],
            )


def spread(variance: Array, cases: NDArray[np.intp], ddof: int) -> Array:
    """Standard deviation from the population variance; NaN without enough cases."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(cases > ddof, np.sqrt(variance * cases / (cases - ddof)), np.nan)


def within_case(dice: Array) -> Array:
    """Spread over the regions a case has: (..., M, K) to (..., M), ddof 0; NaN without a region."""
    missing = np.isnan(dice)
    scores = np.where(missing, 0.0, dice)
    regions = dice.shape[-1] - missing.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        deviations = scores - (scores.sum(axis=-1) / regions)[..., None]
        deviations[missing] = 0.0
        deviations[equal(deviations, scores)] = 0.0
        spreads: Array = np.sqrt((deviations**2).sum(axis=-1) / regions)
    return spreads


def correlation(covariance: Array, real: Array, synthetic: Array) -> Array:
    """Pearson's correlation from population moments of any shape; NaN without variance."""
    product = np.sqrt(real) * np.sqrt(synthetic)
    found: Array = np.full(np.shape(product), np.nan)
    np.divide(covariance, product, out=found, where=product > 0)
    return np.clip(found, -1.0, 1.0)


def concordance(covariance: Array, real: Array, synthetic: Array, bias: Array) -> Array:
    """Lin's concordance from population moments of any shape.

    Without variance on both sides it is 1 if the sides are equal, else 0.
    """
    bias = np.where(np.abs(bias) <= SAME, 0.0, bias)
    total = real + synthetic + bias**2
    found: Array = np.where(np.isnan(total), np.nan, 1.0)
    np.divide(2 * covariance, total, out=found, where=total > 0)
    return np.clip(found, -1.0, 1.0)


def distance_of_strangers(real: Array, synthetic: Array) -> float:
    r"""Mean of :math:`|a_i - b_j|` over all pairs, by sorting: T4 if pairing meant nothing.

    With the two distribution functions it is :math:`\int F(1-G) + G(1-F)`, a sum of nothing but
    non-negative terms between neighbouring values. NaN without cases.
    """
    if not real.size:
        return np.nan
    pooled = np.sort(np.concatenate([real, synthetic]))
    below = [
        np.searchsorted(np.sort(side), pooled[:-1], side="right") / side.size
        for side in (real, synthetic)
    ]
    crossing = below[0] * (1 - below[1]) + below[1] * (1 - below[0])
    return float(np.diff(pooled) @ crossing)


def _quantile(ordered: Array, cases: NDArray[np.intp], q: float) -> Array:
    """Quantile of each column of (2, M, K), sorted with NaN last, linear between neighbours."""
    at = np.maximum(cases - 1, 0) * q
    below = at.astype(np.intp)
    above = np.minimum(below + 1, np.maximum(cases - 1, 0))
    columns = np.arange(ordered.shape[2])
    low, high = ordered[:, below, columns], ordered[:, above, columns]
    return low + (at - below) * (high - low)
