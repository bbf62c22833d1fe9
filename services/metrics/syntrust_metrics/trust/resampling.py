r"""T1-T5 of every bootstrap resample, from one matrix product.

A resample is a row of weights over cases (counts of draws), and every factor is a function of
weighted sums of per-case features, so `features @ weights.T` gives all resamples at once. Each
score is centred first: :math:`E[x^2] - E[x]^2` of raw Dice loses small variances.

T2, T3 and T5 also get the logarithm they are studentised on and its standard error from the
influence function (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 12 and 21).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.columns import Columns, equal
from syntrust_metrics.trust.companions import concordance, correlation

Array = NDArray[np.float64]
CACHED_CASES: Final = 2000  # above, weights are drawn in blocks and forgotten
BLOCK_CELLS: Final = 4_100_000  # 33 MB of weights; 2000 cases drawn 2000 times
NOTHING: Final = 1e-12  # relative size under which a variance is rounding


@dataclass(frozen=True)
class Draws:
    """Studentised factors in every resample, (F, B + 1); column 0 is the sample itself.

    `value` is NaN where undefined. `log` is what is studentised (log(1-T2), log(1-T3), log T5) and
    `error` its standard error, 0 where that cannot be had.
    """

    value: Array
    log: Array
    error: Array

    def rows(self, chosen: slice) -> Draws:
        return Draws(self.value[chosen], self.log[chosen], self.error[chosen])


@dataclass(frozen=True)
class Resampled:
    """All families of one trained model, in the order of the factors.

    Families lie below each other, so that an interval of all of them is one look at all rows;
    `plain_rows` and `studentised_rows` say where each is.
    """

    plain: Array  # (4 + 4K, B + 1)
    studentised: Draws  # (2 + 3K, B + 1)
    reach: Array  # (2, B + 1), spread over regions of what their means moved by

    def row(self, family: str) -> Array:
        """One family that is not studentised."""
        return self.plain[plain_rows(len(self.plain) // 4 - 1)[family]]

    def draws(self, family: str) -> Draws:
        """One family that is studentised."""
        regions = (len(self.studentised.value) - 2) // 3
        return self.studentised.rows(studentised_rows(regions)[family])


@cache
def plain_rows(regions: int) -> Mapping[str, slice]:
    """Rows of the families that get percentile intervals."""
    return _stacked(
        t1=2, t2_within=2, t4=regions, correlation=regions, concordance=regions, bias=regions
    )


@cache
def studentised_rows(regions: int) -> Mapping[str, slice]:
    """Rows of the families that are studentised; of T5 the real side comes first."""
    return _stacked(t2=2, t5=2 * regions, t3=regions)


def _stacked(**heights: int) -> Mapping[str, slice]:
    edges = list(accumulate(heights.values(), initial=0))
    return {name: slice(*pair) for name, pair in zip(heights, pairwise(edges), strict=True)}


def resample(columns: Columns, *, ddof: int, resamples: int, seed: int) -> Resampled:
    """Resample the cases of one model.

    Parameters
    ----------
    columns
    ddof
        Of T2 and T5.
    resamples, seed
        Of the bootstrap. Equal (M, resamples, seed) draw equal cases, whatever the scores.
    """
    features = _Features.of(columns)
    drawn = weights(columns.scores.shape[1], resamples, seed)
    parts = [features.bank @ block.T for block in drawn]
    # Copying a megabyte costs as much as a tenth of the product.
    return features.read(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1), ddof=ddof)


def weights(cases: int, resamples: int, seed: int) -> Iterator[Array]:
    """Give counts of draws in blocks of rows, (B + 1, M) in all; row 0 is all ones."""
    if cases <= CACHED_CASES and cases * resamples <= BLOCK_CELLS:
        yield _cached_counts(cases, resamples, seed).astype(np.float64)
        return
    yield np.ones((1, cases))
    rng = np.random.default_rng(seed)
    rows = max(1, BLOCK_CELLS // cases)
    for start in range(0, resamples, rows):
        yield _draw(rng, cases, min(rows, resamples - start))


@lru_cache(maxsize=8)
def _cached_counts(cases: int, resamples: int, seed: int) -> NDArray[np.uint16]:
    """Counts as small as they are: eight tables of them would be a quarter of a gigabyte.

    A case's counts lie together, as the product with the features takes them.
    """
    drawn = _draw(np.random.default_rng(seed), cases, resamples)
    return np.concatenate([np.ones((1, cases)), drawn]).astype(np.uint16, order="F")


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
    is left out, the masks of the Q scores. Where none is, every draw has as many cases, and its
    sums are made means beforehand.
    """

    bank: Array
    complete: bool
    cases: int
    centre: Array  # (Q, 1)
    multiple: Array  # (K, 1)

    @classmethod
    def of(cls, columns: Columns) -> _Features:
        deviations = columns.deviations
        square = deviations**2
        multiple, monomials = _monomials(*columns.sides)
        product = np.prod(deviations[2:].reshape(columns.sides.shape), axis=0)
        parts = [deviations, square, square * deviations, square * square, *monomials]
        parts += [columns.gaps, product, columns.within]
        masks = [] if columns.complete else [columns.present.astype(np.float64)]
        bank = np.concatenate(parts + masks)
        if columns.complete:
            bank /= deviations.shape[1]
        return cls(bank, columns.complete, deviations.shape[1], columns.centre[:, None], multiple)

    def read(self, sums: Array, *, ddof: int) -> Resampled:
        """Turn weighted sums (P, B + 1), which it may overwrite, into factors."""
        spread, regions = self.centre.size, self.multiple.size
        # Counts are exact, so an empty draw is exactly 0 and gives NaN on purpose; so does a draw
        # of nothing but Dice so small that their squares vanish.
        with np.errstate(all="ignore"):
            means, n = self._means(sums)
            edges = np.cumsum([spread] * 4 + [regions] * 10)
            *powers, within = np.split(means, edges)
            averages = self.centre + powers[0]
            # As for T3: what is left of a draw of nothing but Dice of 0 is rounding.
            averages *= averages > NOTHING * self.centre
            moments = _Moments.of(powers[:4], n, ddof)
            shift = powers[0][2:].reshape(2, regions, -1)
            spreads = _spreads(moments, averages, n)
            alignment = _alignment(powers[4:12], self.multiple, n[2 : 2 + regions])
            agreement = _agreement(powers[13], shift, moments.second[2:], averages[2:])
            return Resampled(
                plain=np.concatenate([averages[:2], 1 - within, powers[12], *agreement]),
                studentised=Draws(*map(np.concatenate, zip(spreads, alignment, strict=True))),
                reach=_spread_over(shift),
            )

    def _means(self, sums: Array) -> tuple[Array, Array]:
        """Make every sum a mean over the cases drawn for it, in place, and count these cases."""
        spread, regions = self.centre.size, self.multiple.size
        rows = 4 * spread + 10 * regions + 2
        n = sums[rows:]
        if self.complete:
            return sums, np.full((spread, 1), float(self.cases))
        means = sums[:rows]
        means[: 4 * spread].reshape(4, spread, -1)[...] /= n
        means[4 * spread : -2].reshape(10, regions, -1)[...] /= n[2 : 2 + regions]
        means[-2:] /= n[:2]
        return means, n


