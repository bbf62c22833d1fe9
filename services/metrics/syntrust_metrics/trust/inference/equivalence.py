"""Equivalence of both test sets, and of a model with the one trained on real images alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.columns import case_mean
from syntrust_metrics.trust.estimation.empty_regions import apply_rule
from syntrust_metrics.trust.inference.margin_tests import (
    Margin,
    PairedTest,
    Verdict,
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
from syntrust_metrics.trust.serialization import round_numbers

Array = NDArray[np.float64]
Cases = Sequence[Mapping[str, Any]]


def assess_equivalence(dice: Array, regions: Sequence[str], delta: float) -> dict[str, Any]:
    """Assess the paired equivalence of both sides: `equivalence` of an answer.

    Parameters
    ----------
    dice : float array, shape (S, 2, M, K)
        After the empty rule; NaN on both sides where a pair is left out.
    delta : float
        The margin in Dice, > 0.

    Returns
    -------
    dict
        Per region and `overall` (the case's mean over its regions): `verdict`, `difference`
        (side 0 - side 1), its unadjusted `ci90`, `p` of equivalence before adjustment, `power` at
        no difference, `reason`; and `every_region`. With several seeds see `margin_tests`.
    """
    margin = equivalence_margin(delta)
    tests, verdicts, overall = _test_regions(dice, margin)
    return {
        "margin": delta,
        "regions": {
            region: describe_test(found, verdict)
            for region, found, verdict in zip(regions, tests, verdicts, strict=True)
        },
        "overall": describe_test(overall, decide_alone(overall, margin)),
        "every_region": decide_every_region(tests, verdicts, margin),
    }


def compare_with_real(
    alpha_cases: Cases, real_cases: Cases, policy: Mapping[str, Any] | None = None
) -> dict[str, Any]:
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
    dict
        ``{"margin", "cases", "seeds", "scope", "regions": {region: R}, "overall": R,
        "every_region": {"non_inferiority", "equivalence"}}`` with ``R = {"difference", "ci90",
        "non_inferiority": V, "equivalence": V}``, ``V = {"verdict", "p", "power", "reason"}``.
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
    margins = {
        "non_inferiority": non_inferiority_margin(settings.margin),
        "equivalence": equivalence_margin(settings.margin),
    }
    found = {name: _test_regions(dice, margin) for name, margin in margins.items()}
    body = {
        "margin": settings.margin,
        "cases": len(table.ids),
        "seeds": len(table.seeds),
        "scope": "this trained model" if len(table.seeds) == 1 else "training seeds",
        "regions": {
            region: _merge_tests(
                {name: (tests[k], verdicts[k]) for name, (tests, verdicts, _) in found.items()}
            )
            for k, region in enumerate(table.regions)
        },
        "overall": _merge_tests(
            {name: (each, decide_alone(each, margins[name])) for name, (*_, each) in found.items()}
        ),
        "every_region": {
            name: decide_every_region(tests, verdicts, margins[name])
            for name, (tests, verdicts, _) in found.items()
        },
    }
    answer: dict[str, Any] = round_numbers(body)
    return answer


def _pair_tables(table: Table, real: Table) -> Array:
    """Pair C_R(α) with C_R(1): float array (S, 2, M, K)."""
    for name in ("ids", "seeds", "regions"):
        if getattr(table, name) != getattr(real, name):
            raise InvalidScores(
                f"The two lists of cases differ in their {name}. Both need the same {name}.",
                pointer="/cases",
            )
    return np.stack([table.dice[:, 0], real.dice[:, 0]], axis=1)


def _test_regions(
    dice: Array, margin: Margin
) -> tuple[list[PairedTest], list[Verdict], PairedTest]:
    """Test each region, and the mean of a case over its regions."""
    means = case_mean(dice)[..., None]
    differences = np.subtract(*np.concatenate([dice, means], axis=3).swapaxes(0, 1))
    *tests, overall = run_paired_tests(differences.transpose(2, 0, 1), margin)
    return tests, decide(tests, margin), overall


def _merge_tests(found: Mapping[str, tuple[PairedTest, Verdict]]) -> dict[str, Any]:
    bodies = {name: describe_test(*each) for name, each in found.items()}
    shared = bodies["equivalence"]
    return {
        "difference": shared["difference"],
        "ci90": shared["ci90"],
        **{
            name: {key: body[key] for key in ("verdict", "p", "power", "reason")}
            for name, body in bodies.items()
        },
    }
