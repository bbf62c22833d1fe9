r"""Intervals of factors over cases, and over training seeds where there are several.

One seed: the bootstrap of cases, with percentile intervals of T1 and T4 and bootstrap-t intervals
on log(1-T2), log(1-T3) and log T5. Two to four seeds: T1 and T4 by
:math:`t \sqrt{s_\mathrm{seed}^2/S + s_\mathrm{case}^2/M}` with Satterthwaite's degrees of freedom
(Biometrics Bulletin 2(6), 1946, doi:10.2307/3002019), the others by cases alone. Five seeds or more
are drawn too, independently: cases and seeds are crossed (Owen, Annals of Applied Statistics 1(2),
2007, doi:10.1214/07-AOAS122).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from syntrust_metrics.trust.estimation.bootstrap import Draws
from syntrust_metrics.trust.estimation.columns import is_rounding
from syntrust_metrics.trust.request.policy import Policy
from syntrust_metrics.trust.schema.base import Scope

Array = NDArray[np.float64]
MIN_CASES: Final = 10
MIN_RESAMPLES: Final = 100
MAX_UNDEFINED: Final = 0.05
MIN_SEEDS_TO_DRAW: Final = 5
SEED_STREAM: Final = 1  # a second stream beside the cases' own


@dataclass(frozen=True)
class Interval:
    """`bounds` from low to high, or None with the reason."""

    bounds: tuple[float, float] | None
    scope: Scope | None
    reason: str | None = None


@dataclass(frozen=True)
class Sampling:
    """The settings that all intervals of one answer share."""

    policy: Policy
    seeds: int

    @property
    def scope(self) -> Scope:
        """Scope of an interval that accounts for cases and, if there are several, for seeds."""
        return "this trained model" if self.seeds == 1 else "training seeds"

    @cached_property
    def seed_weights(self) -> Array:
        """Share of each seed in each resample, (S, B + 1); drawn with five seeds or more."""
        shares = np.full((self.seeds, self.policy.resamples + 1), 1 / self.seeds)
        if self.seeds >= MIN_SEEDS_TO_DRAW:
            rng = np.random.default_rng([self.policy.seed, SEED_STREAM])
            picks = rng.integers(0, self.seeds, size=(self.policy.resamples, self.seeds))
            shares[:, 1:] = (picks == np.arange(self.seeds)[:, None, None]).mean(axis=2)
        return shares

    def explain_missing(self, cases: int) -> Interval | None:
        """Give an interval without bounds and the reason, if no interval can be computed."""
        if cases < MIN_CASES:
            return Interval(None, None, f"fewer than {MIN_CASES} cases")
        if self.policy.resamples < MIN_RESAMPLES:
            return Interval(None, None, f"fewer than {MIN_RESAMPLES} resamples")
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


def percentile_intervals(draws: Array, sampling: Sampling, scope: Scope) -> list[Interval]:
    """Compute percentile intervals of (F, B + 1) values, each row as `percentile_interval`."""
    if not np.isfinite(draws).all():
        return [percentile_interval(row, sampling, scope) for row in draws]
    bounds = tail_quantiles(draws[:, 1:], sampling.policy.confidence)
    return [Interval(pair, scope) for pair in bounds]


def percentile_interval(draws: Array, sampling: Sampling, scope: Scope) -> Interval:
    """Compute the interval of (B + 1,) values. The first is the sample's; NaN are left out."""
    defined = draws[1:][np.isfinite(draws[1:])]
    if refused := _explain_too_few(defined.size, draws.size - 1):
        return refused
    return Interval(tail_quantiles(defined[None], sampling.policy.confidence)[0], scope)


def seminorm_interval(value: float, reach: Array, sampling: Sampling, scope: Scope) -> Interval:
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
    return Interval((max(0.0, value - half), value + half), scope)


def _explain_too_few(defined: int, resamples: int) -> Interval | None:
    missing = 1 - defined / resamples
    if missing <= MAX_UNDEFINED:
        return None
    return Interval(None, None, f"undefined in {missing:.0%} of the resamples")


