"""Recommend the largest share of synthetic training images that does no harm on real test cases.

Harm is a true loss of mean Dice, over cases and trainings, of at least the margin against real
data alone (α = 1). Each region is a fixed sequence from α = 1 downwards at a one-sided .05: the
next lower α is tested only where all higher ones passed, so that no adjustment is needed (Wiens,
Pharmaceutical Statistics 2, 2003, doi:10.1002/pst.64). What all regions allow is the intersection.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.empty_regions import apply_rule
from syntrust_metrics.trust.inference.alpha_sweep import CasesByAlpha, refuse_different
from syntrust_metrics.trust.inference.margin_tests import LEVEL
from syntrust_metrics.trust.inference.recommendation_bounds import LossTest, run_loss_tests
from syntrust_metrics.trust.inference.recommendation_planning import find_needed, measure_spread
from syntrust_metrics.trust.inference.recommendation_sentence import write_details, write_sentence
from syntrust_metrics.trust.inference.trend import MIN_SEEDS
from syntrust_metrics.trust.request.errors import InvalidScores
from syntrust_metrics.trust.request.table import Table, read_request
from syntrust_metrics.trust.schema.answer import EmptyRule
from syntrust_metrics.trust.schema.recommendation import (
    AllRegionsRecommendation,
    Needed,
    Recommendation,
    RecommendationKind,
    RegionRecommendation,
    ShareTest,
)
from syntrust_metrics.trust.serialization import round_numbers

Array = NDArray[np.float64]
ALL_REAL: Final = 1.0
NO_REAL: Final = "no model was trained without synthetic images (α = 1)"
NO_SHARE: Final = "no model was trained with synthetic images"


@dataclass(frozen=True)
class PairedSweep:
    """Differences from real data alone on the real test cases, for each α below 1.

    `by_alpha` goes from the highest α to the lowest; each array is (K, S, M): region, training
    seed, case, with NaN where a pair is left out.
    """

    regions: tuple[str, ...]
    by_alpha: Mapping[float, Array]


def recommend(
    cases_by_alpha: CasesByAlpha,
    policy: Mapping[str, object] | None = None,
    *,
    noun: str = "test case",
) -> Recommendation:
    """Recommend a share of synthetic images for each region and for all of them.

    Parameters
    ----------
    cases_by_alpha : mapping of float to list
        α to the `cases` of a `/trust-score` request, all seeds together. Every α has the same ids,
        seeds and regions; only the `real` side is used.
    policy : mapping, optional
        As in a request. Absent fields take their defaults.
    noun : str
        What a test case is called in the sentences, in the singular.

    Returns
    -------
    Recommendation
        It is called one with three seeds or more and 50 cases or more; with fewer seeds it is about
        these trained models. `tests` are those of `run_loss_tests`.

    Raises
    ------
    InvalidScores
        If there is no α, cases cannot be used, or α differ in ids, seeds or regions.
    """
    if not cases_by_alpha:
        raise InvalidScores("There must be at least one α.", pointer="")
    read = {
        float(alpha): read_request({"cases": cases, "policy": policy})
        for alpha, cases in cases_by_alpha.items()
    }
    table, settings = next(iter(read.values()))
    sweep = pair_sweep({alpha: each for alpha, (each, _) in read.items()}, settings.empty)
    seeds = len(table.seeds)
    regions = {
        region: recommend_for_region(
            {alpha: each[k] for alpha, each in sweep.by_alpha.items()}, settings.margin
        )
        for k, region in enumerate(table.regions)
    }
    body: Recommendation = {
        "procedure": "syntrust-recommendation/1",
        "sentence": "",
        "details": [],
        "margin": settings.margin,
        "level": LEVEL,
        "cases": len(table.ids),
        "seeds": seeds,
        "reason": _explain_untested(read),
        "all_regions": join_regions(regions, seeds),
        "regions": regions,
    }
    body = round_numbers(body)
    return {**body, "sentence": write_sentence(body, noun), "details": write_details(body)}


def pair_sweep(tables: Mapping[float, Table], empty: EmptyRule) -> PairedSweep:
    """Pair each α below 1 with α = 1 by case and seed; no α without α = 1.

    Raises
    ------
    InvalidScores
        If α differ in their ids, seeds or regions.
    """
    first = next(iter(tables.values()))
    for alpha, table in tables.items():
        refuse_different(first, table, alpha)
    real = tables.get(ALL_REAL)
    lower = sorted((alpha for alpha in tables if alpha < ALL_REAL), reverse=True)
    by_alpha = {} if real is None else {a: _subtract(tables[a], real, empty) for a in lower}
    return PairedSweep(first.regions, by_alpha)


def recommend_for_region(
    differences_by_alpha: Mapping[float, Array], margin: float
) -> RegionRecommendation:
    """Go down from α = 1 in one region until a share is not shown to do no harm.

    Parameters
    ----------
    differences_by_alpha : mapping of float to float array, shape (S, M)
        C_R(α) - C_R(1) for each α below 1, by training seed and case.
    margin : float
        The smallest harmful loss, in Dice.
    """
    passed: float | None = None
    stopped: float | None = None
    tests: list[ShareTest] = []
    needed: Needed | None = None
    for alpha in sorted(differences_by_alpha, reverse=True):
        differences = differences_by_alpha[alpha]
        [found] = run_loss_tests(differences[None], margin)
        tests.append(_describe_test(alpha, found))
        if found.verdict != "not worse":
            stopped, needed = alpha, _plan(found, differences, margin)
            break
        passed = alpha
    seeds = next((each.shape[0] for each in differences_by_alpha.values()), 0)
    return {
        "kind": _name_kind(passed, seeds),
        "alpha": passed,
        "synthetic_share": _share(passed),
        "stopped_at": stopped,
        "reason": None if stopped is None else tests[-1]["reason"] or "harm is shown",
        "tests": tests,
        "needed": needed,
    }


def join_regions(
    regions: Mapping[str, RegionRecommendation], seeds: int
) -> AllRegionsRecommendation:
    """Give the α that every region passed: an intersection of tests needs no adjustment."""
    alphas = [each["alpha"] for each in regions.values()]
    passed = None if None in alphas else max(alpha for alpha in alphas if alpha is not None)
    stops = {r: each["stopped_at"] for r, each in regions.items() if each["stopped_at"] is not None}
    stopped = max(stops.values(), default=None)
    return {
        "kind": _name_kind(passed, seeds),
        "alpha": passed,
        "synthetic_share": _share(passed),
        "stopped_at": stopped,
        "stopped_by": [region for region, alpha in stops.items() if alpha == stopped],
    }


def _subtract(table: Table, real: Table, empty: EmptyRule) -> Array:
    """Give C_R(α) - C_R(1) as (K, S, M)."""
    dice = apply_rule(np.stack([table.dice[:, 0], real.dice[:, 0]], axis=1), empty)
    return (dice[:, 0] - dice[:, 1]).transpose(2, 0, 1)


def _describe_test(alpha: float, found: LossTest) -> ShareTest:
    return {
        "alpha": alpha,
        "cases": found.cases,
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "p": found.p,
        "verdict": found.verdict,
        "reason": found.reason,
    }


def _plan(found: LossTest, differences: Array, margin: float) -> Needed | None:
    """Say what would decide; where harm is shown, more cases would only show it again."""
    spread = None if found.verdict == "worse" else measure_spread(differences)
    return None if spread is None else find_needed(spread, margin, found.cases)


def _name_kind(alpha: float | None, seeds: int) -> RecommendationKind:
    if alpha is None:
        return "no evidence"
    return "recommendation" if seeds >= MIN_SEEDS else "these trained models"


def _share(alpha: float | None) -> float | None:
    return None if alpha is None else 1 - alpha


def _explain_untested(alphas: Collection[float]) -> str | None:
    if ALL_REAL not in alphas:
        return NO_REAL
    return NO_SHARE if len(alphas) < 2 else None
