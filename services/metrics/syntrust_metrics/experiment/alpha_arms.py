"""An arm of an experiment as the results give it: its mix, its trainings, its trust factors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from syntrust_core.contracts.report import ReportRun, ReportTraining
from syntrust_metrics.experiment.trust_input import Body, Scoring
from syntrust_metrics.trust import compare_with_real
from syntrust_metrics.trust.serialization import round_numbers

ALL_REAL: Final = "1"


def alpha_arms(scoring: Scoring) -> list[Body]:
    """The arm of each α, in ascending order."""
    runs = scoring.runs()
    seeds = {alpha: seed_bodies(runs[alpha], scoring) for alpha in runs}
    return [
        {
            "alpha": float(alpha),
            "mix": mix_body(
                runs[alpha], same_as=(a for a in same_mixes(runs[alpha], runs) if a != alpha)
            ),
            "seeds": seeds[alpha],
            "trust": trust_over(seeds[alpha], scoring),
            "versus_real": _versus_real(alpha, seeds, scoring),
        }
        for alpha in runs
    ]


def mix_body(trainings: Sequence[ReportTraining], *, same_as: Iterable[str]) -> Body:
    """What was trained on. Ids are those of the first seed, which `seed` names: each draws anew.

    `same_as` are the α whose trainings these are too.
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


def same_mixes(
    trainings: Sequence[ReportTraining], runs: Mapping[str, Sequence[ReportRun]]
) -> list[str]:
    """The α with the same trainings: equal ones are one step, so equal models are equal mixes."""
    models = _models(trainings)
    return [alpha for alpha in runs if _models(runs[alpha]) == models]


def _models(trainings: Iterable[ReportTraining]) -> set[str]:
    return {training.model for training in trainings}


def seed_bodies(trainings: Iterable[ReportTraining], scoring: Scoring) -> list[Body]:
    """Ids, cases and trust factors of each training."""
    return [_seed(training, scoring) for training in trainings]


def _seed(training: ReportTraining, scoring: Scoring) -> Body:
    cases = scoring.entries(training)
    return {
        "seed": training.seed,
        "real_ids": sorted(training.real_ids),
        "synthetic_ids": sorted(training.synthetic_ids),
        "cases": cases,
        "trust": scoring.trust(cases),
    }


def trust_over(seeds: Sequence[Body], scoring: Scoring) -> Body:
    """The trust factors of all seeds together."""
    if len(seeds) == 1:
        alone: Body = seeds[0]["trust"]
        return alone
    return scoring.trust(cases_of(seeds))


def cases_of(seeds: Iterable[Body]) -> list[Body]:
    """Every case of every seed."""
    return [case for seed in seeds for case in seed["cases"]]


def _versus_real(alpha: str, seeds: Mapping[str, Sequence[Body]], scoring: Scoring) -> Body | None:
    """The model of α beside the one of α = 1, on real images; null without that one."""
    if alpha == ALL_REAL or ALL_REAL not in seeds:
        return None
    return compare_with_real(cases_of(seeds[alpha]), cases_of(seeds[ALL_REAL]), scoring.policy)
