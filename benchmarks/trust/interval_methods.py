"""Methods for an interval of a trust factor, written plainly, to be compared with one another.

Every factor is a function of weighted moments of two columns of Dice, so one function of weights
serves resamples, resamples of resamples, the jackknife and tilted weights. Nothing here is taken
from the platform: its bootstrap-t must agree with the one of this file.

===============  ===============================================================================
`percentile`     quantiles of the resamples
`t`              value ± t times the standard error of the influence function, on the factor's scale
`bootstrap-t`    quantiles of studentised resamples, on the factor's scale
`bca`            bias-corrected and accelerated (Efron, JASA 82, 1987); tests compare it with scipy
`double`         the percentile interval at the level that a second bootstrap calibrates
`profile`        profile of the empirical likelihood along the least favourable family, F-calibrated
===============  ===============================================================================

The scale is log(1-T1), log(1-T2), log(1-T3), log T4 or log T5 (`-log`), or the factor's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
Bounds = tuple[float, float]
LEVEL, TAILS = 0.95, np.array([0.025, 0.975])
MAX_UNDEFINED = 0.05
STEPS = np.linspace(0, 1, 60)[1:-1] ** 2  # of the way to the edge of a tilted family


@dataclass(frozen=True)
class Measured:
    """A factor under each row of weights, (B,), and its influence on each case, (B, M)."""

    value: Array
    influence: Array


def t1(x: Array, _y: Array, w: Array) -> Measured:
    mean = w @ x
    return Measured(mean, x - mean[:, None])


def t2(x: Array, _y: Array, w: Array) -> Measured:
    sd, influence = _spread(x, w)
    return Measured(1 - sd, -influence)


def t3(x: Array, y: Array, w: Array) -> Measured:
    xx, yy = w @ x**2, w @ y**2
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = x / np.sqrt(xx)[:, None], y / np.sqrt(yy)[:, None]
        # 1 - cos as half the squared distance of unit vectors: no cancellation.
        gap = (w * (a - b) ** 2).sum(axis=1) / 2
        influence = a * b - (1 - gap[:, None]) * (a**2 + b**2) / 2
    return Measured(1 - gap, influence)


def t4(x: Array, y: Array, w: Array) -> Measured:
    return t1(np.abs(x - y), y, w)


def t5(x: Array, _y: Array, w: Array) -> Measured:
    mean = w @ x
    sd, influence = _spread(x, w)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(mean > 0, sd / mean, np.nan)
        return Measured(
            value, influence / mean[:, None] - (value / mean)[:, None] * (x - mean[:, None])
        )


def _spread(x: Array, w: Array) -> tuple[Array, Array]:
    mean = w @ x
    apart = x - mean[:, None]
    variance = (w * apart**2).sum(axis=1)
    sd = np.sqrt(variance)
    with np.errstate(invalid="ignore", divide="ignore"):
        return sd, (apart**2 - variance[:, None]) / (2 * sd[:, None])


FACTORS: Mapping[str, Callable[[Array, Array, Array], Measured]] = {
    "t1": t1,
    "t2": t2,
    "t3": t3,
    "t4": t4,
    "t5": t5,
}
EDGE = {"t1": 1.0, "t2": 1.0, "t3": 1.0}  # the log scale is log(edge - T); else log T


@dataclass(frozen=True)
class Scale:
    """A scale on which an interval is computed, and the way back."""

    to: Callable[[Array], Array]
    slope: Callable[[Array], Array]  # derivative of `to`, up to its sign
    back: Callable[[Array], Array]
    falling: bool


def scale_of(factor: str, *, logarithmic: bool) -> Scale:
    if not logarithmic:
        return Scale(lambda v: v, np.ones_like, lambda z: z, falling=False)
    if factor in EDGE:
        return Scale(
            lambda v: np.log(1 - v), lambda v: 1 / (1 - v), lambda z: 1 - np.exp(z), falling=True
        )
    return Scale(np.log, lambda v: 1 / v, np.exp, falling=False)


@dataclass(frozen=True)
class Problem:
    """One factor of one table, with its resamples."""

    factor: str
    x: Array  # (M,)
    y: Array  # (M,)
    counts: Array  # (B, M), of draws
    nested: Array | None = None  # (B1, B2, M), resamples of the first B1 resamples

    @property
    def cases(self) -> int:
        return len(self.x)

    def measure(self, weights: Array) -> Measured:
        return FACTORS[self.factor](self.x, self.y, weights)

    @cached_property
    def whole(self) -> Measured:
        return self.measure(np.full((1, self.cases), 1 / self.cases))

    @cached_property
    def drawn(self) -> Measured:
        return self.measure(self.counts / self.cases)

    @property
    def value(self) -> float:
        return float(self.whole.value[0])

    def errors(self, measured: Measured, weights: Array) -> Array:
        with np.errstate(invalid="ignore"):
            squares = (weights * measured.influence**2).sum(axis=1)
        return np.asarray(np.sqrt(squares / self.cases))


def percentile(problem: Problem) -> Bounds | None:
    values = _defined(problem.drawn.value)
    return None if values is None else _pair(np.quantile(values, TAILS))


def t_interval(problem: Problem, *, logarithmic: bool) -> Bounds | None:
    scale = scale_of(problem.factor, logarithmic=logarithmic)
    weights = np.full((1, problem.cases), 1 / problem.cases)
    error = problem.errors(problem.whole, weights) * scale.slope(problem.whole.value)
    half = float(stats.t.ppf(TAILS[1], problem.cases - 1)) * error[0]
    centre = float(scale.to(problem.whole.value)[0])
    return _back(scale, centre - half, centre + half)


def bootstrap_t(problem: Problem, *, logarithmic: bool) -> Bounds | None:
    scale = scale_of(problem.factor, logarithmic=logarithmic)
    weights = np.full((1, problem.cases), 1 / problem.cases)
    with np.errstate(all="ignore"):
        error = (problem.errors(problem.whole, weights) * scale.slope(problem.whole.value))[0]
        centre = float(scale.to(problem.whole.value)[0])
        errors = problem.errors(problem.drawn, problem.counts / problem.cases)
        errors = errors * scale.slope(problem.drawn.value)
        pivots = (scale.to(problem.drawn.value) - centre) / errors
    found = _defined(pivots)
    if found is None or not np.isfinite(centre) or not error > 0:
        return percentile(problem)
    low, high = np.quantile(found, TAILS)
    return _back(scale, centre - high * error, centre - low * error)


def bca(problem: Problem) -> Bounds | None:
    values = _defined(problem.drawn.value)
    if values is None:
        return None
    cases = problem.cases
    left_out = problem.measure((1 - np.eye(cases)) / (cases - 1)).value
    apart = np.nanmean(left_out) - left_out
    squares = np.nansum(apart**2)
    if not squares > 0:
        return percentile(problem)
    a = float(np.nansum(apart**3) / (6 * squares**1.5))
    below = (np.mean(values < problem.value) + np.mean(values <= problem.value)) / 2
    z0 = float(stats.norm.ppf(np.clip(below, 1 / len(values), 1 - 1 / len(values))))
    shifted = z0 + stats.norm.ppf(TAILS)
    levels = stats.norm.cdf(z0 + shifted / (1 - a * shifted))
    return _pair(np.quantile(values, levels))


def double(problem: Problem) -> Bounds | None:
    """Calibrate each tail: where the sample's value lies among the resamples of a resample."""
    values = _defined(problem.drawn.value)
    if values is None or problem.nested is None:
        return None
    outer, inner, cases = problem.nested.shape
    second = problem.measure(problem.nested.reshape(-1, cases) / cases).value.reshape(outer, inner)
    with np.errstate(invalid="ignore"):
        rank = (
            np.sum(second < problem.value, axis=1) + np.sum(second <= problem.value, axis=1)
        ) / (2 * np.maximum(np.isfinite(second).sum(axis=1), 1))
    return _pair(np.quantile(values, np.sort(np.quantile(rank, TAILS))))


