"""T1-T5 of one table as the answer gives them: value, interval, spread over seeds, reason."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimates import (
    NO_CASE,
    NO_PAIR,
    ONE_CASE,
    Estimator,
    Leaf,
)
from syntrust_metrics.trust.factors import case_mean
from syntrust_metrics.trust.intervals import (
    MIN_SEEDS_TO_DRAW,
    Interval,
    crossed_t,
    percentile,
    studentised,
)
from syntrust_metrics.trust.resampling import Draws
from syntrust_metrics.trust.table import SIDES

Array = NDArray[np.float64]


def factor_leaves(of: Estimator) -> dict[str, Any]:
    """`factors` of an answer: one leaf per factor, side and region."""
    names = of.regions
    t5 = of.log_draws(lambda part: part.t5)
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
    draws = of.draws(lambda part: part.t1)
    means = case_mean(of.dice)
    return [
        of.leaf(
            np.array([value.t1[side] for value in of.values]),
            of.cases,
            partial(_of_means, of, draws, side, means[:, side]),
            NO_CASE,
        )
        for side in (0, 1)
    ]


def _t4(of: Estimator) -> list[Leaf]:
    draws = of.draws(lambda part: part.t4)
    gaps = np.abs(of.dice[:, 0] - of.dice[:, 1])
    return [
        of.leaf(
            np.array([value.t4[k] for value in of.values]),
            used,
            partial(_of_means, of, draws, k, gaps[..., k]),
            NO_PAIR,
        )
        for k, used in enumerate(of.used)
    ]


def _t2(of: Estimator) -> list[Leaf]:
    draws = of.log_draws(lambda part: part.t2)
    floor = 0.5 if of.policy.ddof == 0 else 0.0
    return [
        of.leaf(
            np.array([value.t2[side] for value in of.values]),
            of.cases,
            partial(_complement, of, draws, side, floor),
            ONE_CASE if of.cases else NO_CASE,
        )
        for side in (0, 1)
    ]


def _t3(of: Estimator) -> list[Leaf]:
    draws = of.log_draws(lambda part: part.t3)
    return [
        of.leaf(
            np.array([value.t3[k] for value in of.values]),
            used,
            partial(_complement, of, draws, k, 0.0),
            "every Dice of a side is 0" if used else NO_PAIR,
        )
        for k, used in enumerate(of.used)
    ]


def _t5(of: Estimator, draws: Draws | None, side: int) -> list[Leaf]:
    return [
        of.leaf(
            np.array([value.t5[side, k] for value in of.values]),
            used,
            partial(_ratio, of, draws, side * len(of.regions) + k),
            _why_no_t5(of, side, k),
        )
        for k, used in enumerate(of.used)
    ]


def _why_no_t5(of: Estimator, side: int, k: int) -> str:
    if not of.used[k]:
        return NO_CASE
    alive = np.nansum(of.dice[:, side, :, k], axis=1) > 0
    return ONE_CASE if alive.all() else "the mean Dice is 0"


def _of_means(of: Estimator, draws: Array | None, row: int, per_case: Array) -> Interval:
    """Interval of T1 or T4: `per_case` is (S, M), what is averaged over cases."""
    if 1 < len(of.seeds) < MIN_SEEDS_TO_DRAW:
        return crossed_t(per_case, of.sampling)
    assert draws is not None  # noqa: S101 - `leaf` asks only where resamples exist
    return percentile(draws[row], of.sampling, of.sampling.scope)


def _complement(of: Estimator, draws: Draws | None, row: int, floor: float) -> Interval:
    """Interval of T2 or T3 from that of log(1 - T)."""
    interval, logarithmic = _studentised(of, draws, row)
    if interval.bounds is None or not logarithmic:
        return interval
    low, high = (1 - float(np.exp(bound)) for bound in reversed(interval.bounds))
    return Interval((max(floor, low), max(floor, high)), interval.scope)


def _ratio(of: Estimator, draws: Draws | None, row: int) -> Interval:
    """Interval of T5 from that of log T5."""
    interval, logarithmic = _studentised(of, draws, row)
    if interval.bounds is None or not logarithmic:
        return interval
    low, high = (float(np.exp(bound)) for bound in interval.bounds)
    return Interval((low, high), interval.scope)


def _studentised(of: Estimator, draws: Draws | None, row: int) -> tuple[Interval, bool]:
    assert draws is not None  # noqa: S101 - `leaf` asks only where resamples exist
    return studentised(draws, row, of.sampling, of.scope_of_draws)
