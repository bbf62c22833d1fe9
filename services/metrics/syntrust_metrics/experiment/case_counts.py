"""Count misses and false positives of an arm with the reference volumes that an experiment knows.

Dice alone does not tell a miss from a false positive where it is 0 on both test sets: the reference
may have the region or lack it. The score files of an experiment say which.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from syntrust_metrics.experiment.trust_input import TrustInput
from syntrust_metrics.trust.schema.answer import CountBySide, Counts, TrustAnswer
from syntrust_metrics.trust.schema.request import ScoredCase


def count_with_references(
    trust: TrustAnswer, cases: Sequence[ScoredCase], trust_input: TrustInput
) -> dict[str, Counts]:
    """Count every Dice of 0 as a miss, or as a false positive where the reference lacks the region.

    Parameters
    ----------
    trust : TrustAnswer
        What `cases` were answered; of its counts only `missed` and `false_positive` change.
    cases : sequence of ScoredCase
        The test cases under every training seed. A case counts where any seed shows it.
    trust_input : TrustInput
        The score files, with the reference volume of every region in ml.

    Returns
    -------
    dict of Counts
        By region.
    """
    counts: dict[str, Counts] = {}
    for region, found in trust["counts"].items():
        lacking = trust_input.find_cases_without(region)
        counts[region] = {
            **found,
            "missed": _count_zeros((c for c in cases if c["id"] not in lacking), region),
            "false_positive": _count_zeros((c for c in cases if c["id"] in lacking), region),
        }
    return counts


def _count_zeros(cases: Iterable[ScoredCase], region: str) -> CountBySide:
    """Count the distinct cases with a Dice of 0 on each side."""
    real: set[str] = set()
    synthetic: set[str] = set()
    for case in cases:
        if case["real"][region] == 0:
            real.add(case["id"])
        if case["synthetic"][region] == 0:
            synthetic.add(case["id"])
    return {"real": len(real), "synthetic": len(synthetic)}