def _monomials(real: Array, synthetic: Array) -> tuple[Array, list[Array]]:
    r"""Features of T3 that keep 1 - T3 exact when the two columns are nearly proportional.

    With :math:`s = c r + e`, :math:`e \perp r` in the sample, the Gram determinant
    :math:`|r|^2 |s|^2 - (r \cdot s)^2 = |r|^2 |e|^2 - (r \cdot e)^2` has no cancellation.
    """
    rr = real**2
    norm = rr.sum(axis=1, keepdims=True)
    product = (real * synthetic).sum(axis=1, keepdims=True)
    multiple = np.divide(product, norm, out=np.zeros_like(norm), where=norm > 0)
    rest = synthetic - multiple * real
    rest[equal(rest, synthetic)] = 0.0
    re, ee = real * rest, rest**2
    return multiple, [rr, re, ee, rr * rr, rr * re, rr * ee, re * ee, ee * ee]


def _agreement(product: Array, shift: Array, variance: Array, means: Array) -> list[Array]:
    """Pearson's correlation, Lin's concordance and bias from population moments."""
    real, synthetic = means.reshape(shift.shape)
    bias = real - synthetic
    covariance = product - shift[0] * shift[1]
    spread = np.split(variance, 2)
    return [
        correlation(covariance, spread[0], spread[1]),
        concordance(covariance, spread[0], spread[1], bias),
        bias,
    ]


