"""Equivalence of both test sets, and of a model with the one trained on real images alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.columns import case_mean
from syntrust_metrics.trust.estimation.empty_regions import apply_rule
from syntrust_metrics.trust.inference.margin_tests import (
    Equivalent,
    EveryRegion,
    Margin,
    NonInferior,
    PairedTest,
    Verdict,
    Word,
    decide,
    decide_alone,
    decide_every_region,
    describe_test,
    equivalence_margin,
    non_inferiority_margin,
    run_paired_tests,
)
from syntrust_metrics.trust.request.errors import InvalidScores
from syntrust_metrics.trust.request.table import Table, read_request
from syntrust_metrics.trust.schema.answer import Equivalence
from syntrust_metrics.trust.schema.inference import Comparison, ModelComparison
from syntrust_metrics.trust.serialization import round_numbers

Array = NDArray[np.float64]
Cases = Sequence[Mapping[str, object]]


def assess_equivalence(dice: Array, regions: Sequence[str], delta: float) -> Equivalence:
    """Assess the paired equivalence of both sides: `equivalence` of an answer.

    Parameters
    ----------
    dice : float array, shape (S, 2, M, K)
        After the empty rule; NaN on both sides where a pair is left out.
    delta : float
        The margin in Dice, > 0.

    Returns
    -------
    Equivalence
        `difference` is side 0 - side 1. With several seeds see `margin_tests`.
    """
    found = _test_regions(dice, equivalence_margin(delta))
    return {
        "margin": delta,
        "regions": {region: describe_test(*found.region(k)) for k, region in enumerate(regions)},
        "overall": describe_test(*found.alone()),
        "every_region": found.every_region(),
        "different_regions": found.outside(regions),
    }


def compare_with_real(
    alpha_cases: Cases, real_cases: Cases, policy: Mapping[str, object] | None = None
) -> ModelComparison:
    """Compare, on real test images, a model of any α with the one trained on real images alone.

    Only this supports a sentence about clinical performance: equivalence of R and S says no more
    than that synthetic test images predict performance on real ones.

    Parameters
    ----------
    alpha_cases, real_cases : list
        `cases` of two `/trust-score` requests, all seeds together: of α and of α = 1. Same ids,
        seeds and regions; only the `real` side of each is used, so C_R(α) is paired with C_R(1)
        by case and seed.
    policy : mapping, optional
        As in a request. Absent fields take their defaults.

    Returns
    -------
    ModelComparison
        `difference` is C_R(α) - C_R(1), above 0 where α is better. Non-inferiority gives
        `non-inferior`, `inferior` or `inconclusive`, equivalence `equivalent`, `different` or
        `inconclusive`; both need 50 cases and are withheld where rare large failures could turn
        them. Each verdict is adjusted by Holm over regions, `p` and `ci90` are not; `overall`
        stands alone. `scope` says whether training noise is measured (two seeds or more).

    Raises
    ------
    InvalidScores
        If cases cannot be used, or the two lists do not hold the same ids, seeds and regions.
    """
    table, settings = read_request({"cases": alpha_cases, "policy": policy})
    real, _ = read_request({"cases": real_cases, "policy": policy})
    dice = apply_rule(_pair_tables(table, real), settings.empty)
    not_worse = _test_regions(dice, non_inferiority_margin(settings.margin))
    equal = _test_regions(dice, equivalence_margin(settings.margin))
    body: ModelComparison = {
        "margin": settings.margin,
        "cases": len(table.ids),
        "seeds": len(table.seeds),
        "scope": "this trained model" if len(table.seeds) == 1 else "training seeds",
        "regions": {
            region: _merge_tests(not_worse.region(k), equal.region(k))
            for k, region in enumerate(table.regions)
        },
        "overall": _merge_tests(not_worse.alone(), equal.alone()),
        "every_region": {
            "non_inferiority": not_worse.every_region(),
            "equivalence": equal.every_region(),
            "inferior_regions": not_worse.outside(table.regions),
            "different_regions": equal.outside(table.regions),
        },
    }
    return round_numbers(body)


def _pair_tables(table: Table, real: Table) -> Array:
    """Pair C_R(α) with C_R(1): float array (S, 2, M, K)."""
    for name in ("ids", "seeds", "regions"):
        if getattr(table, name) != getattr(real, name):
            raise InvalidScores(
                f"The two lists of cases differ in their {name}. Both need the same {name}.",
                pointer="/cases",
            )
    return np.stack([table.dice[:, 0], real.dice[:, 0]], axis=1)


_Outcome = tuple[PairedTest, Verdict[Word]]


class _RegionTests(NamedTuple, Generic[Word]):
    """The tests against one margin: of each region, and of the case's mean over its regions."""

    margin: Margin[Word]
    tests: list[PairedTest]
    verdicts: list[Verdict[Word]]
    overall: PairedTest

    def region(self, k: int) -> _Outcome[Word]:
        return self.tests[k], self.verdicts[k]

    def alone(self) -> _Outcome[Word]:
        return self.overall, decide_alone(self.overall, self.margin)

    def every_region(self) -> Word | EveryRegion:
        return decide_every_region(self.tests, self.verdicts, self.margin)

    def outside(self, regions: Sequence[str]) -> list[str]:
        """Name the regions that were found outside the margin."""
        pairs = zip(regions, self.verdicts, strict=True)
        return [region for region, found in pairs if found.verdict == self.margin.outside]


def _test_regions(dice: Array, margin: Margin[Word]) -> _RegionTests[Word]:
    means = case_mean(dice)[..., None]
    differences = np.subtract(*np.concatenate([dice, means], axis=3).swapaxes(0, 1))
    *tests, overall = run_paired_tests(differences.transpose(2, 0, 1), margin)
    return _RegionTests(margin, tests, decide(tests, margin), overall)


def _merge_tests(not_worse: _Outcome[NonInferior], equal: _Outcome[Equivalent]) -> Comparison:
    (test, verdict), (equal_test, equal_verdict) = not_worse, equal
    return {
        "difference": equal_test.difference,
        "ci90": list(equal_test.ci90) if equal_test.ci90 else None,
        "excludes_zero": equal_test.excludes_zero,
        "non_inferiority": {
            "verdict": verdict.verdict,
            "p": test.p_inside,
            "power": test.power,
            "reason": verdict.reason,
        },
        "equivalence": {
            "verdict": equal_verdict.verdict,
            "p": equal_test.p_inside,
            "power": equal_test.power,
            "reason": equal_verdict.reason,
        },
    }
