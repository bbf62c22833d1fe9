"""Build the results of an experiment from its plan and the scores of its predictions.

The gateway adds `experiment` and `provenance`; the digest covers neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from syntrust_core.contracts.canonical import digest
from syntrust_core.contracts.report import BuildReport
from syntrust_metrics.experiment.alpha_arms import build_alpha_arms, collect_cases
from syntrust_metrics.experiment.controls import build_control_arms
from syntrust_metrics.experiment.noise_floor import estimate_noise_floors
from syntrust_metrics.experiment.partial import lacks_mixes, make_partial
from syntrust_metrics.experiment.schema import (
    OverAlpha,
    PartialResults,
    Results,
    ResultsContent,
    ResultsParts,
    Unseen,
)
from syntrust_metrics.experiment.size_effect import estimate_size_effect
from syntrust_metrics.experiment.trust_input import TrustInput
from syntrust_metrics.experiment.volume_quintiles import score_volume_quintiles
from syntrust_metrics.experiment.wording import choose_wording
from syntrust_metrics.fidelity.schema import TwinComparison
from syntrust_metrics.fidelity.summary import summarise_twins
from syntrust_metrics.segmentation.score_file import CaseScore, ScoreFile
from syntrust_metrics.trust import (
    DEFINITION,
    check_paper_claims,
    describe_alpha_curve,
    recommend,
)
from syntrust_metrics.trust.schema.request import Dice

MIN_UNSEEN_CASES: Final = 20
NO_COMPARISONS: Final[Mapping[str, TwinComparison]] = MappingProxyType({})


def build_results(
    request: BuildReport,
    scores: Mapping[str, ScoreFile],
    comparisons: Mapping[str, TwinComparison] = NO_COMPARISONS,
) -> Results | PartialResults:
    """Build the results body without `experiment` and `provenance`.

    Parameters
    ----------
    request : BuildReport
        The experiment's cases and runs. `settings["policy"]`, if there, is the scoring policy.
    scores : mapping of str to ScoreFile
        The score file of every scoring step that the runs name.
    comparisons : mapping of str to TwinComparison
        The comparison file of every comparison step that the cases name.

    Returns
    -------
    Results or PartialResults
        The body, with its `digest`; partial where the request says that something is missing.

    Raises
    ------
    ObjectMissing
        If a scoring step or a test case in it has no scores, or a comparison is missing.
    InvalidScores
        If the policy cannot be used.
    """
    test = [case for case in request.cases if case.part == "test"]
    disjoint = TrustInput(request, scores, test, _disjoint_dice)
    alphas = build_alpha_arms(disjoint)
    by_alpha = {entry["alpha"]: collect_cases(entry["seeds"]) for entry in alphas}
    parts: ResultsParts = {
        "definition": DEFINITION,
        "dataset": request.dataset,
        "alphas": alphas,
        "controls": build_control_arms(disjoint, by_alpha),
        "unseen": _score_unseen_cases(disjoint),
        "nested": build_alpha_arms(TrustInput(request, scores, test, _nested_dice)),
        "floors": estimate_noise_floors(disjoint),
        "size": estimate_size_effect(disjoint, alphas[0]["trust"]["policy"]["confidence"]),
        "by_volume": score_volume_quintiles(disjoint),
        "twins": summarise_twins(comparisons, request.cases),
    }
    if request.missing is not None and lacks_mixes(request.missing):
        return make_partial(parts, request.missing)
    over_alpha: OverAlpha = {
        "recommendation": recommend(
            by_alpha, disjoint.policy, noun=choose_wording(request.origin).test_case
        ),
        "curve": describe_alpha_curve(by_alpha, disjoint.policy),
        "claims": check_paper_claims(by_alpha, disjoint.policy),
    }
    if request.missing is not None:
        return make_partial(parts, request.missing, over_alpha)
    content: ResultsContent = {**parts, **over_alpha}
    return {**content, "digest": f"sha256:{digest(content)}"}


def _disjoint_dice(score: CaseScore) -> Dice:
    return score.dice


def _nested_dice(score: CaseScore) -> Dice:
    return score.nested


def _score_unseen_cases(trust_input: TrustInput) -> Unseen | None:
    """Score without the test cases that the generator was trained on; None if it saw none."""
    unseen = [case for case in trust_input.cases if not case.seen]
    if len(unseen) == len(trust_input.cases):
        return None
    few = len(unseen) < MIN_UNSEEN_CASES
    detail = f"Only {len(unseen)} test cases are new to the generator, fewer than 20."
    return {
        "cases": len(unseen),
        "alphas": build_alpha_arms(replace(trust_input, cases=unseen)) if unseen else [],
        "warnings": [{"code": "few_unseen", "detail": detail}] if few else [],
    }
