"""T1-T5 of one table as the answer gives them: value, interval, spread over seeds and reason."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.columns import Columns
from syntrust_metrics.trust.estimation.estimator import (
    NO_CASE,
    NO_PAIR,
    ONE_CASE,
    Estimator,
    Intervals,
    interval_at,
    name_sides,
)
from syntrust_metrics.trust.estimation.intervals import (
    MIN_SEEDS_TO_DRAW,
    Interval,
    crossed_t_interval,
)
from syntrust_metrics.trust.schema.answer import Factors as FactorBodies
from syntrust_metrics.trust.schema.estimates import Estimate

Array = NDArray[np.float64]
Bounds = tuple[float, float]
NO_UPPER_BOUND: Final = "a mean Dice of resampled cases is so close to 0 that T5 has no upper bound"


def estimate_factors(estimator: Estimator) -> FactorBodies:
    """Estimate the `factors` of an answer, one for each factor, side and region."""
    names = estimator.regions
    t5 = _intervals_from_log(estimator, "t5", lambda bounds: bounds)
    return {
        "t1": name_sides(_estimate_t1(estimator)),
        "t2": name_sides(_estimate_t2(estimator)),
        "t3": dict(zip(names, _estimate_t3(estimator), strict=True)),
        "t4": dict(zip(names, _estimate_t4(estimator), strict=True)),
        "t5": {
            "real": dict(zip(names, _estimate_t5(estimator, t5, 0), strict=True)),
            "synthetic": dict(zip(names, _estimate_t5(estimator, t5, 1), strict=True)),
        },
    }


def _estimate_t1(estimator: Estimator) -> list[Estimate]:
    intervals = _intervals_of_means(
        estimator, "t1", lambda each: np.where(each.present, each.scores, np.nan)[:2]
    )
    by_seed = np.array([value.t1 for value in estimator.values])
    return [
        estimator.estimate(by_seed[:, side], estimator.cases, interval_at(intervals, side), NO_CASE)
        for side in (0, 1)
    ]


def _estimate_t4(estimator: Estimator) -> list[Estimate]:
    regions = len(estimator.regions)
    intervals = _intervals_of_means(
        estimator, "t4", lambda each: np.where(each.present[2 : 2 + regions], each.gaps, np.nan)
    )
    by_seed = np.array([value.t4 for value in estimator.values])
    return [
        estimator.estimate(by_seed[:, k], used, interval_at(intervals, k), NO_PAIR)
        for k, used in enumerate(estimator.used)
    ]


def _estimate_t2(estimator: Estimator) -> list[Estimate]:
    floor = 0.5 if estimator.policy.ddof == 0 else 0.0
    intervals = _intervals_from_log(estimator, "t2", partial(_complement, floor))
    by_seed = np.array([value.t2 for value in estimator.values])
    undefined = ONE_CASE if estimator.cases else NO_CASE
    return [
        estimator.estimate(
            by_seed[:, side], estimator.cases, interval_at(intervals, side), undefined
        )
        for side in (0, 1)
    ]


def _estimate_t3(estimator: Estimator) -> list[Estimate]:
    intervals = _intervals_from_log(estimator, "t3", partial(_complement, 0.0))
    by_seed = np.array([value.t3 for value in estimator.values])
    return [
        estimator.estimate(
            by_seed[:, k],
            used,
            interval_at(intervals, k),
            "every Dice of a side is 0" if used else NO_PAIR,
        )
        for k, used in enumerate(estimator.used)
    ]


def _estimate_t5(estimator: Estimator, intervals: Intervals, side: int) -> list[Estimate]:
    by_seed = np.array([value.t5[side] for value in estimator.values])
    return [
        estimator.estimate(
            by_seed[:, k],
            used,
            interval_at(intervals, side * len(estimator.regions) + k),
            _explain_missing_t5(estimator, side, k),
        )
        for k, used in enumerate(estimator.used)
    ]


def _explain_missing_t5(estimator: Estimator, side: int, k: int) -> str:
    if not estimator.used[k]:
        return NO_CASE
    row = 2 + side * len(estimator.regions) + k
    alive = all(each.centre[row] > 0 for each in estimator.columns)
    return ONE_CASE if alive else "the mean Dice is 0"


def _intervals_of_means(
    estimator: Estimator, family: str, per_case: Callable[[Columns], Array]
) -> Intervals:
    """Compute intervals of T1 or T4; `per_case` gives the (F, M) numbers that they average."""
    if 1 < len(estimator.seeds) < MIN_SEEDS_TO_DRAW:
        layers = np.stack([per_case(each) for each in estimator.columns], axis=1)
        return [crossed_t_interval(each, estimator.sampling) for each in layers]
    return estimator.percentile_intervals(family)


def _intervals_from_log(
    estimator: Estimator, family: str, back: Callable[[Bounds], Bounds]
) -> Intervals:
    """Compute bootstrap-t intervals; `back` undoes what was done before the logarithm."""
    found = estimator.log_intervals(family)
    if found is None:
        return None
    return [
        _undo_log(interval, back) if logarithmic else interval for interval, logarithmic in found
    ]


def _undo_log(interval: Interval, back: Callable[[Bounds], Bounds]) -> Interval:
    assert interval.bounds is not None  # noqa: S101 - on the log scale there are bounds
    low, high = back((_exp(interval.bounds[0]), _exp(interval.bounds[1])))
    if not math.isfinite(high):
        return Interval(None, None, NO_UPPER_BOUND)
    return Interval((low, high), interval.scope)


def _exp(value: float) -> float:
    """Give the exponential, infinity where it is larger than any number."""
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _complement(floor: float, bounds: Bounds) -> Bounds:
    """Turn bounds of 1 - T into bounds of T."""
    low, high = bounds
    return max(floor, 1 - high), max(floor, 1 - low)
