"""The `companions` of an answer: what must be read together with T2-T5."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.companions import Companions
from syntrust_metrics.trust.estimation.estimator import (
    CONDITIONAL,
    NO_CASE,
    NO_PAIR,
    Estimate,
    Estimator,
    interval_at,
)
from syntrust_metrics.trust.estimation.intervals import Interval, seminorm_interval
from syntrust_metrics.trust.request.rows import SIDES

Array = NDArray[np.float64]
NO_SPREAD: Final = "a side has no spread"


def estimate_companions(estimator: Estimator) -> dict[str, Any]:
    """Estimate the companions, averaged over seeds, with percentile intervals over cases."""
    return {
        "t2_regions": dict(zip(SIDES, _estimate_t2_regions(estimator), strict=True)),
        "t2_within": dict(
            zip(
                SIDES,
                _estimates(estimator, "t2_within", (estimator.cases,) * 2, NO_CASE),
                strict=True,
            )
        ),
        "t3": _join_by_region(
            estimator,
            correlation=_estimates(estimator, "correlation", estimator.used, NO_SPREAD),
            concordance=_estimates(estimator, "concordance", estimator.used, NO_PAIR),
            shuffled=_average_numbers(estimator, lambda each: each.t3_shuffled),
        ),
        "t4": _join_by_region(
            estimator,
            bias=_estimates(estimator, "bias", estimator.used, NO_PAIR),
            limits=_average_numbers(estimator, lambda each: each.limits),
            shuffled=_average_numbers(estimator, lambda each: each.t4_shuffled),
        ),
        "t5": {side: _describe_moments(estimator, index) for index, side in enumerate(SIDES)},
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
        )
        for side in (0, 1)
    ]


def _t2_regions_interval(estimator: Estimator, by_seed: Array, mean_shift: Array) -> Interval:
    found = seminorm_interval(
        1 - float(by_seed.mean()), mean_shift, estimator.sampling, CONDITIONAL
    )
    if found.bounds is None:
        return found
    low, high = found.bounds
    return Interval((1 - high, 1 - low), found.scope)


def _estimates(
    estimator: Estimator, name: str, cases: tuple[int, ...], undefined: str
) -> list[Estimate]:
    """Estimate a field that models and their resamples share, one for each entry of `cases`."""
    intervals = estimator.percentile_intervals(name)
    by_seed = np.array([getattr(each, name) for each in estimator.companions])
    return [
        estimator.estimate(
            by_seed[:, row], used, interval_at(intervals, row), undefined if used else NO_PAIR
        )
        for row, used in enumerate(cases)
    ]


def _describe_moments(estimator: Estimator, side: int) -> dict[str, Any]:
    return _join_by_region(
        estimator,
        mean=_average_numbers(estimator, lambda each: each.mean[side]),
        sd=_average_numbers(estimator, lambda each: each.sd[side]),
        iqr=_average_numbers(estimator, lambda each: each.iqr[side]),
    )


def _average_numbers(estimator: Estimator, take: Callable[[Companions], Array]) -> list[Any]:
    """Give numbers without an interval, averaged over seeds; null where one is undefined."""
    rows = np.array([take(each) for each in estimator.companions])
    averages = rows[0] if len(rows) == 1 else rows.mean(axis=0)
    values: list[Any] = averages.tolist()
    undefined = np.isnan(averages)
    if not undefined.any():
        return values
    pairs = zip(values, undefined, strict=True)
    return [None if missing.any() else each for each, missing in pairs]


def _join_by_region(estimator: Estimator, **columns: list[Any]) -> dict[str, Any]:
    rows = zip(*columns.values(), strict=True)
    return {
        region: dict(zip(columns, row, strict=True))
        for region, row in zip(estimator.regions, rows, strict=True)
    }
