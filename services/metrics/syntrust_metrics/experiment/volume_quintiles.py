"""Compute the trust factors of small tumours apart from those of large ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from syntrust_core.contracts.vocabulary import REGIONS
from syntrust_metrics.experiment.alpha_arms import build_alpha_arms
from syntrust_metrics.experiment.schema import VolumeGroups, VolumeQuintiles
from syntrust_metrics.experiment.trust_input import TrustInput
from syntrust_metrics.trust.scoring import MIN_GROUP_CASES
from syntrust_metrics.trust.serialization import round_numbers

QUINTILES: Final = 5
MIN_CASES: Final = QUINTILES * MIN_GROUP_CASES


def score_volume_quintiles(trust_input: TrustInput) -> VolumeQuintiles:
    """Compute the trust factors of each fifth of the test cases by the whole tumour's volume.

    Returns
    -------
    VolumeQuintiles
        With fewer than 100 test cases it is empty and ``reason`` says so, since a fifth would lack
        the 20 cases that a group needs.
    """
    if len(trust_input.cases) < MIN_CASES:
        reason = f"fewer than {MIN_CASES} test cases: a fifth would hold fewer than 20"
        return {"edges_ml": [], "alphas": [], "reason": reason}
    volumes_ml = whole_tumour_volumes_ml(trust_input)
    edges = np.quantile(volumes_ml, np.linspace(0, 1, QUINTILES + 1))
    fifths = assign_quintiles(volumes_ml)
    cases = [
        case.model_copy(update={"group": str(fifth)})
        for case, fifth in zip(trust_input.cases, fifths, strict=True)
    ]
    alphas: list[VolumeGroups] = [
        {"alpha": arm["alpha"], "groups": arm["trust"]["groups"]}
        for arm in build_alpha_arms(replace(trust_input, cases=cases))
    ]
    return {
        "edges_ml": [round_numbers(float(edge)) for edge in edges],
        "alphas": alphas,
        "reason": None,
    }


def whole_tumour_volumes_ml(trust_input: TrustInput) -> list[float]:
    """Give the volume of NCR, ED and ET together in the reference, in ml, for each case."""
    step = trust_input.request.runs[0].score_real
    scores = [trust_input.find_score(case, step) for case in trust_input.cases]
    return [sum(score.reference_ml[region] for region in REGIONS) for score in scores]


def assign_quintiles(volumes_ml: Sequence[float]) -> list[int]:
    """Assign 1 to 5 by rank, so that fifths differ by at most one case; ties keep their order."""
    order = np.argsort(volumes_ml, kind="stable")
    ranks = np.empty(len(volumes_ml), dtype=np.int64)
    ranks[order] = np.arange(len(volumes_ml))
    fifths: list[int] = (ranks * QUINTILES // len(volumes_ml) + 1).tolist()
    return fifths
