"""The `warnings` of an answer: what a reader must know before the factors can be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.empty_regions import MIXED_SHARE_LIMIT, mixed_share
from syntrust_metrics.trust.estimation.estimator import Estimator
from syntrust_metrics.trust.estimation.intervals import MIN_CASES
from syntrust_metrics.trust.request.table import Table
from syntrust_metrics.trust.schema.answer import EmptyRule, TrustWarning

LOW_N: Final = 50


def collect_warnings(table: Table, estimator: Estimator) -> list[TrustWarning]:
    """Collect all warnings of one answer."""
    return [
        *_warn_of_size(estimator),
        *_warn_of_empty_regions(table, estimator.policy.empty),
        *_warn_of_groups(table.groups),
    ]


def _warn_of_size(estimator: Estimator) -> Iterator[TrustWarning]:
    cases = estimator.cases
    by_region = dict(zip(estimator.regions, estimator.used, strict=True))
    least = min([cases, *by_region.values()])
    where = _describe_sizes(by_region)
    if cases == 1:
        detail = "One case has no spread: T2 and T5 say nothing about it."
        yield {"code": "one_case", "detail": detail}
    if least < MIN_CASES:
        detail = f"Fewer than {MIN_CASES} cases ({where}): no interval."
        yield {"code": "no_interval", "detail": detail}
    if least < LOW_N:
        detail = f"Fewer than {LOW_N} cases ({where}): T1 to T5 are uncertain beyond what their "
        yield {"code": "low_n", "detail": detail + "intervals say."}


def _describe_sizes(by_region: dict[str, int]) -> str:
    sizes = set(by_region.values())
    if len(sizes) == 1:
        return str(sizes.pop())
    return ", ".join(f"{region} {cases}" for region, cases in by_region.items())


def _warn_of_empty_regions(table: Table, rule: EmptyRule) -> Iterator[TrustWarning]:
    share = mixed_share(table.dice)
    often = share > MIXED_SHARE_LIMIT
    if rule == "zero":
        detail = "Empty regions count as 0: for sensitivity analysis, not for results."
        yield {"code": "zero_policy", "detail": detail}
    if rule == "drop" and share.any():
        regions = _list_regions(table, share > 0)
        detail = f"Left out with empty references are false positives in {regions}; `counts` "
        yield {"code": "false_positives_dropped", "detail": detail + "holds them."}
    if often.any():
        detail = (
            f"Over 2 % of the pairs of {_list_regions(table, often)} have an empty reference and a "
        )
        detail += "false positive on one side: the policy for empty regions decides the result."
        yield {"code": "mixed_pairs", "detail": detail}


def _list_regions(table: Table, flags: NDArray[np.bool_]) -> str:
    return ", ".join(
        region for region, flag in zip(table.regions, flags, strict=True) if bool(flag)
    )


def _warn_of_groups(groups: Sequence[str | None]) -> Iterator[TrustWarning]:
    missing = groups.count(None)
    if 0 < missing < len(groups):
        detail = f"{missing} cases name no group and stand in none."
        yield {"code": "ungrouped_cases", "detail": detail}