def profile(problem: Problem) -> Bounds | None:
    """Tilt the weights by the influence until the likelihood ratio passes its F quantile."""
    influence = problem.whole.influence[0]
    if not (np.isfinite(influence).all() and influence.max() > 0 > influence.min()):
        return percentile(problem)
    limit = float(stats.f.ppf(LEVEL, 1, problem.cases - 1))
    ends = [
        _follow(problem, influence, edge, limit)
        for edge in (-1 / influence.max(), -1 / influence.min())
    ]
    return min(ends), max(ends)


def _follow(problem: Problem, influence: Array, edge: float, limit: float) -> float:
    """Follow w = 1 / (M (1 + step influence)) from no tilt towards `edge`."""
    way = edge * np.concatenate(
        [[0.0], 1 - (1 - STEPS[::-1]) ** 2, 1 - 10.0 ** np.arange(-3, -10, -1)]
    )
    weights = 1 / (problem.cases * (1 + way[:, None] * influence))
    weights /= weights.sum(axis=1, keepdims=True)
    ratio = -2 * np.log(problem.cases * weights).sum(axis=1)
    order = np.argsort(ratio)
    return float(np.interp(limit, ratio[order], problem.measure(weights).value[order]))


METHODS: Mapping[str, Callable[[Problem], Bounds | None]] = {
    "percentile": percentile,
    "t": lambda problem: t_interval(problem, logarithmic=False),
    "t-log": lambda problem: t_interval(problem, logarithmic=True),
    "bootstrap-t": lambda problem: bootstrap_t(problem, logarithmic=False),
    "bootstrap-t-log": lambda problem: bootstrap_t(problem, logarithmic=True),
    "bca": bca,
    "double": double,
    "profile": profile,
}


