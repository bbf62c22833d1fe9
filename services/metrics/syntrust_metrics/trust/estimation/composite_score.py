r"""The score `syntrust/1`: one number for callers who ask for one; it is never given alone.

.. math:: 100 \, (s_0 s_1 s_2 s_3 s_4 s_5)^{1/6}

with :math:`s_0 = \min(T1_R, T1_S)`, :math:`s_1 = \max(0, 1 - |T1_R - T1_S| / 0.2)`,
:math:`s_2 = 2 \min(T2_R, T2_S) - 1` clipped to [0, 1], :math:`s_3` the mean over regions of
:math:`\max(0, \text{Lin's concordance})`, :math:`s_4 = \max(0, 1 - \overline{T4} / 0.5)` and
:math:`s_5 = 1 - \min(1, \overline{|T5_R - T5_S|})`. It is ours and no part of the paper.

With several training seeds the parts are those of the factors averaged over seeds, so that anyone
can compute them from the factors and companions of the same answer. Gaps of opposite sign in two
seeds then cancel in s1 and s5, as they do in T1 and T5; `seed_sd` of the factors shows them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.estimator import Estimator
from syntrust_metrics.trust.estimation.intervals import Interval, percentile_interval
from syntrust_metrics.trust.estimation.open_ends import Ends, Limits, bound_ends
from syntrust_metrics.trust.estimation.resampled import plain_rows, studentised_rows
from syntrust_metrics.trust.estimation.seeds import SeedSpread
from syntrust_metrics.trust.schema.answer import (
    Companions,
    Factors,
    Score,
    ScoreDefinition,
    ScorePart,
)
from syntrust_metrics.trust.schema.estimates import Estimate

Array = NDArray[np.float64]
SCORE_DEFINITION: Final[ScoreDefinition] = "syntrust/1"
PARTS: Final[tuple[ScorePart, ...]] = ("s0", "s1", "s2", "s3", "s4", "s5")
WORST_GAP: Final = 0.2
WORST_T4: Final = 0.5
LIMITS: Final = Limits(0.0, 100.0, "low")


def compute_parts(t1: Array, t2: Array, concordance: Array, t4: Array, t5: Array) -> Array:
    """Compute the six parts, each in [0, 1]; higher is better.

    Parameters
    ----------
    t1, t2 : float array, shape (2, ...)
        Of the real and of the synthetic side.
    concordance, t4 : float array, shape (K, ...)
        Of each region.
    t5 : float array, shape (2, K, ...)
        Of each side and region.

    Returns
    -------
    float array, shape (6, ...)
        NaN where a number that the part needs is NaN.
    """
    return np.stack(
        [
            np.minimum(*t1),
            np.maximum(0.0, 1 - np.abs(t1[0] - t1[1]) / WORST_GAP),
            np.clip(2 * np.minimum(*t2) - 1, 0.0, 1.0),
            np.maximum(0.0, concordance).mean(axis=0),
            np.maximum(0.0, 1 - t4.mean(axis=0) / WORST_T4),
            1 - np.minimum(1.0, np.abs(t5[0] - t5[1]).mean(axis=0)),
        ]
    )


def join_parts(parts: Array) -> Array:
    """Join parts (6, ...) to a score in [0, 100]; NaN where a part is NaN."""
    whole: Array = 100 * np.prod(parts, axis=0) ** (1 / len(PARTS))
    return whole


def compute_score(estimator: Estimator, factors: Factors, companions: Companions) -> Score:
    """Compute the `score` of an answer from its own factors and companions.

    The interval is the percentile interval over resamples, widened by the spread of the score over
    training seeds. A resample in which a part is undefined is left out, as everywhere.
    """
    estimates = _collect_estimates(factors, companions)
    t1, t2, concordance, t4, t5 = map(_values, estimates)
    parts = compute_parts(t1, t2, concordance, t4, t5.reshape(2, -1))
    body = _start_score(parts)
    if np.isnan(parts).any():
        undefined = (each for each in chain(*estimates) if each["value"] is None)
        body["reason"] = next(undefined)["reason"]
        return body
    least = min(estimator.cases, *estimator.used)
    found = estimator.sampling.explain_missing(least) or _interval(estimator)
    value = float(join_parts(parts))
    body["value"] = value
    body["weakest"] = PARTS[int(parts.argmin())]
    by_seed = _score_seeds(estimator) if len(estimator.seeds) > 1 else np.array([value])
    body["seed_sd"] = float(by_seed.std(ddof=1)) if by_seed.size > 1 else None
    body["reason"] = found.reason
    if found.bounds is not None:
        spread = SeedSpread.of(by_seed, estimator.policy.confidence)
        ends = bound_ends(found, value, spread, LIMITS, least)
        body["scope"] = estimator.sampling.scope if ends.ci or ends.bound else None
        _add_ends(body, ends)
    return body


def _add_ends(body: Score, ends: Ends) -> None:
    body["ci"], body["reason"] = list(ends.ci) if ends.ci else None, ends.reason
    if ends.bound is not None:
        body["bound"] = ends.bound


def _start_score(parts: Array) -> Score:
    """Give the score with its parts alone."""
    return {
        "definition": SCORE_DEFINITION,
        "parts": {
            name: None if math.isnan(part) else part
            for name, part in zip(PARTS, parts.tolist(), strict=True)
        },
        "value": None,
        "ci": None,
        "scope": None,
        "seed_sd": None,
        "weakest": None,
        "reason": None,
    }


def _collect_estimates(factors: Factors, companions: Companions) -> list[list[Estimate]]:
    """Collect the estimates that make the score, in the order of `compute_parts`."""
    t1, t2, t5 = factors["t1"], factors["t2"], factors["t5"]
    return [
        [t1["real"], t1["synthetic"]],
        [t2["real"], t2["synthetic"]],
        [region["concordance"] for region in companions["t3"].values()],
        list(factors["t4"].values()),
        [*t5["real"].values(), *t5["synthetic"].values()],
    ]


def _values(estimates: Sequence[Estimate]) -> Array:
    """Give the values, (N,); NaN where undefined."""
    return np.array([estimate["value"] for estimate in estimates], dtype=np.float64)


def _interval(estimator: Estimator) -> Interval:
    plain, studentised = estimator.plain, estimator.studentised
    assert plain is not None  # noqa: S101 - asked only where resamples exist
    assert studentised is not None  # noqa: S101
    rows = plain_rows(len(estimator.regions))
    values = {
        name: studentised.value[where]
        for name, where in studentised_rows(len(estimator.regions)).items()
    }
    draws = compute_parts(
        values["t1"],
        values["t2"],
        plain[rows["concordance"]],
        values["t4"],
        values["t5"].reshape(2, len(estimator.regions), -1),
    )
    return percentile_interval(join_parts(draws), estimator.sampling)


def _score_seeds(estimator: Estimator) -> Array:
    """Compute the score of each training seed by itself, (S,)."""
    pairs = zip(estimator.values, estimator.companions, strict=True)
    return np.array(
        [
            join_parts(compute_parts(each.t1, each.t2, beside.concordance, each.t4, each.t5))
            for each, beside in pairs
        ]
    )
