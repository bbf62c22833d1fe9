"""The scores of one table, their factors per seed, and the resamples behind every interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.bootstrap import (
    Draws,
    Resampled,
    plain_rows,
    resample,
    studentised_rows,
)
from syntrust_metrics.trust.estimation.columns import Columns
from syntrust_metrics.trust.estimation.companions import Companions, compute_companions
from syntrust_metrics.trust.estimation.factors import Factors, compute_factors
from syntrust_metrics.trust.estimation.intervals import (
    MIN_SEEDS_TO_DRAW,
    Interval,
    Sampling,
    average,
    combine,
    percentile_intervals,
    studentised_intervals,
)
from syntrust_metrics.trust.request.policy import Policy
from syntrust_metrics.trust.schema.base import Scope
from syntrust_metrics.trust.schema.estimates import Estimate, EstimateBySide

Array = NDArray[np.float64]
Intervals = Sequence[Interval] | None
NO_INTERVAL: Final = Interval(None, None)
NO_CASE: Final = "no case"
NO_PAIR: Final = "no pair"
ONE_CASE: Final = "one case has no spread at ddof 1"
CONDITIONAL: Final[Scope] = "this trained model"


@dataclass(frozen=True)
class Estimator:
    """The scores of one table after the empty rule, (S, 2, M, K), and how to resample them."""

    dice: Array
    regions: tuple[str, ...]
    seeds: tuple[int, ...]
    policy: Policy

    @cached_property
    def columns(self) -> list[Columns]:
        """The scores of each seed column by column."""
        return [Columns.from_dice(layer) for layer in self.dice]

    @cached_property
    def values(self) -> list[Factors]:
        """T1-T5 of each seed."""
        return [compute_factors(each, ddof=self.policy.ddof) for each in self.columns]

    @cached_property
    def companions(self) -> list[Companions]:
        """The companions of T2-T5, of each seed."""
        return [compute_companions(each, ddof=self.policy.ddof) for each in self.columns]

    @cached_property
    def sampling(self) -> Sampling:
        return Sampling(self.policy, len(self.seeds))

    @cached_property
    def used(self) -> tuple[int, ...]:
        """Cases each region is scored on, the fewest over seeds, (K,)."""
        regions = len(self.regions)
        by_seed = (each.cases[2 : 2 + regions].tolist() for each in self.columns)
        return tuple(map(min, zip(*by_seed, strict=True)))

    @cached_property
    def cases(self) -> int:
        """Cases that T1 and T2 are scored on, the fewest over seeds."""
        return min(int(each.cases[0]) for each in self.columns)

    @cached_property
    def resampled(self) -> list[Resampled]:
        """The resamples of each seed; none where no interval can be computed."""
        if self.sampling.explain_missing(self.cases):
            return []
        policy = self.policy
        return [
            resample(each, ddof=policy.ddof, resamples=policy.resamples, seed=policy.seed)
            for each in self.columns
        ]

    @property
    def scope_of_draws(self) -> Scope:
        """What an interval from resamples covers: with five seeds or more, seeds are drawn too."""
        drawn = len(self.seeds) >= MIN_SEEDS_TO_DRAW
        return self.sampling.scope if drawn else CONDITIONAL

    def draws(self, take: Callable[[Resampled], Array]) -> Array | None:
        """Average some rows over the seeds of each resample, (F, B + 1)."""
        parts = [take(part) for part in self.resampled]
        if len(parts) <= 1:
            return parts[0] if parts else None
        return average(parts, self.sampling.seed_weights)

    @cached_property
    def plain(self) -> Array | None:
        """The families that get percentile intervals, averaged over seeds."""
        return self.draws(lambda part: part.plain)

    @cached_property
    def studentised(self) -> Draws | None:
        """The families that are studentised, on the log scale of the average over seeds."""
        parts = [part.studentised for part in self.resampled]
        if len(parts) <= 1:
            return parts[0] if parts else None
        return combine(parts, self.sampling.seed_weights)

    def percentile_intervals(self, family: str) -> Intervals:
        """Give percentile intervals of one family, or None where no interval can be computed."""
        found = self._all_percentile_intervals
        return None if found is None else found[plain_rows(len(self.regions))[family]]

    @cached_property
    def _all_percentile_intervals(self) -> Intervals:
        draws = self.plain
        return (
            None
            if draws is None
            else percentile_intervals(draws, self.sampling, self.scope_of_draws)
        )

    def log_intervals(self, family: str) -> Sequence[tuple[Interval, bool]] | None:
        """Give bootstrap-t intervals of one family; True marks one on the log scale."""
        found = self._all_log_intervals
        return None if found is None else found[studentised_rows(len(self.regions))[family]]

    @cached_property
    def _all_log_intervals(self) -> Sequence[tuple[Interval, bool]] | None:
        draws = self.studentised
        return (
            None
            if draws is None
            else studentised_intervals(draws, self.sampling, self.scope_of_draws)
        )

    def estimate(
        self, by_seed: Array, cases: int, interval: Interval | None, undefined: str
    ) -> Estimate:
        """Average one factor over seeds. If it is undefined in one seed, it is undefined."""
        values = by_seed.tolist()
        if any(map(math.isnan, values)):
            return _make_estimate(None, NO_INTERVAL, None, self._undefined(by_seed, undefined))
        found = self.sampling.explain_missing(cases) or interval or NO_INTERVAL
        deviation = float(by_seed.std(ddof=1)) if len(values) > 1 else None
        value = float(by_seed.mean()) if len(values) > 1 else values[0]
        return _make_estimate(value, found, deviation, found.reason)

    def _undefined(self, by_seed: Array, reason: str) -> str:
        if by_seed.size == 1:
            return reason
        where = ", ".join(
            str(seed) for seed, value in zip(self.seeds, by_seed, strict=True) if np.isnan(value)
        )
        return f"{reason} (seed {where})"


def interval_at(intervals: Intervals, row: int) -> Interval | None:
    return None if intervals is None else intervals[row]


def _make_estimate(
    value: float | None, interval: Interval, seed_sd: float | None, reason: str | None
) -> Estimate:
    """Give one number of the answer with its interval."""
    return {
        "value": value,
        "ci": list(interval.bounds) if interval.bounds else None,
        "scope": interval.scope if interval.bounds else None,
        "seed_sd": seed_sd,
        "reason": reason,
    }


def name_sides(estimates: Sequence[Estimate]) -> EstimateBySide:
    """Name the numbers of both test sets, the real one first."""
    real, synthetic = estimates
    return {"real": real, "synthetic": synthetic}
