"""The curve over α: where T1 of both test sets meet, and which trends the seeds support."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.estimator import NO_CASE
from syntrust_metrics.trust.estimation.intervals import Interval, percentile_interval
from syntrust_metrics.trust.estimation.open_ends import SIGNED
from syntrust_metrics.trust.estimation.seeds import SeedSpread
from syntrust_metrics.trust.inference.alpha_sweep import (
    CasesByAlpha,
    Quantity,
    Sweep,
    read_sweep,
    t1,
    t3,
    t4,
)
from syntrust_metrics.trust.inference.trend import (
    Crossing,
    decide_trend,
    find_crossings,
    find_lowest,
)
from syntrust_metrics.trust.schema.estimates import Estimate, IntervalEstimate
from syntrust_metrics.trust.schema.inference import AlphaCurve, Trend, Trends
from syntrust_metrics.trust.serialization import round_numbers

Array = NDArray[np.float64]
REAL, SYNTHETIC = 0, 1
GAP = t1(REAL) - t1(SYNTHETIC)


def describe_alpha_curve(
    cases_by_alpha: CasesByAlpha, policy: Mapping[str, object] | None = None
) -> AlphaCurve:
    """Describe an experiment over α.

    Parameters
    ----------
    cases_by_alpha : mapping of float to list
        α to the `cases` of a `/trust-score` request, all seeds together. Every α has the same ids,
        seeds and regions.
    policy : mapping, optional
        As in a request. Absent fields take their defaults.

    Returns
    -------
    AlphaCurve
        `difference` is the estimate of D(α) = T1_R - T1_S, the
        mean over seeds. `alpha_star` has a value where D changes sign exactly once, by linear
        interpolation, and an interval over cases where that is so in 95 % of the resamples; else
        the reason is `no crossing` or `several crossings`. T and its rules are those of
        `decide_trend`.

    Raises
    ------
    InvalidScores
        If cases cannot be used, or α differ in ids, seeds or regions.
    """
    sweep = read_sweep(cases_by_alpha, policy)
    alphas = np.array(sweep.alphas)
    gaps = sweep.by_seed(GAP).mean(axis=1)
    found = [] if np.isnan(gaps).any() else find_crossings(alphas, gaps)
    body: AlphaCurve = {
        "seeds": sweep.seeds,
        "points": [
            {"alpha": alpha, "difference": _estimate_gap(sweep, i)}
            for i, alpha in enumerate(sweep.alphas)
        ],
        "crossings": [each.as_body() for each in found],
        "alpha_star": _find_alpha_star(sweep, found),
        "trend": _describe_trends(sweep),
        "lowest_t4": {
            region: find_lowest(alphas, sweep.by_seed(t4(k)), sweep.policy.confidence)
            for k, region in enumerate(sweep.regions)
        },
    }
    return round_numbers(body)


def trend_over_alpha(sweep: Sweep, quantity: Quantity) -> Trend:
    return decide_trend(np.array(sweep.alphas), sweep.by_seed(quantity), sweep.policy.confidence)


def _describe_trends(sweep: Sweep) -> Trends:
    regions = list(enumerate(sweep.regions))
    return {
        "difference": trend_over_alpha(sweep, GAP),
        "t1": {
            "real": trend_over_alpha(sweep, t1(REAL)),
            "synthetic": trend_over_alpha(sweep, t1(SYNTHETIC)),
        },
        "t3": {region: trend_over_alpha(sweep, t3(k)) for k, region in regions},
        "t4": {region: trend_over_alpha(sweep, t4(k)) for k, region in regions},
    }


def _estimate_gap(sweep: Sweep, index: int) -> Estimate:
    estimator = sweep.estimators[index]
    interval = sweep.interval_over_cases(index, GAP)
    by_seed = sweep.by_seed(GAP)[index]
    return estimator.estimate(by_seed, estimator.cases, interval, NO_CASE, SIGNED)


def _find_alpha_star(sweep: Sweep, found: Sequence[Crossing]) -> IntervalEstimate:
    if len(found) != 1:
        reason = "several crossings" if found else "no crossing"
        return {"value": None, "ci": None, "scope": None, "reason": reason}
    interval = _interval_of_alpha_star(sweep, found[0].alpha)
    return {
        "value": found[0].alpha,
        "ci": list(interval.bounds) if interval.bounds else None,
        "scope": sweep.estimators[0].sampling.scope if interval.bounds else None,
        "reason": interval.reason,
    }


def _interval_of_alpha_star(sweep: Sweep, value: float) -> Interval:
    """Compute the percentile interval over the resamples that cross exactly once.

    Several trainings widen it by the spread of their own α*, which each of them needs.
    """
    first = sweep.estimators[0]
    if refused := first.sampling.explain_missing(sweep.cases):
        return refused
    draws = np.array([sweep.draws(i, GAP) for i in range(len(sweep.alphas))], dtype=np.float64)
    alphas = np.array(sweep.alphas)
    found = percentile_interval(_find_single_crossings(alphas, draws), first.sampling)
    by_seed = _find_single_crossings(alphas, sweep.by_seed(GAP))
    if found.bounds is None or sweep.seeds == 1:
        return found
    if np.isnan(by_seed).any():
        return Interval(None, "not every training crosses once")
    low, high = SeedSpread.of(by_seed, sweep.policy.confidence).widen(found.bounds, value)
    return Interval((max(float(alphas[0]), low), min(float(alphas[-1]), high)))


def _find_single_crossings(alphas: Array, draws: Array) -> Array:
    """Find the only crossing of each column, (A, N) to (N,); else NaN."""
    changes = (draws[:-1] > 0) != (draws[1:] > 0)
    with np.errstate(all="ignore"):
        step = draws[:-1] / (draws[:-1] - draws[1:])
    places = alphas[:-1, None] + step * np.diff(alphas)[:, None]
    single = np.where(changes, places, 0.0).sum(axis=0)
    usable = (changes.sum(axis=0) == 1) & ~np.isnan(draws).any(axis=0)
    return np.where(usable, single, np.nan)
