r"""Intervals of factors over cases, from the resamples of `bootstrap`.

Bootstrap-t intervals of T1, T4 and, from 30 cases on, T3 on their own scale, and of log(1-T2),
log(1-T3) and log T5; percentile intervals of the companions and of the score. With several
training seeds the factors of each resample are averaged over them, and `seeds` adds the spread
between trainings. `open_ends` says which ends so few cases do not bound.
`benchmarks/bench_trust_coverage.py --methods` compares these methods with others.

`crossed_mean` is for the tests against a margin: its squared error is
:math:`s_\mathrm{seed}^2/S + s_\mathrm{case}^2/M`, with Satterthwaite's degrees of freedom
(Biometrics Bulletin 2(6), 1946, doi:10.2307/3002019).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.columns import is_rounding
from syntrust_metrics.trust.estimation.resampled import Draws
from syntrust_metrics.trust.request.policy import Policy
from syntrust_metrics.trust.schema.base import Scope

Array = NDArray[np.float64]
Bounds = tuple[float, float]
MIN_CASES: Final = 10
MIN_RESAMPLES: Final = 100
MAX_UNDEFINED: Final = 0.05


@dataclass(frozen=True)
class Interval:
    """`bounds` from low to high, or None with the reason.

    `logarithmic` says that trainings widen it on the logarithmic scale of the factor. The bounds
    are on its own scale all the same, and may lie beyond what the factor can be.
    """

    bounds: Bounds | None
    reason: str | None = None
    logarithmic: bool = False


@dataclass(frozen=True)
class Sampling:
    """The settings that all intervals of one answer share."""

    policy: Policy
    seeds: int

    @property
    def scope(self) -> Scope:
        """What the intervals speak of; with several seeds they hold other trainings too."""
        return "this trained model" if self.seeds == 1 else "training seeds"

    def explain_missing(self, cases: int) -> Interval | None:
        """Give an interval without bounds and the reason, if no interval can be computed."""
        if cases < MIN_CASES:
            return Interval(None, f"fewer than {MIN_CASES} cases")
        if self.policy.resamples < MIN_RESAMPLES:
            return Interval(None, f"fewer than {MIN_RESAMPLES} resamples")
        return None


def tail_quantiles(values: Array, confidence: float) -> list[tuple[float, float]]:
    """Quantiles of each row at both tails, linear between order statistics.

    Parameters
    ----------
    values : float array, shape (F, N)
        Finite numbers, N >= 1.
    confidence : float
        What lies between both tails, in (0, 1).

    Returns
    -------
    list of tuple of float
        Low and high of each row, as `numpy.quantile` gives them; that takes five times as long.
    """
    ordered = np.sort(values, axis=1)
    last = values.shape[1] - 1
    ends = []
    for place in (last * (1 - confidence) / 2, last * (1 + confidence) / 2):
        below = min(int(place), max(0, last - 1))
        low, high = ordered[:, below], ordered[:, min(below + 1, last)]
        ends.append((low + (place - below) * (high - low)).tolist())
    return list(zip(*ends, strict=True))


def percentile_intervals(draws: Array, sampling: Sampling) -> list[Interval]:
    """Compute percentile intervals of (F, B + 1) values, each row as `percentile_interval`."""
    if not np.isfinite(draws).all():
        return [percentile_interval(row, sampling) for row in draws]
    bounds = tail_quantiles(draws[:, 1:], sampling.policy.confidence)
    return [Interval(pair) for pair in bounds]


def percentile_interval(draws: Array, sampling: Sampling) -> Interval:
    """Compute the interval of (B + 1,) values. The first is the sample's; NaN are left out."""
    defined = draws[1:][np.isfinite(draws[1:])]
    if refused := _explain_too_few(defined.size, draws.size - 1):
        return refused
    return Interval(tail_quantiles(defined[None], sampling.policy.confidence)[0])


def seminorm_interval(value: float, reach: Array, sampling: Sampling) -> Interval:
    r"""Compute the interval of a seminorm :math:`s` of means from its (B + 1,) values of shifts.

    A shift is what a resample moved the means by. As
    :math:`|s(\hat\mu) - s(\mu)| \le s(\hat\mu - \mu)`, the interval covers at least as often as
    its confidence, also where all resamples of the seminorm itself would lie above its value.
    """
    defined = reach[1:][np.isfinite(reach[1:])]
    if refused := _explain_too_few(defined.size, reach.size - 1):
        return refused
    last = math.ceil(sampling.policy.confidence * defined.size) - 1
    half = float(np.partition(defined, last)[last])
    return Interval((max(0.0, value - half), value + half))


def _explain_too_few(defined: int, resamples: int) -> Interval | None:
    missing = 1 - defined / resamples
    if missing <= MAX_UNDEFINED:
        return None
    return Interval(None, f"undefined in {missing:.0%} of the resamples")


def studentised_intervals(draws: Draws, sampling: Sampling) -> list[Interval]:
    """Compute bootstrap-t intervals on the scale of each factor, and return to its own.

    Where a standard error is 0 (equal or almost equal Dice), it is the percentile interval of the
    value instead.
    """
    whole = np.isfinite(draws.value) & np.isfinite(draws.scaled) & (draws.error > 0)
    if not whole.all():
        return [_studentise_row(draws, row, sampling) for row in range(len(draws.value))]
    pivots = (draws.scaled[:, 1:] - draws.scaled[:, :1]) / draws.error[:, 1:]
    found = tail_quantiles(pivots, sampling.policy.confidence)
    return [_invert_pivots(draws, row, ends) for row, ends in enumerate(found)]


