"""The results body of an experiment, from its plan and the scores of its predictions.

`curve`, `claims`, `floors`, `twins`, `controls` and every `versus_real` are null or empty: they are
computed in a later version. `experiment` and `provenance` are added by who knows them; the digest
covers neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from syntrust_core.canonical import digest
from syntrust_core.contracts import BuildReport, ReportCase, ReportRun
from syntrust_core.errors import ObjectMissing
from syntrust_metrics.scores import CaseScore, ScoreFile
from syntrust_metrics.trust import DEFINITION, score_cases
from syntrust_metrics.trust.numbers import rounded

Body = dict[str, Any]
Dice = Mapping[str, float | None]
MIN_UNSEEN_CASES: Final = 20


@dataclass(frozen=True)
class _Scoring:
    """One way to read the same predictions: which regions, and which test cases."""

    request: BuildReport
    scores: Mapping[str, ScoreFile]
    cases: Sequence[ReportCase]
    regions: Callable[[CaseScore], Dice]


def build_results(request: BuildReport, scores: Mapping[str, ScoreFile]) -> Body:
    """Build the results body without `experiment` and `provenance`.

    Parameters
    ----------
    request
        The experiment's cases and runs. `settings["policy"]`, if there, is the scoring policy.
    scores
        The score file of every scoring step that the runs name.

    Raises
    ------
    ObjectMissing
        If a scoring step, or a test case in it, has no scores.
    InvalidScores
        If the policy cannot be used.
    """
    test = [case for case in request.cases if case.part == "test"]
    disjoint = _Scoring(request, scores, test, _disjoint)
    body = {
        "definition": DEFINITION,
        "dataset": request.dataset,
        "alphas": _alphas(disjoint),
        "controls": [],
        "unseen": _unseen(disjoint),
        "nested": _alphas(_Scoring(request, scores, test, _nested)),
        "floors": None,
        "twins": None,
        "curve": None,
        "claims": None,
    }
    return {**body, "digest": f"sha256:{digest(body)}"}


def _disjoint(score: CaseScore) -> Dice:
    return score.dice


def _nested(score: CaseScore) -> Dice:
    return score.nested


def _unseen(scoring: _Scoring) -> Body | None:
    """The same without the test cases that the generator was trained on; null if it saw none."""
    unseen = [case for case in scoring.cases if not case.seen]
    if len(unseen) == len(scoring.cases):
        return None
    few = len(unseen) < MIN_UNSEEN_CASES
    detail = f"Only {len(unseen)} test cases are new to the generator, fewer than 20."
    rest = _Scoring(scoring.request, scoring.scores, unseen, scoring.regions)
    return {
        "cases": len(unseen),
        "alphas": _alphas(rest) if unseen else [],
        "warnings": [{"code": "few_unseen", "detail": detail}] if few else [],
    }


def _alphas(scoring: _Scoring) -> list[Body]:
    by_alpha: dict[str, list[ReportRun]] = {}
    for run in scoring.request.runs:
        by_alpha.setdefault(run.alpha, []).append(run)
    ordered = sorted(by_alpha, key=float)
    runs = {alpha: sorted(by_alpha[alpha], key=lambda run: run.seed) for alpha in ordered}
    return [_alpha(alpha, runs, scoring) for alpha in ordered]


def _alpha(alpha: str, runs: Mapping[str, Sequence[ReportRun]], scoring: _Scoring) -> Body:
    seeds = [_seed(run, scoring) for run in runs[alpha]]
    return {
        "alpha": float(alpha),
        "mix": _mix(alpha, runs),
        "seeds": seeds,
        "trust": _over_seeds(seeds, scoring.request),
        "versus_real": None,
    }


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


def _seed(run: ReportRun, scoring: _Scoring) -> Body:
    cases = [_case(case, run, scoring) for case in scoring.cases]
    cases.sort(key=lambda case: str(case["id"]))
    return {
        "seed": run.seed,
        "real_ids": sorted(run.real_ids),
        "synthetic_ids": sorted(run.synthetic_ids),
        "cases": cases,
        "trust": score_cases({"cases": cases, **_policy(scoring.request)}),
    }


def _case(case: ReportCase, run: ReportRun, scoring: _Scoring) -> Body:
    """One entry of what `POST /trust-score` takes."""
    entry = {
        "id": case.id,
        "real": _dice(case, run.score_real, scoring),
        "synthetic": _dice(case, run.score_synthetic, scoring),
        "seed": run.seed,
    }
    return entry | ({"group": case.group} if case.group else {})


def _dice(case: ReportCase, step: str, scoring: _Scoring) -> Body:
    file = scoring.scores.get(step)
    if file is None or case.case not in file.cases:
        raise ObjectMissing(f"Scoring step {step} holds no scores of case {case.id}.")
    scores = scoring.regions(file.cases[case.case])
    return {region: rounded(value) for region, value in sorted(scores.items())}


def _over_seeds(seeds: Sequence[Body], request: BuildReport) -> Body:
    if len(seeds) == 1:
        alone: Body = seeds[0]["trust"]
        return alone
    cases = [case for seed in seeds for case in seed["cases"]]
    return score_cases({"cases": cases, **_policy(request)})


def _policy(request: BuildReport) -> Body:
    policy = request.settings.get("policy")
    return {} if policy is None else {"policy": policy}
