"""From a request to an answer: the whole of `POST /trust-score`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from syntrust_metrics.trust.answer.definitions import DEFINITION
from syntrust_metrics.trust.answer.warnings import collect_warnings
from syntrust_metrics.trust.estimation.companion_estimates import estimate_companions
from syntrust_metrics.trust.estimation.composite_score import compute_score
from syntrust_metrics.trust.estimation.empty_regions import (
    MIXED_SHARE_LIMIT,
    apply_rule,
    count_cases,
    mixed_share,
)
from syntrust_metrics.trust.estimation.estimator import Estimator
from syntrust_metrics.trust.estimation.factor_estimates import estimate_factors
from syntrust_metrics.trust.inference.equivalence import assess_equivalence
from syntrust_metrics.trust.request.policy import Policy
from syntrust_metrics.trust.request.table import Table, read_request
from syntrust_metrics.trust.schema.answer import Group, Sensitivity, TrustAnswer, TrustContent
from syntrust_metrics.trust.serialization import compute_digest, round_numbers

MIN_GROUP_CASES: Final = 20


def score_cases(request: Mapping[str, object]) -> TrustAnswer:
    """Score per-case Dice on real and synthetic images: factors, intervals, tests and warnings.

    Parameters
    ----------
    request : mapping
        What `schema.request.ScoreRequest` describes. It is checked.

    Returns
    -------
    TrustAnswer
        JSON without NaN, numbers at 12 significant digits, the same for any order of the cases.
        With several training seeds the factors and companions are averaged over them, Dice is not;
        see `margin_tests` and `composite_score` for what equivalence and score then mean.

    Raises
    ------
    InvalidScores
        If a field cannot be used. The error has the field's JSON pointer.

    References
    ----------
    Raja Babu et al., 2025, arXiv 2502.02076, equations 6-10.
    """
    table, policy = read_request(request)
    estimator = _make_estimator(table, policy)
    factors, companions = estimate_factors(estimator), estimate_companions(estimator)
    content: TrustContent = {
        "definition": DEFINITION,
        "cases": len(table.ids),
        "regions": list(table.regions),
        "factors": factors,
        "companions": companions,
        "equivalence": assess_equivalence(estimator.dice, table.regions, policy.margin),
        "score": compute_score(estimator, factors, companions),
        "counts": count_cases(table.dice, table.regions, policy.empty),
        "sensitivity": _score_without_empty(table, policy),
        "groups": _score_groups(table, policy),
        "warnings": collect_warnings(table, estimator),
        "policy": policy.as_body(),
    }
    content = round_numbers(content)
    return {**content, "digest": compute_digest(content)}


def _make_estimator(table: Table, policy: Policy) -> Estimator:
    return Estimator(apply_rule(table.dice, policy.empty), table.regions, table.seeds, policy)


def _score_without_empty(table: Table, policy: Policy) -> Sensitivity | None:
    """Compute T3 and T4 under `drop` where mixed pairs are so common that the rule decides them."""
    if policy.empty == "drop" or not (mixed_share(table.dice) > MIXED_SHARE_LIMIT).any():
        return None
    factors = estimate_factors(_make_estimator(table, replace(policy, empty="drop")))
    return {"empty": "drop", "t3": factors["t3"], "t4": factors["t4"]}


def _score_groups(table: Table, policy: Policy) -> dict[str, Group]:
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(table.groups):
        if name is not None:
            rows.setdefault(name, []).append(row)
    return {name: _score_group(table, rows[name], policy) for name in sorted(rows)}


def _score_group(table: Table, rows: list[int], policy: Policy) -> Group:
    if len(rows) < MIN_GROUP_CASES:
        reason = f"fewer than {MIN_GROUP_CASES} cases"
        return {"cases": len(rows), "factors": None, "reason": reason}
    factors = estimate_factors(_make_estimator(table.select_rows(rows), policy))
    return {"cases": len(rows), "factors": factors, "reason": None}