def _studentise_row(draws: Draws, row: int, sampling: Sampling) -> Interval:
    """Do so for one factor that is undefined, or without standard error, in some resamples."""
    value, scaled, error = draws.value[row], draws.scaled[row], draws.error[row]
    defined = np.isfinite(value)
    defined[0] = True
    usable = (np.isfinite(scaled[defined]) & (error[defined] > 0)).all()
    if not usable or 1 - defined[1:].mean() > MAX_UNDEFINED:
        return percentile_interval(value, sampling)
    pivots = (scaled[1:] - scaled[0])[defined[1:]] / error[1:][defined[1:]]
    return _invert_pivots(draws, row, tail_quantiles(pivots[None], sampling.policy.confidence)[0])


def _invert_pivots(draws: Draws, row: int, ends: Bounds) -> Interval:
    centre, error = float(draws.scaled[row, 0]), float(draws.error[row, 0])
    low, high = centre - ends[1] * error, centre - ends[0] * error
    scale = draws.scales[row]
    if scale == "own":
        return Interval((low, high))
    if scale == "complement":
        return Interval((1 - high, 1 - low), logarithmic=True)
    low, high = exponential(low), exponential(high)
    bounds = (1 - high, 1 - low) if scale == "log complement" else (low, high)
    return Interval(bounds, logarithmic=True)


def exponential(value: float) -> float:
    """Give the exponential, infinity where it is larger than any number."""
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def combine(draws: Sequence[Draws]) -> Draws:
    r"""Combine the draws of seeds to those of their average, on the scale of that average.

    On a logarithmic scale the :math:`e^z` are averaged. The error adds the errors of the seeds as
    if their influences were wholly correlated: they come from the same cases, and a factor that
    all resamples share cancels in a studentised interval.
    """
    own = np.array([not scale.startswith("log") for scale in draws[0].scales])[:, None]
    with np.errstate(all="ignore"):
        sizes = [np.where(own, part.scaled, np.exp(part.scaled)) for part in draws]
        total = average(sizes)
        pairs = zip(sizes, draws, strict=True)
        within = average([np.where(own, 1.0, each) * part.error for each, part in pairs])
        return Draws(
            value=average([part.value for part in draws]),
            scaled=np.where(own, total, np.log(total)),
            error=np.nan_to_num(within / np.where(own, 1.0, total)),
            scales=draws[0].scales,
        )


def average(draws: Sequence[Array]) -> Array:
    """Average values over the seeds of each resample: S arrays (F, B + 1) to one."""
    return reduce(np.add, draws) / len(draws)


@dataclass(frozen=True)
class Mean:
    """A mean over cases and seeds with its standard error.

    `from_cases` and `from_seeds` are the two parts of the squared error, `dof` its degrees of
    freedom.
    """

    value: float
    cases: int
    from_cases: float
    from_seeds: float
    dof: float

    @property
    def error(self) -> float:
        return math.sqrt(self.from_cases + self.from_seeds)


def crossed_mean(per_case: Array) -> Mean | None:
    """Average over cases within each seed, then over seeds.

    Parameters
    ----------
    per_case : float array, shape (S, M)
        Training seed, case; NaN where a case is left out.

    Returns
    -------
    Mean or None
        None with fewer than two cases, or if a seed has none. Without spread the error is 0 and
        `dof` is that of cases.
    """
    return crossed_means(per_case[None])[0]


def crossed_means(per_case: Array) -> list[Mean | None]:
    """Do the same for each of (F, S, M)."""
    missing = np.isnan(per_case)
    any_missing = missing.any()
    if any_missing and len(per_case) > 1:
        return [crossed_mean(each) for each in per_case]
    used = ~np.asarray(missing[0].all(axis=0))
    per_case, missing = per_case[..., used], missing[..., used]
    _, seeds, cases = per_case.shape
    present = cases - missing.sum(axis=2)
    if cases < 2 or not present.all():
        return [None] * len(per_case)
    scores = np.where(missing, 0.0, per_case) if any_missing else per_case
    by_seed = scores.sum(axis=2) / present
    deviations = per_case - by_seed[..., None]
    if any_missing:
        deviations[missing] = 0.0
    deviations[is_rounding(deviations, scores)] = 0.0
    # A case that is left out adds nothing; the mean comes from the others alone.
    influence = deviations.sum(axis=1) * (cases / present.sum(axis=1))[:, None]
    from_cases = (influence**2).sum(axis=1) / (cases - 1) / cases
    from_seeds = by_seed.var(axis=1, ddof=1) / seeds if seeds > 1 else np.zeros(len(per_case))
    rows = zip(by_seed.mean(axis=1).tolist(), from_cases.tolist(), from_seeds.tolist(), strict=True)
    return [_mean(value, case, training, cases, seeds) for value, case, training in rows]


def _mean(value: float, from_cases: float, from_seeds: float, cases: int, seeds: int) -> Mean:
    dof = float(cases - 1)
    if from_seeds > 0:
        # A ratio of squares, scaled by a power of two: tiny variances would vanish when squared.
        exponent = math.frexp(from_seeds + from_cases)[1]
        drawn, tested = math.ldexp(from_seeds, -exponent), math.ldexp(from_cases, -exponent)
        parts = drawn**2 / (seeds - 1) + tested**2 / (cases - 1)
        dof = (drawn + tested) ** 2 / parts
    return Mean(value, cases, from_cases, from_seeds, dof)
