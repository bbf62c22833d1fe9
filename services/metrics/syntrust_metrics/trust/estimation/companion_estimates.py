"""The `companions` of an answer: what must be read together with T2-T5."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.companions import Companions
from syntrust_metrics.trust.estimation.estimator import (
    NO_CASE,
    NO_PAIR,
    Estimator,
    interval_at,
    name_sides,
)
from syntrust_metrics.trust.estimation.intervals import Interval, seminorm_interval
from syntrust_metrics.trust.estimation.open_ends import SIGNED, Limits
from syntrust_metrics.trust.schema.answer import Agreement, Difference, Moments
from syntrust_metrics.trust.schema.answer import Companions as CompanionBodies
from syntrust_metrics.trust.schema.estimates import Estimate

Array = NDArray[np.float64]
NO_SPREAD: Final = "a side has no spread"
CONSISTENCY: Final = Limits(0.5, 1.0, "low")


def estimate_companions(estimator: Estimator) -> CompanionBodies:
    """Estimate the companions, averaged over seeds, with percentile intervals."""
    t2_within = _estimates(estimator, "t2_within", (estimator.cases,) * 2, NO_CASE, CONSISTENCY)
    return {
        "t2_regions": name_sides(_estimate_t2_regions(estimator)),
        "t2_within": name_sides(t2_within),
        "t3": _estimate_agreement(estimator),
        "t4": _estimate_difference(estimator),
        "t5": {
            "real": _describe_moments(estimator, 0),
            "synthetic": _describe_moments(estimator, 1),
        },
    }


def _estimate_agreement(estimator: Estimator) -> dict[str, Agreement]:
    rows = zip(
        estimator.regions,
        _estimates(estimator, "correlation", estimator.used, NO_SPREAD),
        _estimates(estimator, "concordance", estimator.used, NO_PAIR),
        _average_numbers(estimator, lambda each: each.t3_shuffled),
        strict=True,
    )
    return {
        region: {"correlation": correlation, "concordance": concordance, "shuffled": shuffled}
        for region, correlation, concordance, shuffled in rows
    }


def _estimate_difference(estimator: Estimator) -> dict[str, Difference]:
    rows = zip(
        estimator.regions,
        _estimates(estimator, "bias", estimator.used, NO_PAIR),
        _average_limits(estimator),
        _average_numbers(estimator, lambda each: each.t4_shuffled),
        strict=True,
    )
    return {
        region: {"bias": bias, "limits": limits, "shuffled": shuffled}
        for region, bias, limits, shuffled in rows
    }


def _estimate_t2_regions(estimator: Estimator) -> list[Estimate]:
    mean_shift = estimator.draws(lambda part: part.mean_shift)
    by_seed = np.array([each.t2_regions for each in estimator.companions])
    return [
        estimator.estimate(
            by_seed[:, side],
            min(estimator.used),
            None
            if mean_shift is None
            else _t2_regions_interval(estimator, by_seed[:, side], mean_shift[side]),
            NO_PAIR,
            CONSISTENCY,
        )
        for side in (0, 1)
    ]


def _t2_regions_interval(estimator: Estimator, by_seed: Array, mean_shift: Array) -> Interval:
    found = seminorm_interval(1 - float(by_seed.mean()), mean_shift, estimator.sampling)
    if found.bounds is None:
        return found
    low, high = found.bounds
    return Interval((1 - high, 1 - low))


def _estimates(
    estimator: Estimator,
    name: str,
    cases: tuple[int, ...],
    undefined: str,
    limits: Limits = SIGNED,
) -> list[Estimate]:
    """Estimate a field that models and their resamples share, one for each entry of `cases`."""
    intervals = estimator.percentile_intervals(name)
    by_seed = np.array([getattr(each, name) for each in estimator.companions])
    return [
        estimator.estimate(
            by_seed[:, row],
            used,
            interval_at(intervals, row),
            undefined if used else NO_PAIR,
            limits,
        )
        for row, used in enumerate(cases)
    ]


def _describe_moments(estimator: Estimator, side: int) -> dict[str, Moments]:
    rows = zip(
        estimator.regions,
        _average_numbers(estimator, lambda each: each.mean[side]),
        _average_numbers(estimator, lambda each: each.sd[side]),
        _average_numbers(estimator, lambda each: each.iqr[side]),
        strict=True,
    )
    return {region: {"mean": mean, "sd": sd, "iqr": iqr} for region, mean, sd, iqr in rows}


def _average_numbers(
    estimator: Estimator, take: Callable[[Companions], Array]
) -> list[float | None]:
    """Give numbers without an interval, (K,), averaged over seeds; null where undefined."""
    values: list[float] = _average(estimator, take).tolist()
    return [None if math.isnan(value) else value for value in values]


def _average_limits(estimator: Estimator) -> list[list[float] | None]:
    """Give the limits of agreement, (K, 2), averaged over seeds; null where undefined."""
    averages: list[list[float]] = _average(estimator, lambda each: each.limits).tolist()
    return [None if any(map(math.isnan, limits)) else limits for limits in averages]


def _average(estimator: Estimator, take: Callable[[Companions], Array]) -> Array:
    rows = np.array([take(each) for each in estimator.companions])
    averages: Array = rows[0] if len(rows) == 1 else rows.mean(axis=0)
    return averages
