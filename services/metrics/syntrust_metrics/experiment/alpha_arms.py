"""Build an arm of an experiment for the results: its mix, its trainings, its trust factors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from syntrust_core.contracts.report import ReportRun, ReportTraining
from syntrust_core.contracts.results import Mix
from syntrust_metrics.experiment.case_counts import count_with_references
from syntrust_metrics.experiment.partial import give_reason
from syntrust_metrics.experiment.schema import Arm, SeedResult
from syntrust_metrics.experiment.trust_input import TrustInput
from syntrust_metrics.trust import compare_with_real
from syntrust_metrics.trust.schema.answer import TrustAnswer
from syntrust_metrics.trust.schema.inference import ModelComparison
from syntrust_metrics.trust.schema.request import ScoredCase
from syntrust_metrics.trust.serialization import round_numbers

ALL_REAL: Final = "1"


def build_alpha_arms(trust_input: TrustInput) -> list[Arm]:
    """Build the arm of each α that has a training, in ascending order."""
    runs = trust_input.runs()
    seeds = {alpha: score_trainings(runs[alpha], trust_input) for alpha in runs}
    return [_build_arm(alpha, runs, seeds, trust_input) for alpha in runs]


def _build_arm(
    alpha: str,
    runs: Mapping[str, Sequence[ReportRun]],
    seeds: Mapping[str, Sequence[SeedResult]],
    trust_input: TrustInput,
) -> Arm:
    same = (other for other in find_same_mixes(runs[alpha], runs) if other != alpha)
    trust = score_all_seeds(seeds[alpha], trust_input)
    arm: Arm = {
        "alpha": float(alpha),
        "mix": describe_mix(runs[alpha], same_as=same),
        "seeds": list(seeds[alpha]),
        "trust": trust,
        "counts": count_with_references(trust, collect_cases(seeds[alpha]), trust_input),
        "versus_real": _compare_with_real(alpha, seeds, trust_input),
    }
    reason = give_reason(trust_input.request.missing, alpha)
    if reason is not None:
        arm["reason"] = reason
    return arm


def describe_mix(trainings: Sequence[ReportTraining], *, same_as: Iterable[str]) -> Mix:
    """Describe what was trained on.

    Each seed draws its cases anew; the ids are those of the first seed, which `seed` names.
    `same_as` are the α that have the same trainings.
    """
    first = trainings[0]
    real, synthetic = len(first.real_ids), len(first.synthetic_ids)
    return {
        "n_real": real,
        "n_synthetic": synthetic,
        "realised": round_numbers(real / (real + synthetic)),
        "anatomies": len({*first.real_ids, *first.synthetic_ids}),
        "seed": first.seed,
        "real_ids": sorted(first.real_ids),
        "synthetic_ids": sorted(first.synthetic_ids),
        "same_as": [float(alpha) for alpha in same_as],
    }


def find_same_mixes(
    trainings: Sequence[ReportTraining], runs: Mapping[str, Sequence[ReportRun]]
) -> list[str]:
    """Find the α with the same trainings: equal trainings are one step and so one model."""
    models = _model_ids(trainings)
    return [alpha for alpha in runs if _model_ids(runs[alpha]) == models]


def _model_ids(trainings: Iterable[ReportTraining]) -> set[str]:
    return {training.model for training in trainings}


def score_trainings(
    trainings: Iterable[ReportTraining], trust_input: TrustInput
) -> list[SeedResult]:
    """Give ids, cases and trust factors of each training."""
    return [_score_training(training, trust_input) for training in trainings]


def _score_training(training: ReportTraining, trust_input: TrustInput) -> SeedResult:
    cases = trust_input.pair_test_sets(training)
    return {
        "seed": training.seed,
        "real_ids": sorted(training.real_ids),
        "synthetic_ids": sorted(training.synthetic_ids),
        "cases": cases,
        "trust": trust_input.score(cases),
    }


def score_all_seeds(seeds: Sequence[SeedResult], trust_input: TrustInput) -> TrustAnswer:
    """Compute the trust factors of all seeds together."""
    if len(seeds) == 1:
        return seeds[0]["trust"]
    return trust_input.score(collect_cases(seeds))


def collect_cases(seeds: Iterable[SeedResult]) -> list[ScoredCase]:
    """Collect every case of every seed."""
    return [case for seed in seeds for case in seed["cases"]]


def _compare_with_real(
    alpha: str, seeds: Mapping[str, Sequence[SeedResult]], trust_input: TrustInput
) -> ModelComparison | None:
    """Compare the model of α with that of α = 1, on real images; None without that one."""
    if alpha == ALL_REAL or ALL_REAL not in seeds:
        return None
    return compare_shared_seeds(
        collect_cases(seeds[alpha]), collect_cases(seeds[ALL_REAL]), trust_input.policy
    )


def compare_shared_seeds(
    cases: Sequence[ScoredCase],
    others: Sequence[ScoredCase],
    policy: Mapping[str, object] | None,
) -> ModelComparison | None:
    """Compare the models of the training seeds that both have; None where they share none."""
    shared = {_seed(case) for case in cases} & {_seed(case) for case in others}
    if not shared:
        return None
    mine, theirs = ([case for case in each if _seed(case) in shared] for each in (cases, others))
    return compare_with_real(mine, theirs, policy)


def _seed(case: ScoredCase) -> int:
    return case.get("seed", 0)
