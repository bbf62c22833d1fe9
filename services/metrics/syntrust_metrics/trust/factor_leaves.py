"""T1-T5 of one table as the answer gives them: value, interval, spread over seeds, reason."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimates import (
    NO_CASE,
    NO_PAIR,
    ONE_CASE,
    Estimator,
    Intervals,
    Leaf,
    at,
)
from syntrust_metrics.trust.factors import case_mean
from syntrust_metrics.trust.intervals import (
    MIN_SEEDS_TO_DRAW,
    Interval,
    crossed_t,
    studentised,
)
from syntrust_metrics.trust.resampling import Draws, Resampled
from syntrust_metrics.trust.rows import SIDES

Array = NDArray[np.float64]
Bounds = tuple[float, float]


def factor_leaves(of: Estimator) -> dict[str, Any]:
    """`factors` of an answer: one leaf per factor, side and region."""
    names = of.regions
    t5 = _on_log_scale(of, lambda part: part.t5, lambda bounds: bounds)
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
    intervals = _of_means(of, lambda part: part.t1, case_mean(of.dice).transpose(1, 0, 2))
    return [
        of.leaf(
            np.array([value.t1[side] for value in of.values]),
            of.cases,
            at(intervals, side),
            NO_CASE,
        )
        for side in (0, 1)
    ]


def _t4(of: Estimator) -> list[Leaf]:
    gaps = np.abs(of.dice[:, 0] - of.dice[:, 1])
    intervals = _of_means(of, lambda part: part.t4, gaps.transpose(2, 0, 1))
    return [
        of.leaf(np.array([value.t4[k] for value in of.values]), used, at(intervals, k), NO_PAIR)
        for k, used in enumerate(of.used)
    ]


def _t2(of: Estimator) -> list[Leaf]:
    floor = 0.5 if of.policy.ddof == 0 else 0.0
    intervals = _on_log_scale(of, lambda part: part.t2, partial(_complement, floor))
    return [
        of.leaf(
            np.array([value.t2[side] for value in of.values]),
            of.cases,
            at(intervals, side),
            ONE_CASE if of.cases else NO_CASE,
        )
        for side in (0, 1)
    ]


def _t3(of: Estimator) -> list[Leaf]:
    intervals = _on_log_scale(of, lambda part: part.t3, partial(_complement, 0.0))
    return [
        of.leaf(
            np.array([value.t3[k] for value in of.values]),
            used,
            at(intervals, k),
            "every Dice of a side is 0" if used else NO_PAIR,
        )
        for k, used in enumerate(of.used)
    ]


def _t5(of: Estimator, intervals: Intervals, side: int) -> list[Leaf]:
    return [
        of.leaf(
            np.array([value.t5[side, k] for value in of.values]),
            used,
            at(intervals, side * len(of.regions) + k),
            _why_no_t5(of, side, k),
        )
        for k, used in enumerate(of.used)
    ]


def _why_no_t5(of: Estimator, side: int, k: int) -> str:
    if not of.used[k]:
        return NO_CASE
    alive = np.nansum(of.dice[:, side, :, k], axis=1) > 0
    return ONE_CASE if alive.all() else "the mean Dice is 0"


def _of_means(of: Estimator, take: Callable[[Resampled], Array], per_case: Array) -> Intervals:
    """Intervals of T1 or T4: `per_case` is (F, S, M), what is averaged over cases."""
    if 1 < len(of.seeds) < MIN_SEEDS_TO_DRAW:
        return [crossed_t(each, of.sampling) for each in per_case]
    return of.percentiles(take, of.sampling.scope)


def _on_log_scale(
    of: Estimator, take: Callable[[Resampled], Draws], back: Callable[[Bounds], Bounds]
) -> Intervals:
    """Bootstrap-t intervals of one family; `back` undoes what was done before the logarithm."""
    draws = of.log_draws(take)
    if draws is None:
        return None
    found = studentised(draws, of.sampling, of.scope_of_draws)
    return [_back(interval, back) if logarithmic else interval for interval, logarithmic in found]


def _back(interval: Interval, back: Callable[[Bounds], Bounds]) -> Interval:
    assert interval.bounds is not None  # noqa: S101 - on the log scale there are bounds
    low, high = interval.bounds
    return Interval(back((math.exp(low), math.exp(high))), interval.scope)


def _complement(floor: float, bounds: Bounds) -> Bounds:
    """From 1 - T to T."""
    low, high = bounds
    return max(floor, 1 - high), max(floor, 1 - low)