def _spread_over(shift: Array) -> Array:
    """Spread over regions of (2, K, B + 1), ddof 0."""
    apart = shift - shift.mean(axis=1, keepdims=True)
    spreads: Array = np.sqrt(np.square(apart, out=apart).mean(axis=1))
    return spreads


@dataclass(frozen=True)
class _Moments:
    """Central moments per score and resample; `variance` is with ddof, the others without."""

    variance: Array
    second: Array
    third: Array
    fourth: Array

    @classmethod
    def of(cls, raw: list[Array], n: Array, ddof: int) -> _Moments:
        """Moments about the resample's own mean from those about the sample's."""
        m1, m2, m3, m4 = raw
        second = m2 - m1 * m1
        second *= second > NOTHING * m2
        third = m3 - m1 * (m2 + 2 * second)
        fourth = m4 - m1 * (4 * m3 - 3 * m1 * (m2 + second))
        return cls(second * np.where(n > ddof, n / (n - ddof), np.nan), second, third, fourth)


def _spreads(moments: _Moments, averages: Array, n: Array) -> tuple[Array, Array, Array]:
    """T2, T5, and the logarithms of the standard deviation and of T5 with their errors.

    The influence of log sd is ((x-m)^2 - sd^2) / (2 sd^2), that of log T5 is less (x-m) / mean.
    """
    deviation = np.sqrt(moments.variance)
    square = moments.fourth / (moments.second * moments.second)
    square -= 1
    square /= 4
    average = np.where(averages[2:] > 0, averages[2:], np.nan)
    deviation[2:] /= average
    second, third = moments.second[2:], moments.third[2:]
    square[2:] += second / (average * average) - third / (second * average)
    log = np.log(deviation)
    np.subtract(1, deviation[:2], out=deviation[:2])
    return deviation, log, _error(square, n)


def _alignment(parts: list[Array], multiple: Array, n: Array) -> tuple[Array, Array, Array]:
    r"""T3 and log(1 - T3).

    With unit columns :math:`a = r/|r|`, :math:`b = s/|s|` the influence of log(1 - T3) is
    :math:`(a-b)^2 / (2(1-T_3)) - (a^2+b^2)/2`, and :math:`a - b = g r + h e`.
    """
    rr, re, ee, *quartic = parts
    along = multiple**2 * rr
    ss = along + 2 * multiple * re + ee
    # A draw of nothing but Dice of 0 leaves the rounding of terms that cancel.
    ss = np.where(ss > NOTHING * along, ss, np.nan)
    rr = np.where(rr > 0, rr, np.nan)
    determinant = np.maximum(rr * ee - re**2, 0.0)
    determinant *= determinant > NOTHING * rr * ee
    norms = rr * ss
    cosine = np.clip((multiple * rr + re) / np.sqrt(norms), 0.0, 1.0)
    gap = determinant / norms / (1 + cosine)  # 1 - T3
    by_rr, by_ss, twice = 1 / rr, 1 / ss, 2 * gap
    g, h = np.sqrt(by_rr) - multiple * np.sqrt(by_ss), -np.sqrt(by_ss)
    influence = [  # (a - b)^2 and a^2 + b^2 in r^2, r e, e^2
        g**2 / twice - (by_rr + multiple**2 * by_ss) / 2,
        g * h / gap - multiple * by_ss,
        by_ss / twice - by_ss / 2,
    ]
    return 1 - gap, np.log(gap), _error(_square(influence, quartic), n)


def _square(influence: list[Array], quartic: list[Array]) -> Array:
    """Mean of (u r^2 + v r e + w e^2)^2 from the means of r^4, r^3 e, ..., e^4."""
    u, v, w = influence
    r4, r3e, r2e2, re3, e4 = quartic
    return u * u * r4 + 2 * u * v * r3e + (v * v + 2 * u * w) * r2e2 + 2 * v * w * re3 + w * w * e4


def _error(mean_square: Array, n: Array) -> Array:
    """Standard error from the mean squared influence; 0 where it is rounding or undefined."""
    usable = (mean_square > NOTHING) & (mean_square < np.inf)
    return np.sqrt(np.where(usable, mean_square, 0.0) / n)
