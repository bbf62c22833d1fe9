"""The trust factors of small tumours apart from those of large ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from syntrust_core.contracts.vocabulary import REGIONS
from syntrust_metrics.experiment.alpha_arms import alpha_arms
from syntrust_metrics.experiment.trust_input import Body, Scoring
from syntrust_metrics.trust.scoring import MIN_GROUP_CASES
from syntrust_metrics.trust.serialization import round_numbers

QUINTILES: Final = 5
LEAST_CASES: Final = QUINTILES * MIN_GROUP_CASES


def volume_quintiles(scoring: Scoring) -> Body:
    """Trust factors of each fifth of the test cases by the volume of the whole tumour.

    Returns
    -------
    dict
        ``edges_ml``, the six bounds of the fifths in ml; ``alphas``, for each α the groups "1", the
        smallest tumours, to "5", as `trust.groups` has them; with fewer than 100 test cases, of
        which no fifth would hold the 20 that a group needs, both are empty and ``reason`` says so.
    """
    if len(scoring.cases) < LEAST_CASES:
        reason = f"fewer than {LEAST_CASES} test cases: a fifth would hold fewer than 20"
        return {"edges_ml": [], "alphas": [], "reason": reason}
    volumes_ml = whole_tumours_ml(scoring)
    edges = np.quantile(volumes_ml, np.linspace(0, 1, QUINTILES + 1))
    fifths = fifth_of_each(volumes_ml)
    cases = [
        case.model_copy(update={"group": str(fifth)})
        for case, fifth in zip(scoring.cases, fifths, strict=True)
    ]
    alphas = [
        {"alpha": arm["alpha"], "groups": arm["trust"]["groups"]}
        for arm in alpha_arms(replace(scoring, cases=cases))
    ]
    return {
        "edges_ml": [round_numbers(float(edge)) for edge in edges],
        "alphas": alphas,
        "reason": None,
    }


def whole_tumours_ml(scoring: Scoring) -> list[float]:
    """Volume of NCR, ED and ET together in the reference, case by case."""
    step = scoring.request.runs[0].score_real
    scores = [scoring.score(case, step) for case in scoring.cases]
    return [sum(score.reference_ml[region] for region in REGIONS) for score in scores]


def fifth_of_each(volumes_ml: Sequence[float]) -> list[int]:
    """1 to 5 by rank, so that fifths differ by one case at most; equal volumes keep their order."""
    order = np.argsort(volumes_ml, kind="stable")
    ranks = np.empty(len(volumes_ml), dtype=np.int64)
    ranks[order] = np.arange(len(volumes_ml))
    fifths: list[int] = (ranks * QUINTILES // len(volumes_ml) + 1).tolist()
    return fifths
