r"""Intervals of factors over cases, and over training seeds where there are several.

One seed: the case bootstrap; percentile for T1 and T4, bootstrap-t on log(1-T2), log(1-T3), log T5.
Two to four seeds: T1 and T4 by :math:`t \sqrt{s_\mathrm{seed}^2/S + s_\mathrm{case}^2/M}` with
Satterthwaite's degrees of freedom (Biometrics Bulletin 2(6), 1946, doi:10.2307/3002019), the others
by cases alone. From five seeds on the seeds are drawn too, independently: cases and seeds are
crossed (Owen, Annals of Applied Statistics 1(2), 2007, doi:10.1214/07-AOAS122).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from syntrust_metrics.trust.policy import Policy
from syntrust_metrics.trust.resampling import Draws

Array = NDArray[np.float64]
MIN_CASES: Final = 10
MIN_RESAMPLES: Final = 100
MAX_UNDEFINED: Final = 0.05
MIN_SEEDS_TO_DRAW: Final = 5
SEED_STREAM: Final = 1  # a second stream beside the cases' own


@dataclass(frozen=True)
class Interval:
    """`bounds` low to high, or none with the reason."""

    bounds: tuple[float, float] | None
    scope: str | None
    reason: str | None = None


@dataclass(frozen=True)
class Sampling:
    """What every interval of one answer shares."""

    policy: Policy
    seeds: int

    @property
    def scope(self) -> str:
        """Scope of an interval that has drawn, or measured, every source it can."""
        return "this trained model" if self.seeds == 1 else "training seeds"

    def seed_weights(self) -> Array:
        """Share of each seed in each resample, (S, B + 1); drawn only from five seeds on."""
        shares = np.full((self.seeds, self.policy.resamples + 1), 1 / self.seeds)
        if self.seeds >= MIN_SEEDS_TO_DRAW:
            rng = np.random.default_rng([self.policy.seed, SEED_STREAM])
            picks = rng.integers(0, self.seeds, size=(self.policy.resamples, self.seeds))
            shares[:, 1:] = (picks == np.arange(self.seeds)[:, None, None]).mean(axis=2)
        return shares

    def without(self, cases: int) -> Interval | None:
        """Give the reason why no interval can be had at all, if there is one."""
        if cases < MIN_CASES:
            return Interval(None, None, f"fewer than {MIN_CASES} cases")
        if self.policy.resamples < MIN_RESAMPLES:
            return Interval(None, None, f"fewer than {MIN_RESAMPLES} resamples")
        return None


def percentile(draws: Array, sampling: Sampling, scope: str) -> Interval:
    """Percentile interval of (B + 1,) values, the first that of the sample; NaN are left out."""
    values = draws[1:]
    defined = values[np.isfinite(values)]
    missing = 1 - defined.size / values.size
    if missing > MAX_UNDEFINED:
        return Interval(None, None, f"undefined in {missing:.0%} of the resamples")
    return Interval(_tails(defined, sampling.policy.confidence), scope)


def studentised(draws: Draws, row: int, sampling: Sampling, scope: str) -> tuple[Interval, bool]:
    """Bootstrap-t interval on the log scale of one factor; True says that it is on that scale.

    Where a standard error is 0 (equal or almost equal Dice) the percentile interval of the value.
    """
    value, log, error = (array[row] for array in (draws.value, draws.log, draws.error))
    defined = np.isfinite(value)
    defined[0] = True
    if not (np.isfinite(log[defined]) & (error[defined] > 0)).all():
        return percentile(value, sampling, scope), False
    missing = 1 - defined[1:].mean()
    if missing > MAX_UNDEFINED:
        return percentile(value, sampling, scope), False
    pivots = (log[1:] - log[0])[defined[1:]] / error[1:][defined[1:]]
    low, high = _tails(pivots, sampling.policy.confidence)
    return Interval((float(log[0] - high * error[0]), float(log[0] - low * error[0])), scope), True


def combine(draws: Sequence[Draws], shares: Array) -> Draws:
    r"""Draws of the seeds' average, on the log scale of that average.

    The factors' complements :math:`e^z` are averaged. The error adds those of the seeds as if their
    influences were wholly correlated: they come from the same cases, and a factor common to all
    resamples cancels in a studentised interval. Drawn seeds add the spread between them.
    """
    share = shares[:, None]  # (S, 1, B + 1)
    values = np.stack([part.value for part in draws])
    with np.errstate(all="ignore"):
        complements = share * np.exp(np.stack([part.log for part in draws]))
        total = complements.sum(axis=0)
        within = (complements * np.stack([part.error for part in draws])).sum(axis=0) / total
        between = _between(complements, share, total) if _drawn(shares) else 0.0
        return Draws(
            value=(share * values).sum(axis=0),
            log=np.log(total),
            error=np.nan_to_num(np.sqrt(within**2 + between)),
        )


def average(draws: Sequence[Array], shares: Array) -> Array:
    """Average values over the seeds of each resample: S arrays (F, B + 1) to one."""
    means: Array = (shares[:, None] * np.stack(draws)).sum(axis=0)
    return means


def crossed_t(factor_by_seed: Array, influence: Array, sampling: Sampling) -> Interval:
    """Interval of a mean of means over 2-4 seeds and M cases.

    Parameters
    ----------
    factor_by_seed : (S,)
        T1 or T4 of each seed.
    influence : (M,)
        What each case adds to the average over seeds, mean 0.
    """
    seeds, cases = factor_by_seed.size, influence.size
    from_seeds = float(factor_by_seed.var(ddof=1)) / seeds
    from_cases = float((influence**2).sum()) / (cases - 1) / cases
    centre, variance = float(factor_by_seed.mean()), from_seeds + from_cases
    if variance == 0:
        return Interval((centre, centre), sampling.scope)
    freedom = variance**2 / (from_seeds**2 / (seeds - 1) + from_cases**2 / (cases - 1))
    tail = (1 + sampling.policy.confidence) / 2
    half = float(stdtrit(freedom, tail)) * np.sqrt(variance)
    return Interval((max(0.0, centre - half), min(1.0, centre + half)), sampling.scope)


def _between(complements: Array, share: Array, total: Array) -> Array:
    """Variance of the seeds' average that the seeds add, relative to its square."""
    seeds = complements.shape[0]
    relative = np.divide(complements, share, out=np.zeros_like(complements), where=share > 0)
    spread = (share * (relative / total - 1) ** 2).sum(axis=0)
    variance: Array = spread / (seeds - 1)
    return variance


def _drawn(shares: Array) -> bool:
    return len(shares) >= MIN_SEEDS_TO_DRAW


def _tails(values: Array, confidence: float) -> tuple[float, float]:
    """Quantiles of (N,) at both tails, linear between order statistics.

    As `numpy.quantile`, which costs several times more than the partition it makes.
    """
    at = (values.size - 1) * np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    below = np.floor(at).astype(np.intp)
    above = np.minimum(below + 1, values.size - 1)
    ordered = np.partition(values, np.concatenate([below, above]))
    low, high = ordered[below] + (at - below) * (ordered[above] - ordered[below])
    return float(low), float(high)
