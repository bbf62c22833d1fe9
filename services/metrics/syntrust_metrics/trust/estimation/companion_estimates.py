"""`companions` of an answer: what must be read beside T2-T5."""

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
    Estimator,
    Leaf,
    at,
)
from syntrust_metrics.trust.estimation.intervals import Interval, around
from syntrust_metrics.trust.request.rows import SIDES

Array = NDArray[np.float64]
NO_SPREAD: Final = "a side has no spread"


def companion_leaves(of: Estimator) -> dict[str, Any]:
    """Assemble the companions: averaged over seeds, intervals by percentile over cases."""
    return {
        "t2_regions": dict(zip(SIDES, _spread_of_regions(of), strict=True)),
        "t2_within": dict(
            zip(SIDES, _leaves(of, "t2_within", (of.cases,) * 2, NO_CASE), strict=True)
        ),
        "t3": _join(
            of,
            correlation=_leaves(of, "correlation", of.used, NO_SPREAD),
            concordance=_leaves(of, "concordance", of.used, NO_PAIR),
            shuffled=_plain(of, lambda each: each.t3_shuffled),
        ),
        "t4": _join(
            of,
            bias=_leaves(of, "bias", of.used, NO_PAIR),
            limits=_plain(of, lambda each: each.limits),
            shuffled=_plain(of, lambda each: each.t4_shuffled),
        ),
        "t5": {side: _moments(of, index) for index, side in enumerate(SIDES)},
    }


def _spread_of_regions(of: Estimator) -> list[Leaf]:
    reach = of.draws(lambda part: part.reach)
    by_seed = np.array([each.t2_regions for each in of.companions])
    return [
        of.leaf(
            by_seed[:, side],
            min(of.used),
            None if reach is None else _around(of, by_seed[:, side], reach[side]),
            NO_PAIR,
        )
        for side in (0, 1)
    ]


def _around(of: Estimator, by_seed: Array, reach: Array) -> Interval:
    found = around(1 - float(by_seed.mean()), reach, of.sampling, CONDITIONAL)
    if found.bounds is None:
        return found
    low, high = found.bounds
    return Interval((1 - high, 1 - low), found.scope)


def _leaves(of: Estimator, name: str, cases: tuple[int, ...], undefined: str) -> list[Leaf]:
    """Leaves of a field that models and their resamples share, one for each entry of `cases`."""
    intervals = of.percentiles(name)
    by_seed = np.array([getattr(each, name) for each in of.companions])
    return [
        of.leaf(by_seed[:, row], used, at(intervals, row), undefined if used else NO_PAIR)
        for row, used in enumerate(cases)
    ]


def _moments(of: Estimator, side: int) -> dict[str, Any]:
    return _join(
        of,
        mean=_plain(of, lambda each: each.mean[side]),
        sd=_plain(of, lambda each: each.sd[side]),
        iqr=_plain(of, lambda each: each.iqr[side]),
    )


def _plain(of: Estimator, take: Callable[[Companions], Array]) -> list[Any]:
    """Give numbers without an interval, averaged over seeds; null where one is undefined."""
    rows = np.array([take(each) for each in of.companions])
    averages = rows[0] if len(rows) == 1 else rows.mean(axis=0)
    values: list[Any] = averages.tolist()
    undefined = np.isnan(averages)
    if not undefined.any():
        return values
    pairs = zip(values, undefined, strict=True)
    return [None if missing.any() else each for each, missing in pairs]


def _join(of: Estimator, **columns: list[Any]) -> dict[str, Any]:
    rows = zip(*columns.values(), strict=True)
    return {
        region: dict(zip(columns, row, strict=True))
        for region, row in zip(of.regions, rows, strict=True)
    }
