"""From a request to an answer: the whole of `POST /trust-score`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from syntrust_metrics.trust.answer.warnings import warnings_for
from syntrust_metrics.trust.estimation.companion_estimates import companion_leaves
from syntrust_metrics.trust.estimation.composite_score import score_of
from syntrust_metrics.trust.estimation.empty_regions import (
    MIXED_SHARE_LIMIT,
    apply_rule,
    count,
    mixed_share,
)
from syntrust_metrics.trust.estimation.estimator import Estimator
from syntrust_metrics.trust.estimation.factor_estimates import factor_leaves
from syntrust_metrics.trust.inference.equivalence import equivalence
from syntrust_metrics.trust.request.policy import Policy
from syntrust_metrics.trust.request.table import Table, read_request
from syntrust_metrics.trust.serialization import digest, rounded

DEFINITION: Final = "rajababu2025/1"
MIN_GROUP_CASES: Final = 20


def score_cases(request: Mapping[str, Any]) -> dict[str, Any]:
    """Compute everything that can be said of per-case Dice scores on real and synthetic images.

    Parameters
    ----------
    request
        ``{"cases": [{"id", "real": {region: Dice|null}, "synthetic": {...}, "group"?, "seed"?}],
        "policy"?: {"empty", "ddof", "confidence", "resamples", "seed", "margin"}}``.

    Returns
    -------
    dict
        The answer's body: ``definition, cases, regions, factors, companions, equivalence, score,
        counts, sensitivity, groups, warnings, policy, digest``. JSON without NaN, numbers at 12
        significant digits, the same for any order of the cases. With several training seeds the
        factors and companions are averaged over them, Dice is not; see `bands` and `score` for
        what equivalence and score then mean.

    Raises
    ------
    InvalidScores
        If a field cannot be used; with its JSON pointer.

    References
    ----------
    Raja Babu et al., 2025, arXiv 2502.02076, equations 6-10.
    """
    table, policy = read_request(request)
    estimator = _estimator(table, policy)
    factors, companions = factor_leaves(estimator), companion_leaves(estimator)
    body = rounded(
        {
            "definition": DEFINITION,
            "cases": len(table.ids),
            "regions": list(table.regions),
            "factors": factors,
            "companions": companions,
            "equivalence": equivalence(estimator.dice, table.regions, policy.margin),
            "score": score_of(estimator, factors, companions),
            "counts": count(table.dice, table.regions, policy.empty),
            "sensitivity": _sensitivity(table, policy),
            "groups": _groups(table, policy),
            "warnings": warnings_for(table, estimator),
            "policy": policy.as_dict(),
        }
    )
    return {**body, "digest": digest(body)}


def _estimator(table: Table, policy: Policy) -> Estimator:
    return Estimator(apply_rule(table.dice, policy.empty), table.regions, table.seeds, policy)


def _sensitivity(table: Table, policy: Policy) -> dict[str, Any] | None:
    """T3 and T4 under `drop`, where mixed pairs are common enough for the rule to decide."""
    if policy.empty == "drop" or not (mixed_share(table.dice) > MIXED_SHARE_LIMIT).any():
        return None
    factors = factor_leaves(_estimator(table, replace(policy, empty="drop")))
    return {"empty": "drop", "t3": factors["t3"], "t4": factors["t4"]}


def _groups(table: Table, policy: Policy) -> dict[str, Any]:
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(table.groups):
        if name is not None:
            rows.setdefault(name, []).append(row)
    return {name: _group(table, rows[name], policy) for name in sorted(rows)}


def _group(table: Table, rows: list[int], policy: Policy) -> dict[str, Any]:
    if len(rows) < MIN_GROUP_CASES:
        reason = f"fewer than {MIN_GROUP_CASES} cases"
        return {"cases": len(rows), "factors": None, "reason": reason}
    factors = factor_leaves(_estimator(table.of_rows(rows), policy))
    return {"cases": len(rows), "factors": factors, "reason": None}
