"""The scores of one table, their factors per seed, and the resamples behind every interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.bootstrap import resample
from syntrust_metrics.trust.estimation.columns import Columns
from syntrust_metrics.trust.estimation.companions import Companions, compute_companions
from syntrust_metrics.trust.estimation.factors import Factors, compute_factors
from syntrust_metrics.trust.estimation.intervals import (
    Interval,
    Sampling,
    average,
    combine,
    percentile_intervals,
    studentised_intervals,
)
from syntrust_metrics.trust.estimation.open_ends import Limits, bound_ends
from syntrust_metrics.trust.estimation.resampled import (
    Draws,
    Resampled,
    plain_rows,
    studentised_rows,
)
from syntrust_metrics.trust.estimation.seeds import SeedSpread
from syntrust_metrics.trust.request.policy import Policy
from syntrust_metrics.trust.schema.estimates import Estimate, EstimateBySide

Array = NDArray[np.float64]
Intervals = Sequence[Interval] | None
NO_INTERVAL: Final = Interval(None)
NO_CASE: Final = "no case"
NO_PAIR: Final = "no pair"
ONE_CASE: Final = "one case has no spread at ddof 1"


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

    def draws(self, take: Callable[[Resampled], Array]) -> Array | None:
        """Average some rows over the seeds of each resample, (F, B + 1)."""
        parts = [take(part) for part in self.resampled]
        if len(parts) <= 1:
            return parts[0] if parts else None
        return average(parts)

    @cached_property
    def plain(self) -> Array | None:
        """The families that get percentile intervals, averaged over seeds."""
        return self.draws(lambda part: part.plain)

    @cached_property
    def studentised(self) -> Draws | None:
        """The families that are studentised, on the scale of the average over seeds."""
        parts = [part.studentised for part in self.resampled]
        if len(parts) <= 1:
            return parts[0] if parts else None
        return combine(parts)

    def percentile_intervals(self, family: str) -> Intervals:
        """Give percentile intervals of one family, or None where no interval can be computed."""
        found = self._all_percentile_intervals
        return None if found is None else found[plain_rows(len(self.regions))[family]]

    @cached_property
    def _all_percentile_intervals(self) -> Intervals:
        return None if self.plain is None else percentile_intervals(self.plain, self.sampling)

    def studentised_intervals(self, family: str) -> Intervals:
        """Give bootstrap-t intervals of one family, or None where no interval can be computed."""
        found = self._all_studentised_intervals
        return None if found is None else found[studentised_rows(len(self.regions))[family]]

    @cached_property
    def _all_studentised_intervals(self) -> Intervals:
        draws = self.studentised
        return None if draws is None else studentised_intervals(draws, self.sampling)

    def estimate(
        self, by_seed: Array, cases: int, interval: Interval | None, undefined: str, limits: Limits
    ) -> Estimate:
        """Average one number over seeds, and say how well cases and trainings bound it.

        Parameters
        ----------
        by_seed : float array, shape (S,)
            The number for each training seed. If it is undefined in one, it is undefined.
        cases : int
            What it is computed from.
        interval : Interval or None
            Its interval over cases alone.
        undefined : str
            Why it is undefined, where it is.
        limits : Limits
            What it can be.
        """
        values = by_seed.tolist()
        if any(map(math.isnan, values)):
            return _without_interval(None, None, self._undefined(by_seed, undefined))
        deviation = float(by_seed.std(ddof=1)) if len(values) > 1 else None
        value = float(by_seed.mean()) if len(values) > 1 else values[0]
        found = self.sampling.explain_missing(cases) or interval or NO_INTERVAL
        if found.bounds is None:
            return _without_interval(value, deviation, found.reason)
        spread = SeedSpread.of(by_seed, self.policy.confidence)
        ends = bound_ends(found, value, spread, limits, cases)
        body = _without_interval(value, deviation, ends.reason)
        body["scope"] = self.sampling.scope if ends.ci or ends.bound else None
        body["ci"] = list(ends.ci) if ends.ci else None
        if ends.bound is not None:
            body["bound"] = ends.bound
        return body

    def _undefined(self, by_seed: Array, reason: str) -> str:
        if by_seed.size == 1:
            return reason
        where = ", ".join(
            str(seed) for seed, value in zip(self.seeds, by_seed, strict=True) if np.isnan(value)
        )
        return f"{reason} (seed {where})"


def interval_at(intervals: Intervals, row: int) -> Interval | None:
    return None if intervals is None else intervals[row]


def _without_interval(value: float | None, seed_sd: float | None, reason: str | None) -> Estimate:
    return {"value": value, "ci": None, "scope": None, "seed_sd": seed_sd, "reason": reason}


def name_sides(estimates: Sequence[Estimate]) -> EstimateBySide:
    """Name the numbers of both test sets, the real one first."""
    real, synthetic = estimates
    return {"real": real, "synthetic": synthetic}
