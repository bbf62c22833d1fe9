"""T1-T5 of one table as the answer gives them: value, interval, spread over seeds and reason."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from syntrust_metrics.trust.estimation.estimator import (
    NO_CASE,
    NO_PAIR,
    ONE_CASE,
    Estimator,
    interval_at,
    name_sides,
)
from syntrust_metrics.trust.estimation.intervals import MIN_CASES
from syntrust_metrics.trust.estimation.open_ends import HIGHER_IS_BETTER, LOWER_IS_BETTER, Limits
from syntrust_metrics.trust.schema.answer import Factors as FactorBodies
from syntrust_metrics.trust.schema.estimates import Estimate

Array = NDArray[np.float64]
T3_LIMITS: Final = Limits(0.0, 1.0, "low", complement=True)


def estimate_factors(estimator: Estimator) -> FactorBodies:
    """Estimate the `factors` of an answer, one for each factor, side and region."""
    names = estimator.regions
    real, synthetic = _estimate_t5(estimator)
    return {
        "t1": name_sides(_estimate_t1(estimator)),
        "t2": name_sides(_estimate_t2(estimator)),
        "t3": dict(zip(names, _estimate_t3(estimator), strict=True)),
        "t4": dict(zip(names, _estimate_t4(estimator), strict=True)),
        "t5": {
            "real": dict(zip(names, real, strict=True)),
            "synthetic": dict(zip(names, synthetic, strict=True)),
        },
    }


def _estimate_t1(estimator: Estimator) -> list[Estimate]:
    intervals = estimator.studentised_intervals("t1")
    by_seed = np.array([value.t1 for value in estimator.values])
    return [
        estimator.estimate(
            by_seed[:, side],
            estimator.cases,
            interval_at(intervals, side),
            NO_CASE,
            HIGHER_IS_BETTER,
        )
        for side in (0, 1)
    ]


def _estimate_t4(estimator: Estimator) -> list[Estimate]:
    intervals = estimator.studentised_intervals("t4")
    by_seed = np.array([value.t4 for value in estimator.values])
    return [
        estimator.estimate(by_seed[:, k], used, interval_at(intervals, k), NO_PAIR, LOWER_IS_BETTER)
        for k, used in enumerate(estimator.used)
    ]


def _estimate_t2(estimator: Estimator) -> list[Estimate]:
    intervals = estimator.studentised_intervals("t2")
    by_seed = np.array([value.t2 for value in estimator.values])
    undefined = ONE_CASE if estimator.cases else NO_CASE
    widest = 0.5 * _inflate(estimator.cases, estimator.policy.ddof)
    limits = Limits(1 - widest, 1.0, "low", complement=True)
    return [
        estimator.estimate(
            by_seed[:, side], estimator.cases, interval_at(intervals, side), undefined, limits
        )
        for side in (0, 1)
    ]


def _estimate_t3(estimator: Estimator) -> list[Estimate]:
    intervals = estimator.studentised_intervals("t3")
    by_seed = np.array([value.t3 for value in estimator.values])
    return [
        estimator.estimate(
            by_seed[:, k],
            used,
            interval_at(intervals, k),
            "every Dice of a side is 0" if used else NO_PAIR,
            T3_LIMITS,
        )
        for k, used in enumerate(estimator.used)
    ]


def _estimate_t5(estimator: Estimator) -> list[list[Estimate]]:
    """Estimate T5 of each region, on the real and on the synthetic side."""
    intervals, caps = estimator.studentised_intervals("t5"), _cap_t5(estimator)
    by_seed = np.array([value.t5 for value in estimator.values])
    regions = len(estimator.regions)
    return [
        [
            estimator.estimate(
                by_seed[:, side, k],
                used,
                interval_at(intervals, side * regions + k),
                _explain_missing_t5(estimator, side, k),
                _limit_t5(estimator, used, caps[side, k]),
            )
            for k, used in enumerate(estimator.used)
        ]
        for side in (0, 1)
    ]


def _limit_t5(estimator: Estimator, cases: int, cap: float) -> Limits:
    """Of Dice in [0, 1] a sample's T5 is at most that of one case above 0."""
    ddof = estimator.policy.ddof
    largest = math.sqrt(max(cases - 1, 0)) * _inflate(cases, ddof)
    return Limits(0.0, largest, "high", float(cap))


def _cap_t5(estimator: Estimator) -> Array:
    r"""Cap the upper ends of T5, (2, K), by what Dice in [0, 1] can spread about their mean.

    It is :math:`\sqrt{(1-m)/m}` with :math:`m` the lower t limit of the region's mean, of the
    training seed where that is lowest; infinite where that limit is 0 or less.
    """
    regions = len(estimator.regions)
    if min(estimator.used, default=0) < MIN_CASES:
        return np.full((2, regions), np.inf)
    caps = [_cap_of_seed(estimator, seed) for seed in range(len(estimator.seeds))]
    widest: Array = np.max(caps, axis=0).reshape(2, regions)
    return widest


def _cap_of_seed(estimator: Estimator, seed: int) -> Array:
    columns, ddof = estimator.columns[seed], estimator.policy.ddof
    cases = columns.cases[2:]
    quantile = stdtrit(cases - 1, (1 + estimator.policy.confidence) / 2)
    lowest = columns.centre[2:] - quantile * np.sqrt(columns.variance[2:] / (cases - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        caps = np.sqrt((1 - lowest) / lowest) * np.sqrt(cases / (cases - ddof))
    return np.where(lowest > 0, caps, np.inf)


def _inflate(cases: int, ddof: int) -> float:
    """By what a standard deviation with `ddof` exceeds that of the population."""
    return math.sqrt(cases / (cases - ddof)) if cases > ddof else 1.0


def _explain_missing_t5(estimator: Estimator, side: int, k: int) -> str:
    if not estimator.used[k]:
        return NO_CASE
    row = 2 + side * len(estimator.regions) + k
    alive = all(each.centre[row] > 0 for each in estimator.columns)
    return ONE_CASE if alive else "the mean Dice is 0"
