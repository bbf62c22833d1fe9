"""Values, intervals and reasons of T1-T5 for one table: the `factors` of an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.factors import Factors, case_mean, trust_factors
from syntrust_metrics.trust.intervals import (
    MIN_SEEDS_TO_DRAW,
    Interval,
    Sampling,
    average,
    combine,
    crossed_t,
    percentile,
    studentised,
)
from syntrust_metrics.trust.policy import Policy
from syntrust_metrics.trust.resampling import Draws, Resampled, resample
from syntrust_metrics.trust.table import SIDES

Array = NDArray[np.float64]
Leaf = dict[str, Any]
NO_CASE: Final = "no case"
ONE_CASE: Final = "one case has no spread at ddof 1"
CONDITIONAL: Final = "this trained model"


@dataclass(frozen=True)
class Estimator:
    """The scores of one table after the empty rule, (S, 2, M, K), and how to resample them."""

    dice: Array
    regions: tuple[str, ...]
    seeds: tuple[int, ...]
    policy: Policy

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.policy, len(self.seeds))

    def factors(self) -> dict[str, Any]:
        """T1-T5 as the answer gives them: one leaf per factor, side and region."""
        values = [trust_factors(layer, ddof=self.policy.ddof) for layer in self.dice]
        return _Assembly(self, values, self._resampled()).factors()

    def cases_per_region(self) -> NDArray[np.intp]:
        """Cases each region is scored on, the fewest over seeds, (K,)."""
        used: NDArray[np.intp] = (~np.isnan(self.dice[:, 0])).sum(axis=1).min(axis=0)
        return used

    def cases(self) -> int:
        """Cases that T1 and T2 are scored on, the fewest over seeds."""
        return int((~np.isnan(case_mean(self.dice[:, 0]))).sum(axis=1).min())

    def _resampled(self) -> list[Resampled]:
        if self.sampling.without(self.cases()):
            return []
        policy = self.policy
        return [
            resample(layer, ddof=policy.ddof, resamples=policy.resamples, seed=policy.seed)
            for layer in self.dice
        ]


class _Assembly:
    """Joins the seeds' values with their resamples into leaves."""

    def __init__(
        self, estimator: Estimator, values: list[Factors], resampled: list[Resampled]
    ) -> None:
        self._of = estimator
        self._values = values
        self._resampled = resampled
        self._sampling = estimator.sampling
        self._shares = self._sampling.seed_weights() if resampled else np.empty((0, 0))
        self._regions = range(len(estimator.regions))
        self._used = [int(cases) for cases in estimator.cases_per_region()]

    def factors(self) -> dict[str, Any]:
        names = self._of.regions
        return {
            "t1": dict(zip(SIDES, self._t1(), strict=True)),
            "t2": dict(zip(SIDES, self._t2(), strict=True)),
            "t3": dict(zip(names, self._t3(), strict=True)),
            "t4": dict(zip(names, self._t4(), strict=True)),
            "t5": {
                side: dict(zip(names, self._t5(index), strict=True))
                for index, side in enumerate(SIDES)
            },
        }

    def _t1(self) -> list[Leaf]:
        draws = self._mean(lambda part: part.t1)
        means = case_mean(self._of.dice)
        return [
            self._leaf(
                np.array([value.t1[side] for value in self._values]),
                self._of.cases(),
                partial(self._of_means, draws, side, means[:, side]),
                NO_CASE,
            )
            for side in (0, 1)
        ]

    def _t4(self) -> list[Leaf]:
        draws = self._mean(lambda part: part.t4)
        gaps = np.abs(self._of.dice[:, 0] - self._of.dice[:, 1])
        return [
            self._leaf(
                np.array([value.t4[k] for value in self._values]),
                self._used[k],
                partial(self._of_means, draws, k, gaps[..., k]),
                "no pair",
            )
            for k in self._regions
        ]

    def _t2(self) -> list[Leaf]:
        draws = self._log(lambda part: part.t2)
        floor = 0.5 if self._of.policy.ddof == 0 else 0.0
        return [
            self._leaf(
                np.array([value.t2[side] for value in self._values]),
                self._of.cases(),
                partial(self._complement, draws, side, floor),
                ONE_CASE if self._of.cases() else NO_CASE,
            )
            for side in (0, 1)
        ]

    def _t3(self) -> list[Leaf]:
        draws = self._log(lambda part: part.t3)
        return [
            self._leaf(
                np.array([value.t3[k] for value in self._values]),
                self._used[k],
                partial(self._complement, draws, k, 0.0),
                "every Dice of a side is 0" if self._used[k] else "no pair",
            )
            for k in self._regions
        ]

    def _t5(self, side: int) -> list[Leaf]:
        draws = self._log(lambda part: part.t5)
        offset = side * len(self._regions)
        return [
            self._leaf(
                np.array([value.t5[side, k] for value in self._values]),
                self._used[k],
                partial(self._ratio, draws, offset + k),
                self._why_no_t5(side, k),
            )
            for k in self._regions
        ]

    def _why_no_t5(self, side: int, k: int) -> str:
        column = self._of.dice[:, side, :, k]
        if not self._used[k]:
            return NO_CASE
        alive = np.nansum(column, axis=1) > 0
        return ONE_CASE if alive.all() else "the mean Dice is 0"

    def _mean(self, take: Callable[[Resampled], Array]) -> Array | None:
        if not self._resampled:
            return None
        return average([take(part) for part in self._resampled], self._shares)

    def _log(self, take: Callable[[Resampled], Draws]) -> Draws | None:
        if not self._resampled:
            return None
        parts = [take(part) for part in self._resampled]
        return parts[0] if len(parts) == 1 else combine(parts, self._shares)

    def _of_means(self, draws: Array | None, row: int, per_case: Array) -> Interval:
        """Interval of T1 or T4: `per_case` is (S, M), what is averaged over cases."""
        seeds = len(self._values)
        if 1 < seeds < MIN_SEEDS_TO_DRAW:
            means = np.nanmean(per_case, axis=1)
            influence = np.nan_to_num(per_case - means[:, None]).mean(axis=0)
            # Left-out cases add nothing and the rest carry the mean alone.
            share = float((~np.isnan(per_case)).mean())
            return crossed_t(means, influence / share, self._sampling)
        assert draws is not None  # noqa: S101 - `_leaf` asks only where resamples exist
        return percentile(draws[row], self._sampling, self._sampling.scope)

    def _complement(self, draws: Draws | None, row: int, floor: float) -> Interval:
        """Interval of T2 or T3 from that of log(1 - T)."""
        interval, logarithmic = self._studentised(draws, row)
        if interval.bounds is None or not logarithmic:
            return interval
        low, high = (1 - float(np.exp(bound)) for bound in reversed(interval.bounds))
        return Interval((max(floor, low), max(floor, high)), interval.scope)

    def _ratio(self, draws: Draws | None, row: int) -> Interval:
        """Interval of T5 from that of log T5."""
        interval, logarithmic = self._studentised(draws, row)
        if interval.bounds is None or not logarithmic:
            return interval
        low, high = (float(np.exp(bound)) for bound in interval.bounds)
        return Interval((low, high), interval.scope)

    def _studentised(self, draws: Draws | None, row: int) -> tuple[Interval, bool]:
        assert draws is not None  # noqa: S101 - `_leaf` asks only where resamples exist
        drawn = len(self._values) >= MIN_SEEDS_TO_DRAW
        return studentised(
            draws, row, self._sampling, self._sampling.scope if drawn else CONDITIONAL
        )

    def _leaf(
        self, by_seed: Array, cases: int, interval: Callable[[], Interval], undefined: str
    ) -> Leaf:
        """Average one factor over seeds; undefined in one seed, it is undefined."""
        if np.isnan(by_seed).any():
            return leaf(None, Interval(None, None), None, self._undefined(by_seed, undefined))
        refused = self._sampling.without(cases)
        found = refused or interval()
        spread = float(by_seed.std(ddof=1)) if by_seed.size > 1 else None
        return leaf(float(by_seed.mean()), found, spread, found.reason)

    def _undefined(self, by_seed: Array, reason: str) -> str:
        if by_seed.size == 1:
            return reason
        where = ", ".join(
            str(seed)
            for seed, value in zip(self._of.seeds, by_seed, strict=True)
            if np.isnan(value)
        )
        return f"{reason} (seed {where})"


def leaf(
    value: float | None, interval: Interval, seed_sd: float | None, reason: str | None
) -> Leaf:
    """Give one leaf of the answer."""
    return {
        "value": value,
        "ci": list(interval.bounds) if interval.bounds else None,
        "scope": interval.scope if interval.bounds else None,
        "seed_sd": seed_sd,
        "reason": reason,
    }