def cap_t5(bounds: Bounds, x: Array) -> Bounds | None:
    """Cap the upper end at sqrt((1-m)/m), m the lower t limit of the mean; None where m is 0."""
    error = float(x.std(ddof=1)) / np.sqrt(len(x))
    mean = float(x.mean()) - float(stats.t.ppf(TAILS[1], len(x) - 1)) * error
    if mean <= 0:
        return None
    return bounds[0], min(bounds[1], float(np.sqrt((1 - mean) / mean)))


def draw_counts(rng: np.random.Generator, cases: int, resamples: int) -> Array:
    picks = rng.integers(0, cases, (resamples, cases))
    return _count(picks, cases)


def draw_nested(rng: np.random.Generator, counts: Array, inner: int) -> Array:
    """Draw `inner` resamples of each of (B1, M) resamples, (B1, inner, M)."""
    outer, cases = counts.shape
    picks = np.stack([np.repeat(np.arange(cases), row.astype(int)) for row in counts])
    chosen = rng.integers(0, cases, (outer, inner * cases))
    again = np.take_along_axis(picks, chosen, axis=1).reshape(outer * inner, cases)
    return _count(again, cases).reshape(outer, inner, cases)


def _count(picks: NDArray[np.int64], cases: int) -> Array:
    rows = len(picks)
    cells = (picks + cases * np.arange(rows)[:, None]).ravel()
    return np.bincount(cells, minlength=rows * cases).reshape(rows, cases).astype(np.float64)


def _defined(values: Array) -> Array | None:
    found = values[np.isfinite(values)]
    return None if 1 - found.size / values.size > MAX_UNDEFINED else found


def _back(scale: Scale, low: float, high: float) -> Bounds | None:
    with np.errstate(over="ignore"):
        ends = scale.back(np.array([high, low] if scale.falling else [low, high]))
    return None if np.isnan(ends).any() else _pair(ends)


def _pair(ends: Array) -> Bounds:
    return float(ends[0]), float(ends[1])
