"""Estimate noise floors: T3 and T4 when only the images or the training are drawn again.

T4 of two draws of one distribution is above 0 and T3 is below 1, so both are read against these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from syntrust_core.contracts.report import ReportRun
from syntrust_metrics.experiment.floor_schema import NoiseFloor, NoiseFloors, SeedFloor, TwinFloor
from syntrust_metrics.experiment.trust_input import TrustInput
from syntrust_metrics.trust.schema.request import ScoredCase

NO_TWINS: Final = "no second twins were scored"
NO_SEEDS: Final = "one training seed"
OTHER_SEEDS: Final = "not every α has the same training seeds"


def estimate_noise_floors(trust_input: TrustInput) -> NoiseFloors:
    """Compute T3 and T4 between two sets of twins, and between two training seeds, for each α.

    `twins` compares the synthetic test set S with a second one, S'; `seeds` compares the real test
    set R under two training seeds.

    Returns
    -------
    NoiseFloors
        Where a floor lacks what it needs, `alphas` is empty and
        `reason` says what is missing. Seeds are compared in disjoint pairs, first with second,
        third with fourth, because pairs that share a training are not independent.
    """
    runs = trust_input.runs()
    return {
        "twins": _estimate_twin_floor(trust_input, runs),
        "seeds": _estimate_seed_floor(trust_input, runs),
    }


def _estimate_twin_floor(trust_input: TrustInput, runs: dict[str, list[ReportRun]]) -> TwinFloor:
    if any(run.score_again is None for several in runs.values() for run in several):
        missing = trust_input.request.missing
        failed = None if missing is None else missing.second_twins
        return {"reason": failed or NO_TWINS, "alphas": []}
    found = {
        alpha: [
            case
            for run in several
            for case in trust_input.pair(run.score_synthetic, run.score_again or "", seed=run.seed)
        ]
        for alpha, several in runs.items()
    }
    return {"reason": None, "alphas": _score_factors(trust_input, found)}


def _estimate_seed_floor(trust_input: TrustInput, runs: dict[str, list[ReportRun]]) -> SeedFloor:
    reason = _explain_no_seeds(runs)
    if reason is not None:
        return {"reason": reason, "pairs": [], "alphas": []}
    found = {
        alpha: [
            case
            for index, (first, second) in enumerate(_pair_runs(several))
            for case in trust_input.pair(first.score_real, second.score_real, seed=index)
        ]
        for alpha, several in runs.items()
    }
    named = [[first.seed, second.seed] for first, second in _pair_runs(next(iter(runs.values())))]
    return {"reason": None, "pairs": named, "alphas": _score_factors(trust_input, found)}


def _explain_no_seeds(runs: dict[str, list[ReportRun]]) -> str | None:
    """Say why trainings cannot be compared in the same pairs at each α; None if they can."""
    if len({tuple(run.seed for run in several) for several in runs.values()}) > 1:
        return OTHER_SEEDS
    return NO_SEEDS if min(len(several) for several in runs.values()) < 2 else None


def _pair_runs(runs: Sequence[ReportRun]) -> list[tuple[ReportRun, ReportRun]]:
    return list(zip(runs[::2], runs[1::2], strict=False))


def _score_factors(trust_input: TrustInput, found: dict[str, list[ScoredCase]]) -> list[NoiseFloor]:
    factors = {alpha: trust_input.score(cases)["factors"] for alpha, cases in found.items()}
    return [
        {"alpha": float(alpha), "t3": each["t3"], "t4": each["t4"]}
        for alpha, each in factors.items()
    ]
