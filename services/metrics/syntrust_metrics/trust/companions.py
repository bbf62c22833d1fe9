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

from syntrust_metrics.trust.factors import case_mean, deviation, equal, mean, variation

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
    used = ~np.isnan(dice[0])
    pairs = [dice[:, used[:, k], k] for k in range(dice.shape[2])]
    return Companions(
        t2_regions=1 - np.array([spread([mean(p[side]) for p in pairs]) for side in (0, 1)]),
        t2_within=1 - np.array([mean(x[~np.isnan(x)]) for x in within_case(dice)]),
        bias=np.array([mean(p[0]) - mean(p[1]) for p in pairs]),
        limits=np.array([_limits(p[0] - p[1], ddof) for p in pairs]),
        t4_shuffled=np.array([distance_of_strangers(*p) for p in pairs]),
        mean=np.array([[mean(p[side]) for p in pairs] for side in (0, 1)]),
        sd=np.array([[deviation(p[side], ddof=ddof) for p in pairs] for side in (0, 1)]),
        iqr=np.array([[_interquartile(p[side]) for p in pairs] for side in (0, 1)]),
        **_agreements(pairs),
    )


def within_case(dice: Array) -> Array:
    """Spread over the regions a case has: (..., M, K) to (..., M), ddof 0; NaN without a region."""
    centre = case_mean(dice)
    deviations = dice - centre[..., None]
    present = ~np.isnan(dice)
    square = np.where(present, deviations**2, 0.0).sum(axis=-1)
    spreads: Array = np.full(centre.shape, np.nan)
    np.divide(square, present.sum(axis=-1), out=spreads, where=~np.isnan(centre))
    rounding = equal(np.where(present, deviations, 0.0), np.where(present, dice, 0.0))
    return np.sqrt(np.where(rounding & ~np.isnan(centre), 0.0, spreads))


def spread(values: list[float]) -> float:
    return deviation(np.array(values), ddof=0)


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


def _agreements(pairs: list[Array]) -> dict[str, Array]:
    found = np.array([_agreement(pair) for pair in pairs])
    return dict(zip(("correlation", "concordance", "t3_shuffled"), found.T, strict=True))


def _agreement(pair: Array) -> tuple[float, float, float]:
    """Correlation, concordance and shuffled T3 of (2, M)."""
    if not pair.size:
        return np.nan, np.nan, np.nan
    centre = pair.mean(axis=1)
    deviations = pair - centre[:, None]
    deviations[equal(deviations, pair)] = 0.0
    real, synthetic = (deviations**2).mean(axis=1)
    covariance = (deviations[0] * deviations[1]).mean()
    relative = [variation(side, ddof=0) for side in pair]
    return (
        float(correlation(covariance, real, synthetic)),
        float(concordance(covariance, real, synthetic, centre[0] - centre[1])),
        float(1 / np.sqrt((1 + relative[0] ** 2) * (1 + relative[1] ** 2))),
    )


def _limits(differences: Array, ddof: int) -> tuple[float, float]:
    centre, half = mean(differences), LIMIT * deviation(differences, ddof=ddof)
    return centre - half, centre + half


def _interquartile(x: Array) -> float:
    if not x.size:
        return np.nan
    ordered = np.sort(x)
    at = (x.size - 1) * np.array([0.25, 0.75])
    below = at.astype(np.intp)
    above = np.minimum(below + 1, x.size - 1)
    low, high = ordered[below] + (at - below) * (ordered[above] - ordered[below])
    return float(high - low)
