"""The results body of an experiment, from its plan and the scores of its predictions.

`controls` is empty until experiments have control arms. `experiment` and `provenance` are added by
who knows them; the digest covers neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from syntrust_core.canonical import digest
from syntrust_core.reportcontracts import BuildReport, ReportRun
from syntrust_metrics.comparison import TwinComparison
from syntrust_metrics.floors import noise_floors
from syntrust_metrics.scores import CaseScore, ScoreFile
from syntrust_metrics.scorings import Body, Dice, Scoring
from syntrust_metrics.sizes import size_effect
from syntrust_metrics.trust import DEFINITION, alpha_curve, paper_claims, versus_real
from syntrust_metrics.trust.numbers import rounded
from syntrust_metrics.twinsummary import summarise

MIN_UNSEEN_CASES: Final = 20
ALL_REAL: Final = "1"
NO_COMPARISONS: Final[Mapping[str, TwinComparison]] = MappingProxyType({})


def build_results(
    request: BuildReport,
    scores: Mapping[str, ScoreFile],
    comparisons: Mapping[str, TwinComparison] = NO_COMPARISONS,
) -> Body:
    """Build the results body without `experiment` and `provenance`.

    Parameters
    ----------
    request
        The experiment's cases and runs. `settings["policy"]`, if there, is the scoring policy.
    scores
        The score file of every scoring step that the runs name.
    comparisons
        The comparison file of every comparison step that the cases name.

    Raises
    ------
    ObjectMissing
        If a scoring step, or a test case in it, has no scores, or a comparison is not there.
    InvalidScores
        If the policy cannot be used.
    """
    test = [case for case in request.cases if case.part == "test"]
    disjoint = Scoring(request, scores, test, _disjoint)
    alphas = _alphas(disjoint)
    by_alpha = {entry["alpha"]: _cases(entry["seeds"]) for entry in alphas}
    body = {
        "definition": DEFINITION,
        "dataset": request.dataset,
        "alphas": alphas,
        "controls": [],
        "unseen": _unseen(disjoint),
        "nested": _alphas(Scoring(request, scores, test, _nested)),
        "floors": noise_floors(disjoint),
        "size": size_effect(disjoint, alphas[0]["trust"]["policy"]["confidence"]),
        "twins": summarise(comparisons, request.cases),
        "curve": alpha_curve(by_alpha, disjoint.policy),
        "claims": paper_claims(by_alpha, disjoint.policy),
    }
    return {**body, "digest": f"sha256:{digest(body)}"}


def _disjoint(score: CaseScore) -> Dice:
    return score.dice


def _nested(score: CaseScore) -> Dice:
    return score.nested


def _unseen(scoring: Scoring) -> Body | None:
    """The same without the test cases that the generator was trained on; null if it saw none."""
    unseen = [case for case in scoring.cases if not case.seen]
    if len(unseen) == len(scoring.cases):
        return None
    few = len(unseen) < MIN_UNSEEN_CASES
    detail = f"Only {len(unseen)} test cases are new to the generator, fewer than 20."
    return {
        "cases": len(unseen),
        "alphas": _alphas(replace(scoring, cases=unseen)) if unseen else [],
        "warnings": [{"code": "few_unseen", "detail": detail}] if few else [],
    }


def _alphas(scoring: Scoring) -> list[Body]:
    runs = scoring.runs()
    seeds = {alpha: [_seed(run, scoring) for run in runs[alpha]] for alpha in runs}
    return [
        {
            "alpha": float(alpha),
            "mix": _mix(alpha, runs),
            "seeds": seeds[alpha],
            "trust": _over_seeds(seeds[alpha], scoring),
            "versus_real": _versus_real(alpha, seeds, scoring),
        }
        for alpha in runs
    ]


def _versus_real(alpha: str, seeds: Mapping[str, Sequence[Body]], scoring: Scoring) -> Body | None:
    """The model of α beside the one of α = 1, on real images; null without that one."""
    if alpha == ALL_REAL or ALL_REAL not in seeds:
        return None
    return versus_real(_cases(seeds[alpha]), _cases(seeds[ALL_REAL]), scoring.policy)


def _mix(alpha: str, runs: Mapping[str, Sequence[ReportRun]]) -> Body:
    """What α came to. Ids are those of the first seed, which `seed` names: each seed draws anew."""
    run = runs[alpha][0]
    real, synthetic = len(run.real_ids), len(run.synthetic_ids)
    return {
        "n_real": real,
        "n_synthetic": synthetic,
        "realised": rounded(real / (real + synthetic)),
        "anatomies": len({*run.real_ids, *run.synthetic_ids}),
        "seed": run.seed,
        "real_ids": sorted(run.real_ids),
        "synthetic_ids": sorted(run.synthetic_ids),
        "same_as": [
            float(other)
            for other in runs
            if other != alpha and _models(runs[other]) == _models(runs[alpha])
        ],
    }


def _models(runs: Sequence[ReportRun]) -> set[str]:
    """Equal mixes are one training step, so equal sets of models are equal mixes."""
    return {run.model for run in runs}


def _seed(run: ReportRun, scoring: Scoring) -> Body:
    cases = scoring.entries(run)
    return {
        "seed": run.seed,
        "real_ids": sorted(run.real_ids),
        "synthetic_ids": sorted(run.synthetic_ids),
        "cases": cases,
        "trust": scoring.trust(cases),
    }


def _over_seeds(seeds: Sequence[Body], scoring: Scoring) -> Body:
    if len(seeds) == 1:
        alone: Body = seeds[0]["trust"]
        return alone
    return scoring.trust(_cases(seeds))


def _cases(seeds: Sequence[Body]) -> list[Body]:
    """Every case of every seed."""
    return [case for seed in seeds for case in seed["cases"]]