def studentised_intervals(
    draws: Draws, sampling: Sampling, scope: Scope
) -> list[tuple[Interval, bool]]:
    """Compute bootstrap-t intervals on the log scale of each factor; True marks that scale.

    Where a standard error is 0 (equal or almost equal Dice), it is the percentile interval of the
    value instead.
    """
    whole = np.isfinite(draws.value) & np.isfinite(draws.log) & (draws.error > 0)
    if not whole.all():
        rows = zip(draws.value, draws.log, draws.error, strict=True)
        return [_studentise_row(*row, sampling, scope) for row in rows]
    pivots = (draws.log[:, 1:] - draws.log[:, :1]) / draws.error[:, 1:]
    found = tail_quantiles(pivots, sampling.policy.confidence)
    first = zip(draws.log[:, 0].tolist(), draws.error[:, 0].tolist(), found, strict=True)
    return [(Interval(_invert_pivots(*each), scope), True) for each in first]


def _studentise_row(
    value: Array, log: Array, error: Array, sampling: Sampling, scope: Scope
) -> tuple[Interval, bool]:
    """Do so for one factor that is undefined, or without standard error, in some resamples."""
    defined = np.isfinite(value)
    defined[0] = True
    usable = (np.isfinite(log[defined]) & (error[defined] > 0)).all()
    if not usable or 1 - defined[1:].mean() > MAX_UNDEFINED:
        return percentile_interval(value, sampling, scope), False
    pivots = (log[1:] - log[0])[defined[1:]] / error[1:][defined[1:]]
    ends = tail_quantiles(pivots[None], sampling.policy.confidence)[0]
    return Interval(_invert_pivots(log[0], error[0], ends), scope), True


def _invert_pivots(log: float, error: float, ends: tuple[float, float]) -> tuple[float, float]:
    return float(log - ends[1] * error), float(log - ends[0] * error)


def combine(draws: Sequence[Draws], shares: Array) -> Draws:
    r"""Combine the draws of seeds to those of their average, on the log scale of that average.

    The complements :math:`e^z` of the factors are averaged. The error adds the errors of the seeds
    as if their influences were wholly correlated: they come from the same cases, and a factor that
    all resamples share cancels in a studentised interval. Seeds that are drawn add the spread
    between them.
    """
    with np.errstate(all="ignore"):
        complements = [np.exp(part.log) for part in draws]
        total = average(complements, shares)
        pairs = zip(complements, draws, strict=True)
        within = average((each * part.error for each, part in pairs), shares) / total
        between = _between(complements, shares, total) if _are_drawn(shares) else 0.0
        return Draws(
            value=average((part.value for part in draws), shares),
            log=np.log(total),
            error=np.nan_to_num(np.sqrt(within**2 + between)),
        )


def average(draws: Iterable[Array], shares: Array) -> Array:
    """Average values over the seeds of each resample: S arrays (F, B + 1) to one."""
    return reduce(np.add, (share * each for share, each in zip(shares, draws, strict=True)))


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


def crossed_t_interval(per_case: Array, sampling: Sampling) -> Interval:
    """Compute the interval of T1 or T4 over 2-4 seeds and cases; `per_case` is (S, M)."""
    mean = crossed_mean(per_case)
    if mean is None:
        return Interval(None, None, f"fewer than {MIN_CASES} cases")
    tail = (1 + sampling.policy.confidence) / 2
    half = float(stdtrit(mean.dof, tail)) * mean.error
    return Interval((max(0.0, mean.value - half), min(1.0, mean.value + half)), sampling.scope)


def _between(complements: Sequence[Array], shares: Array, total: Array) -> Array:
    """Compute the variance that seeds add to their average, relative to its square."""
    apart = average(((each / total - 1) ** 2 for each in complements), shares)
    return apart / (len(complements) - 1)


def _are_drawn(shares: Array) -> bool:
    return len(shares) >= MIN_SEEDS_TO_DRAW
