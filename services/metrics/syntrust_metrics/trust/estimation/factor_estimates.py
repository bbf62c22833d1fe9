"""T1-T5 of one table as the answer gives them: value, interval, spread over seeds, reason."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.columns import Columns
from syntrust_metrics.trust.estimation.estimator import (
    NO_CASE,
    NO_PAIR,
    ONE_CASE,
    Estimator,
    Intervals,
    Leaf,
    at,
)
from syntrust_metrics.trust.estimation.intervals import MIN_SEEDS_TO_DRAW, Interval, crossed_t
from syntrust_metrics.trust.request.rows import SIDES

Array = NDArray[np.float64]
Bounds = tuple[float, float]


def factor_leaves(of: Estimator) -> dict[str, Any]:
    """`factors` of an answer: one leaf per factor, side and region."""
    names = of.regions
    t5 = _on_log_scale(of, "t5", lambda bounds: bounds)
    return {
        "t1": dict(zip(SIDES, _t1(of), strict=True)),
        "t2": dict(zip(SIDES, _t2(of), strict=True)),
        "t3": dict(zip(names, _t3(of), strict=True)),
        "t4": dict(zip(names, _t4(of), strict=True)),
        "t5": {
            side: dict(zip(names, _t5(of, t5, index), strict=True))
            for index, side in enumerate(SIDES)
        },
    }


def _t1(of: Estimator) -> list[Leaf]:
    intervals = _of_means(of, "t1", lambda each: np.where(each.present, each.scores, np.nan)[:2])
    by_seed = np.array([value.t1 for value in of.values])
    return [of.leaf(by_seed[:, side], of.cases, at(intervals, side), NO_CASE) for side in (0, 1)]


def _t4(of: Estimator) -> list[Leaf]:
    regions = len(of.regions)
    intervals = _of_means(
        of, "t4", lambda each: np.where(each.present[2 : 2 + regions], each.gaps, np.nan)
    )
    by_seed = np.array([value.t4 for value in of.values])
    return [
        of.leaf(by_seed[:, k], used, at(intervals, k), NO_PAIR) for k, used in enumerate(of.used)
    ]


def _t2(of: Estimator) -> list[Leaf]:
    floor = 0.5 if of.policy.ddof == 0 else 0.0
    intervals = _on_log_scale(of, "t2", partial(_complement, floor))
    by_seed = np.array([value.t2 for value in of.values])
    undefined = ONE_CASE if of.cases else NO_CASE
    return [of.leaf(by_seed[:, side], of.cases, at(intervals, side), undefined) for side in (0, 1)]


def _t3(of: Estimator) -> list[Leaf]:
    intervals = _on_log_scale(of, "t3", partial(_complement, 0.0))
    by_seed = np.array([value.t3 for value in of.values])
    return [
        of.leaf(
            by_seed[:, k],
            used,
            at(intervals, k),
            "every Dice of a side is 0" if used else NO_PAIR,
        )
        for k, used in enumerate(of.used)
    ]


def _t5(of: Estimator, intervals: Intervals, side: int) -> list[Leaf]:
    by_seed = np.array([value.t5[side] for value in of.values])
    return [
        of.leaf(
            by_seed[:, k],
            used,
            at(intervals, side * len(of.regions) + k),
            _why_no_t5(of, side, k),
        )
        for k, used in enumerate(of.used)
    ]


def _why_no_t5(of: Estimator, side: int, k: int) -> str:
    if not of.used[k]:
        return NO_CASE
    row = 2 + side * len(of.regions) + k
    alive = all(each.centre[row] > 0 for each in of.columns)
    return ONE_CASE if alive else "the mean Dice is 0"


def _of_means(of: Estimator, family: str, per_case: Callable[[Columns], Array]) -> Intervals:
    """Intervals of T1 or T4: `per_case` gives (F, M), what is averaged over cases."""
    if 1 < len(of.seeds) < MIN_SEEDS_TO_DRAW:
        layers = np.stack([per_case(each) for each in of.columns], axis=1)
        return [crossed_t(each, of.sampling) for each in layers]
    return of.percentiles(family)


def _on_log_scale(of: Estimator, family: str, back: Callable[[Bounds], Bounds]) -> Intervals:
    """Bootstrap-t intervals of one family; `back` undoes what was done before the logarithm."""
    found = of.on_log_scale(family)
    if found is None:
        return None
    return [_back(interval, back) if logarithmic else interval for interval, logarithmic in found]


def _back(interval: Interval, back: Callable[[Bounds], Bounds]) -> Interval:
    assert interval.bounds is not None  # noqa: S101 - on the log scale there are bounds
    low, high = interval.bounds
    return Interval(back((math.exp(low), math.exp(high))), interval.scope)


def _complement(floor: float, bounds: Bounds) -> Bounds:
    """From 1 - T to T."""
    low, high = bounds
    return max(floor, 1 - high), max(floor, 1 - low)
