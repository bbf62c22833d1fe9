r"""T1-T5 of every bootstrap resample, from one matrix product.

A resample is a row of weights over cases (counts of draws), and every factor is a function of
weighted sums of per-case features, so `features @ weights.T` gives all resamples at once. Each
score is centred first: :math:`E[x^2] - E[x]^2` of raw Dice loses small variances.

T2, T3 and T5 also get the logarithm they are studentised on and its standard error from the
influence function (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 12 and 21).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.companions import concordance, correlation, within_case
from syntrust_metrics.trust.factors import case_mean, equal

Array = NDArray[np.float64]
CACHED_CASES: Final = 2000  # above, weights are drawn in blocks and forgotten
BLOCK_CELLS: Final = 4_100_000  # 33 MB of weights; 2000 cases drawn 2000 times
NOTHING: Final = 1e-12  # relative size under which a variance is rounding


@dataclass(frozen=True)
class Draws:
    """One family of factors in every resample, (F, B + 1); column 0 is the sample itself.

    `value` is NaN where undefined. `log` is what is studentised (log(1-T2), log(1-T3), log T5) and
    `error` its standard error, 0 where that cannot be had.
    """

    value: Array
    log: Array
    error: Array


@dataclass(frozen=True)
class Resampled:
    """All families of one trained model, in the order of the factors."""

    t1: Array  # (2, B + 1)
    t2: Draws  # (2, B + 1)
    t3: Draws  # (K, B + 1)
    t4: Array  # (K, B + 1)
    t5: Draws  # (2 K, B + 1), real first
    t2_regions: Array  # (2, B + 1), spread over regions of what their means moved by
    t2_within: Array  # (2, B + 1)
    correlation: Array  # (K, B + 1)
    concordance: Array  # (K, B + 1)
    bias: Array  # (K, B + 1)


def resample(dice: Array, *, ddof: int, resamples: int, seed: int) -> Resampled:
    """Resample the cases of one model.

    Parameters
    ----------
    dice : float array, shape (2, M, K)
        As in `factors`: NaN on both sides where a pair is left out.
    ddof
        Of T2 and T5.
    resamples, seed
        Of the bootstrap. Equal (M, resamples, seed) draw equal cases, whatever the scores.
    """
    features = _Features.of(dice)
    parts = [features.bank @ block.T for block in weights(dice.shape[1], resamples, seed)]
    return features.read(np.concatenate(parts, axis=1), ddof=ddof)


def weights(cases: int, resamples: int, seed: int) -> Iterator[Array]:
    """Give counts of draws in blocks of rows, (B + 1, M) in all; row 0 is all ones."""
    if cases <= CACHED_CASES and cases * resamples <= BLOCK_CELLS:
        yield _cached_weights(cases, resamples, seed)
        return
    yield np.ones((1, cases))
    rng = np.random.default_rng(seed)
    rows = max(1, BLOCK_CELLS // cases)
    for start in range(0, resamples, rows):
        yield _draw(rng, cases, min(rows, resamples - start))


@lru_cache(maxsize=8)
def _cached_weights(cases: int, resamples: int, seed: int) -> Array:
    drawn = _draw(np.random.default_rng(seed), cases, resamples)
    table = np.concatenate([np.ones((1, cases)), drawn])
    table.setflags(write=False)
    return table


def _draw(rng: np.random.Generator, cases: int, rows: int) -> Array:
    picks = rng.integers(0, cases, size=(rows, cases))
    cells = (picks + cases * np.arange(rows)[:, None]).ravel()
    return np.bincount(cells, minlength=rows * cases).reshape(rows, cases).astype(np.float64)


@dataclass(frozen=True)
class _Features:
    """The per-case features and what undoes their centring.

    `bank` is (P, M): for the Q = 2 + 2K scores whose spread counts (case means and regions of each
    side) powers 1-4 of the deviations; for T3 the monomials of `real` and of the part of
    `synthetic` that is no multiple of it; for T4 the absolute differences; for covariances the
    products of deviations; for T2's other reading the spread within a case; and, only where a pair
    is left out, the masks of the Q scores.
    """

    bank: Array
    cases: int
    centre: Array  # (Q, 1)
    multiple: Array  # (K, 1)

    @classmethod
    def of(cls, dice: Array) -> _Features:
        missing = np.isnan(dice)
        real, synthetic = np.where(missing, 0.0, dice).transpose(0, 2, 1)
        scores = np.concatenate([case_mean(dice), dice[0].T, dice[1].T])
        mask = ~np.isnan(scores)
        scores = np.where(mask, scores, 0.0)
        centre = scores.sum(axis=1, keepdims=True) / np.maximum(mask.sum(axis=1, keepdims=True), 1)
        deviations = np.where(mask, scores - centre, 0.0)
        deviations[equal(deviations, scores)] = 0.0
        multiple, monomials = _monomials(real, synthetic)
        square = deviations**2
        parts = [deviations, square, square * deviations, square * square, *monomials]
        parts += [np.abs(real - synthetic), np.prod(np.split(deviations[2:], 2), axis=0)]
        parts += [np.nan_to_num(within_case(dice))]
        masks = [mask.astype(np.float64)] if missing.any() else []
        return cls(np.concatenate(parts + masks), dice.shape[1], centre, multiple)

    def read(self, sums: Array, *, ddof: int) -> Resampled:
        """Turn weighted sums (P, B + 1) into factors."""
        spread, regions = self.centre.size, self.multiple.size
        edges = np.cumsum([spread] * 4 + [regions] * 10 + [2])
        *powers, n = np.split(sums, edges)
        if not n.size:
            n = np.full((spread, 1), float(self.cases))
        per_region = n[2 : 2 + regions]
        # Counts are exact, so an empty draw is exactly 0 and gives NaN on purpose; so does a draw
        # of nothing but Dice so small that their squares vanish.
        with np.errstate(all="ignore"):
            moments = _central_moments([power / n for power in powers[:4]], n, ddof)
            shift = powers[0] / n
            averages = self.centre + shift
            features = [part / per_region for part in powers[4:-1]]
            by_region = np.split(averages[2:], 2)
            return Resampled(
                t1=averages[:2],
                t2=_consistency(moments.rows(0, 2)),
                t3=_alignment(features[:8], self.multiple, per_region),
                t4=features[8],
                t5=_variation(moments.rows(2, spread), averages[2:]),
                t2_regions=np.std(np.split(shift[2:], 2), axis=1),
                t2_within=1 - powers[-1] / n[:2],
                **_agreement(features[9], shift[2:], moments.second[2:], by_region),
            )


def _monomials(real: Array, synthetic: Array) -> tuple[Array, list[Array]]:
    r"""Features of T3 that keep 1 - T3 exact when the two columns are nearly proportional.

    With :math:`s = c r + e`, :math:`e \perp r` in the sample, the Gram determinant
    :math:`|r|^2 |s|^2 - (r \cdot s)^2 = |r|^2 |e|^2 - (r \cdot e)^2` has no cancellation.
    """
    norm = (real**2).sum(axis=1, keepdims=True)
    product = (real * synthetic).sum(axis=1, keepdims=True)
    multiple = np.divide(product, norm, out=np.zeros_like(norm), where=norm > 0)
    rest = synthetic - multiple * real
    rest[equal(rest, synthetic)] = 0.0
    rr, re, ee = real**2, real * rest, rest**2
    return multiple, [rr, re, ee, rr * rr, rr * re, rr * ee, re * ee, ee * ee]


def _agreement(
    product: Array, shift: Array, variance: Array, means: Sequence[Array]
) -> dict[str, Array]:
    """Bias, Pearson's correlation and Lin's concordance from population moments."""
    bias = means[0] - means[1]
    covariance = product - np.prod(np.split(shift, 2), axis=0)
    real, synthetic = np.split(variance, 2)
    return {
        "bias": bias,
        "correlation": correlation(covariance, real, synthetic),
        "concordance": concordance(covariance, real, synthetic, bias),
    }


@dataclass(frozen=True)
class _Moments:
    """Central moments per score and resample; `variance` is with ddof, the others without."""

    n: Array
    variance: Array
    second: Array
    third: Array
    fourth: Array

    def rows(self, start: int, stop: int) -> _Moments:
        every = (self.n, self.variance, self.second, self.third, self.fourth)
        return _Moments(*(moment[start:stop] for moment in every))


def _central_moments(raw: list[Array], n: Array, ddof: int) -> _Moments:
    """Moments about the resample's own mean from those about the sample's."""
    m1, m2, m3, m4 = raw
    second = m2 - m1**2
    second = np.where(second <= NOTHING * m2, 0.0, second)
    third = m3 - m1 * (3 * m2 - 2 * m1**2)
    fourth = m4 - m1 * (4 * m3 - m1 * (6 * m2 - 3 * m1**2))
    variance = np.where(n > ddof, second * n / (n - ddof), np.nan)
    return _Moments(n, variance, second, third, fourth)


def _consistency(moments: _Moments) -> Draws:
    """T2 and log(1 - T2) = log sd, whose influence is ((x-m)^2 - sd^2) / (2 sd^2)."""
    deviation = np.sqrt(moments.variance)
    square = (moments.fourth / moments.second**2 - 1) / 4
    return Draws(1 - deviation, np.log(deviation), _error(square, moments.n))


def _variation(moments: _Moments, averages: Array) -> Draws:
    """T5 and log T5 = log sd - log mean; the influence is that of T2 less (x-m) / mean."""
    average = np.where(averages > 0, averages, np.nan)
    ratio = np.sqrt(moments.variance) / average
    square = (moments.fourth / moments.second**2 - 1) / 4
    square += moments.second / average**2 - moments.third / (moments.second * average)
    return Draws(ratio, np.log(ratio), _error(square, moments.n))


def _alignment(parts: list[Array], multiple: Array, n: Array) -> Draws:
    r"""T3 and log(1 - T3).

    With unit columns :math:`a = r/|r|`, :math:`b = s/|s|` the influence of log(1 - T3) is
    :math:`(a-b)^2 / (2(1-T_3)) - (a^2+b^2)/2`, and :math:`a - b = g r + h e`.
    """
    rr, re, ee, *quartic = parts
    ss = multiple**2 * rr + 2 * multiple * re + ee
    ss = np.where(ss > 0, ss, np.nan)
    rr = np.where(rr > 0, rr, np.nan)
    determinant = np.maximum(rr * ee - re**2, 0.0)
    determinant = np.where(determinant <= NOTHING * rr * ee, 0.0, determinant)
    cosine = np.clip((multiple * rr + re) / np.sqrt(rr * ss), 0.0, 1.0)
    gap = determinant / (rr * ss) / (1 + cosine)  # 1 - T3
    g, h = 1 / np.sqrt(rr) - multiple / np.sqrt(ss), -1 / np.sqrt(ss)
    apart = [g**2, 2 * g * h, h**2]  # (a - b)^2 in r^2, r e, e^2
    total = [1 / rr + multiple**2 / ss, 2 * multiple / ss, 1 / ss]  # a^2 + b^2 likewise
    influence = [x / (2 * gap) - y / 2 for x, y in zip(apart, total, strict=True)]
    return Draws(1 - gap, np.log(gap), _error(_square(influence, quartic), n))


def _square(influence: list[Array], quartic: list[Array]) -> Array:
    """Mean of (u r^2 + v r e + w e^2)^2 from the means of r^4, r^3 e, ..., e^4."""
    u, v, w = influence
    products = [u * u, 2 * u * v, v * v + 2 * u * w, 2 * v * w, w * w]
    total: Array = sum(
        (p * q for p, q in zip(products, quartic, strict=True)), start=np.zeros_like(u)
    )
    return total


def _error(mean_square: Array, n: Array) -> Array:
    """Standard error from the mean squared influence; 0 where it is rounding or undefined."""
    usable = np.isfinite(mean_square) & (mean_square > NOTHING)
    return np.sqrt(np.where(usable, mean_square, 0.0) / n)
