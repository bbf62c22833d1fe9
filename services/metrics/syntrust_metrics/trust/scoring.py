"""From a request to an answer: the whole of `POST /trust-score`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from syntrust_metrics.trust.empty import MIXED_SHARE_LIMIT, apply_rule, count, mixed_share
from syntrust_metrics.trust.estimates import Estimator
from syntrust_metrics.trust.numbers import digest, rounded
from syntrust_metrics.trust.policy import Policy
from syntrust_metrics.trust.table import Table, read_request
from syntrust_metrics.trust.warn import warnings_for

DEFINITION: Final = "rajababu2025/1"
MIN_GROUP_CASES: Final = 20


def score_cases(request: Mapping[str, Any]) -> dict[str, Any]:
    """Compute T1-T5 of per-case Dice scores, with intervals, counts and warnings.

    Parameters
    ----------
    request
        ``{"cases": [{"id", "real": {region: Dice|null}, "synthetic": {...}, "group"?, "seed"?}],
        "policy"?: {"empty", "ddof", "confidence", "resamples", "seed", "margin"}}``.

    Returns
    -------
    dict
        The answer's body: ``definition, cases, regions, factors, counts, sensitivity, groups,
        warnings, policy, digest``. JSON without NaN, numbers at 12 significant digits, the same
        for any order of the cases. Companions, equivalence and score are not computed yet, and
        their keys are absent.

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
    body = rounded(
        {
            "definition": DEFINITION,
            "cases": len(table.ids),
            "regions": list(table.regions),
            "factors": estimator.factors(),
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
    factors = _estimator(table, replace(policy, empty="drop")).factors()
    return {"empty": "drop", "t3": factors["t3"], "t4": factors["t4"]}


def _groups(table: Table, policy: Policy) -> dict[str, Any]:
    names = sorted({group for group in table.groups if group is not None})
    return {name: _group(table.of_group(name), policy) for name in names}


def _group(part: Table, policy: Policy) -> dict[str, Any]:
    if len(part.ids) < MIN_GROUP_CASES:
        reason = f"fewer than {MIN_GROUP_CASES} cases"
        return {"cases": len(part.ids), "factors": None, "reason": reason}
    factors = _estimator(part, policy).factors()
    return {"cases": len(part.ids), "factors": factors, "reason": None}
