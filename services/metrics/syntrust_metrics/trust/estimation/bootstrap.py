r"""T1-T5 of every bootstrap resample, from one matrix product.

A resample is a row of weights over cases (counts of draws). Every factor is a function of weighted
sums of per-case features, so `features @ weights.T` gives all resamples at once. Each score is
centred first, because :math:`E[x^2] - E[x]^2` of raw Dice loses small variances.

The factors also get the scale on which they are studentised, their own for T1 and T4 and a
logarithmic one for T2, T5 and, below 30 cases, T3, and their standard error on it from the
influence function (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 12 and 21).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.columns import Columns, is_rounding
from syntrust_metrics.trust.estimation.companions import concordance, correlation
from syntrust_metrics.trust.estimation.resampled import (
    Draws,
    Resampled,
    ScaleName,
    list_scales,
    studentised_rows,
)

Array = NDArray[np.float64]
CACHED_CASES: Final = 2000  # above, weights are drawn in blocks and forgotten
BLOCK_CELLS: Final = 4_100_000  # 33 MB of weights; 2000 cases drawn 2000 times
NOTHING: Final = 1e-12  # relative size under which a variance is rounding


def resample(columns: Columns, *, ddof: int, resamples: int, seed: int) -> Resampled:
    """Resample the cases of one model.

    Parameters
    ----------
    columns : Columns
        The Dice of the model.
    ddof : int
        0 or 1, of the standard deviations in T2 and T5.
    resamples, seed : int
        Size and seed of the bootstrap. Equal (M, resamples, seed) draw equal cases, whatever the
        scores are.

    Returns
    -------
    Resampled
        The factors of the sample itself and of every resample.
    """
    features = _Features.from_columns(columns)
    drawn = draw_weights(columns.scores.shape[1], resamples, seed)
    parts = [features.bank @ block.T for block in drawn]
    # Copying a megabyte costs as much as a tenth of the product.
    return features.read(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1), ddof=ddof)


def draw_weights(cases: int, resamples: int, seed: int) -> Iterator[Array]:
    """Draw counts of cases in blocks of rows: float, (B + 1, M) in all; row 0 is all ones."""
    if cases <= CACHED_CASES and cases * resamples <= BLOCK_CELLS:
        yield _cache_counts(cases, resamples, seed).astype(np.float64, copy=False)
        return
    yield np.ones((1, cases))
    rng = np.random.default_rng(seed)
    rows = max(1, BLOCK_CELLS // cases)
    for start in range(0, resamples, rows):
        yield _draw_counts(rng, cases, min(rows, resamples - start))


@lru_cache(maxsize=8)
def _cache_counts(cases: int, resamples: int, seed: int) -> Array | NDArray[np.uint16]:
    """Keep counts in at most 8 MB: as float64 if they fit, else as uint16.

    Eight large tables of float64 would be a quarter of a gigabyte. The counts of a case lie
    together, as the product with the features reads them (4 % of an answer). Without the cache an
    answer takes 2.5 times as long.
    """
    drawn = _draw_counts(np.random.default_rng(seed), cases, resamples)
    counts = np.concatenate([np.ones((1, cases)), drawn])
    if 4 * drawn.size <= BLOCK_CELLS:
        return np.asfortranarray(counts)
    return counts.astype(np.uint16, order="F")


def _draw_counts(rng: np.random.Generator, cases: int, rows: int) -> Array:
    picks = rng.integers(0, cases, size=(rows, cases))
    cells = (picks + cases * np.arange(rows)[:, None]).ravel()
    return np.bincount(cells, minlength=rows * cases).reshape(rows, cases).astype(np.float64)


@dataclass(frozen=True)
class _Features:
    """The per-case features, and what undoes their centring.

    `bank` is (P, M). It holds, in this order: powers 1-4 of the deviations of the Q = 2 + 2K scores
    whose spread counts (case means and regions of each side); for T3 the monomials of `real` and of
    the part of `synthetic` that is no multiple of it; for T4 powers 1 and 2 of the deviations of
    the absolute differences; for covariances the products of deviations; for the second reading of
    T2 the spread within a case; and the masks of the Q scores, only if a pair is left out. If none
    is left out, every draw has the same number of cases: the bank is divided by it beforehand, and
    the deviation of a case mean is computed from its regions (3 % of an answer).
    """

    bank: Array
    complete: bool
    cases: int
    centre: Array  # (Q, 1)
    multiple: Array  # (K, 1)
    mean_gap: Array  # (K, 1)

    @classmethod
    def from_columns(cls, columns: Columns) -> _Features:
        deviations = columns.deviations
        square = deviations**2
        multiple, monomials = _make_monomials(*columns.sides)
        product = np.multiply(*deviations[2:].reshape(columns.sides.shape))
        first = deviations[2:] if columns.complete else deviations
        parts = [first, square, square * deviations, square * square, *monomials]
        apart = columns.gap_deviations
        parts += [apart, apart**2, product, columns.within]
        masks = [] if columns.complete else [columns.present.astype(np.float64)]
        bank = np.concatenate(parts + masks)
        if columns.complete:
            bank /= deviations.shape[1]
        return cls(
            bank,
            columns.complete,
            deviations.shape[1],
            columns.centre[:, None],
            multiple,
            columns.mean_gap[:, None],
        )

    def read(self, sums: Array, *, ddof: int) -> Resampled:
        """Turn weighted sums (P, B + 1), which it may overwrite, into factors."""
        regions = self.multiple.size
        # Counts are exact, so an empty draw is exactly 0 and gives NaN on purpose. So does a draw
        # that holds only Dice so small that their squares vanish.
        with np.errstate(all="ignore"):
            powers, of_regions, within, n = self._means(sums)
            *monomials, gap_shift, gap_square, product = of_regions
            averages = self.centre + powers[0]
            # As for T3: a draw that holds only Dice of 0 leaves rounding alone.
            averages[averages <= NOTHING * self.centre] = 0.0
            real = slice(2, 2 + regions)
            fourth = _raw_fourth(self.centre[real], [power[real] for power in powers])
            moments = _Moments.from_raw(powers, n, ddof)
            spreads = _measure_spreads(moments, averages)
            second = averages[real] ** 2 + moments.second[real]
            alignment = _measure_alignment(
                [second, *monomials[:2], fourth, *monomials[2:]], self.multiple
            )
            shift = powers[0][2:].reshape(2, regions, -1)
            agreement = _measure_agreement(product, shift, moments.second[2:], averages[2:])
            means = np.concatenate([averages[:2], self.mean_gap + gap_shift])
            variances = [moments.second[:2], _centre_square(gap_shift, gap_square)]
            return Resampled(
                plain=np.concatenate([1 - within, *agreement]),
                studentised=_studentise(
                    spreads,
                    alignment,
                    (means, np.concatenate(variances)),
                    n,
                    list_scales(regions, self.cases),
                ),
                mean_shift=_spread_over_regions(shift),
            )

    def _means(self, sums: Array) -> tuple[list[Array], Array, Array, Array]:
        """Turn every sum into a mean over the cases drawn for it, in place, and count these cases.

        The powers are four arrays (Q, B + 1), the features of regions are (9, K, B + 1), the spread
        within a case is (2, B + 1), and the count is (Q, B + 1), or (Q, 1) if it never varies.
        """
        spread, regions = self.centre.size, self.multiple.size
        first = 2 * regions if self.complete else spread
        heights = first, 3 * spread, 9 * regions, 2
        firsts, others, of_regions, within, n = np.split(sums, list(accumulate(heights)))
        others = others.reshape(3, spread, -1)
        of_regions = of_regions.reshape(9, regions, -1)
        if self.complete:
            of_cases = firsts.reshape(2, regions, -1).mean(axis=1)
            firsts = np.concatenate([of_cases, firsts])
            return [firsts, *others], of_regions, within, np.full((spread, 1), float(self.cases))
        firsts /= n
        others /= n
        of_regions /= n[2 : 2 + regions]
        within /= n[:2]
        return [firsts, *others], of_regions, within, n


def _make_monomials(real: Array, synthetic: Array) -> tuple[Array, list[Array]]:
    r"""Make the features of T3 that keep 1 - T3 exact for two columns that are nearly proportional.

    They are :math:`re, e^2, r^3e, r^2e^2, re^3, e^4`; those of :math:`r` alone follow from powers.

    With :math:`s = c r + e`, :math:`e \perp r` in the sample, the Gram determinant
    :math:`|r|^2 |s|^2 - (r \cdot s)^2 = |r|^2 |e|^2 - (r \cdot e)^2` has no cancellation.
    """
    rr = real**2
    norm = rr.sum(axis=1, keepdims=True)
    product = (real * synthetic).sum(axis=1, keepdims=True)
    multiple = np.divide(product, norm, out=np.zeros_like(norm), where=norm > 0)
    rest = synthetic - multiple * real
    rest[is_rounding(rest, synthetic)] = 0.0
    re, ee = real * rest, rest**2
    return multiple, [re, ee, rr * re, rr * ee, re * ee, ee * ee]


def _raw_fourth(centre: Array, powers: list[Array]) -> Array:
    """Compute the mean of x^4 from the means of the powers 1-4 of x - centre."""
    m1, m2, m3, m4 = powers
    whole = 4 * m1
    whole += centre
    whole *= centre
    whole += 6 * m2
    whole *= centre
    whole += 4 * m3
    whole *= centre
    whole += m4
    return whole


def _measure_agreement(product: Array, shift: Array, variance: Array, means: Array) -> list[Array]:
    """Compute Pearson's correlation, Lin's concordance and the bias from population moments."""
    real, synthetic = means.reshape(shift.shape)
    bias = real - synthetic
    covariance = product - shift[0] * shift[1]
    of_real, of_synthetic = variance.reshape(shift.shape)
    return [
        correlation(covariance, of_real, of_synthetic),
        concordance(covariance, of_real, of_synthetic, bias),
        bias,
    ]


def _spread_over_regions(shift: Array) -> Array:
    """Compute the spread over regions of (2, K, B + 1), ddof 0: (2, B + 1)."""
    apart = shift - shift.mean(axis=1, keepdims=True)
    spreads: Array = np.sqrt(np.square(apart, out=apart).mean(axis=1))
    return spreads


@dataclass(frozen=True)
class _Moments:
    """Central moments per score and resample. `variance` is with ddof, the others without."""

    variance: Array
    second: Array
    third: Array
    fourth: Array

    @classmethod
    def from_raw(cls, raw: list[Array], n: Array, ddof: int) -> _Moments:
        """Compute moments about the resample's own mean from those about the sample's mean.

        This overwrites the third and fourth of them.
        """
        m1, m2, third, fourth = raw
        second = m2 - m1 * m1
        second[second <= NOTHING * m2] = 0.0
        common = m2 + second
        common *= m1
        third -= common
        common += 4 * third
        common *= m1
        fourth -= common
        third -= np.multiply(m1, second, out=common)
        variance = second * np.where(n > ddof, n / (n - ddof), np.nan) if ddof else second
        return cls(variance, second, third, fourth)


def _measure_spreads(moments: _Moments, averages: Array) -> tuple[Array, Array]:
    """Compute sd, T5, and the mean square of twice the influence on their logarithms.

    The influence of log sd is ((x-m)^2 - sd^2) / (2 sd^2), that of log T5 is less (x-m) / mean.
    """
    deviation = np.sqrt(moments.variance)
    square = moments.fourth / (moments.second * moments.second)
    square -= 1
    average, second, third = averages[2:], moments.second[2:], moments.third[2:]
    deviation[2:] /= average
    deviation[2:][average == 0] = np.nan
    square[2:] += 4 * (second / average - third / second) / average
    return deviation, square


def _measure_alignment(parts: list[Array], multiple: Array) -> tuple[Array, Array]:
    r"""Compute 1 - T3 and the mean square of twice the influence on its logarithm.

    With unit columns :math:`a = r/|r|`, :math:`b = s/|s|` the influence of log(1 - T3) is
    :math:`(a-b)^2 / (2(1-T_3)) - (a^2+b^2)/2`, and :math:`a - b = g r - h e`.
    """
    rr, re, ee, *quartic = parts
    along = multiple**2 * rr
    ss = along + 2 * multiple * re + ee
    # A draw that holds only Dice of 0 leaves the rounding of terms that cancel.
    ss[ss <= NOTHING * along] = np.nan
    rr[rr <= 0] = np.nan
    real, synthetic = np.sqrt(rr), np.sqrt(ss)
    dot = np.maximum(multiple * rr + re, 0.0)
    gap = _gram_determinant(rr, re, ee) / (rr * ss + real * synthetic * dot)
    f, h, by_gap = 1 / real, 1 / synthetic, 1 / gap
    mh = multiple * h
    g = f - mh
    g_by_gap = g * by_gap
    influence = [  # (a - b)^2 / (1 - T3) - a^2 - b^2 in r^2, r e, e^2
        g * g_by_gap - f * f - mh * mh,
        -2 * h * (g_by_gap + mh),
        h * h * (by_gap - 1),
    ]
    return gap, _mean_square_influence(influence, quartic)


def _gram_determinant(rr: Array, re: Array, ee: Array) -> Array:
    """Compute the Gram determinant of the columns; exactly 0 where it is rounding alone."""
    product = rr * ee
    determinant = product - re * re
    determinant[determinant <= NOTHING * product] = 0.0
    return determinant


def _mean_square_influence(influence: list[Array], quartic: list[Array]) -> Array:
    """Compute the mean of (u r^2 + v r e + w e^2)^2 from the means of r^4, r^3 e, ..., e^4."""
    u, v, w = influence
    r4, r3e, r2e2, re3, e4 = quartic
    return u * (u * r4 + 2 * (v * r3e + w * r2e2)) + v * (v * r2e2 + 2 * w * re3) + w * w * e4


def _centre_square(shift: Array, square: Array) -> Array:
    """Compute the variance about the resample's mean from that about the sample's, (K, B + 1)."""
    variance = square - shift * shift
    variance[variance <= NOTHING * square] = 0.0
    return variance


def _studentise(
    spreads: tuple[Array, Array],
    alignment: tuple[Array, Array],
    means: tuple[Array, Array],
    n: Array,
    scales: tuple[ScaleName, ...],
) -> Draws:
    """Join T2, T5, T3, T1 and T4 with their scales and the standard errors on these."""
    value, square = map(np.concatenate, zip(spreads, alignment, strict=True))
    scaled = np.log(value)
    regions = len(alignment[0])
    rows = studentised_rows(regions)
    of_region = n[2 : 2 + regions]
    error = _standard_error(square, np.concatenate([n, of_region]))
    t3 = rows["t3"]
    if "complement" in scales:
        # Of 1 - T3 and not of T3, which would lose the digits that tell it from 1.
        scaled[t3] = value[t3]
        error[t3] *= value[t3]
    for falling in (value[rows["t2"]], value[t3]):
        np.subtract(1, falling, out=falling)
    error_of_means = np.sqrt(means[1] / np.concatenate([n[:2], of_region]))
    return Draws(
        np.concatenate([value, means[0]]),
        np.concatenate([scaled, means[0]]),
        np.concatenate([error, error_of_means]),
        scales,
    )


def _standard_error(square: Array, n: Array) -> Array:
    """Compute it from the mean square of twice the influence; 0 if rounding or undefined."""
    square /= 4
    square[~((square > NOTHING) & (square < np.inf))] = 0.0
    return np.sqrt(square / n)
