"""Compare the results of experiments, the first of them with each of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from syntrust_metrics.comparison.schema import (
    ComparedArm,
    ComparedExperiment,
    ComparedFactors,
    ComparisonAnswer,
    PairedArm,
    PairedDifferences,
)
from syntrust_metrics.comparison.settings import find_differences
from syntrust_metrics.planning.differences import Side, pair_models
from syntrust_metrics.trust.estimation.intervals import MIN_CASES, crossed_mean
from syntrust_metrics.trust.schema.estimates import IntervalEstimate
from syntrust_metrics.trust.serialization import round_numbers

CONFIDENCE: Final = 0.95


@dataclass(frozen=True)
class Compared:
    """An experiment to compare.

    Attributes
    ----------
    spec : mapping
        Its request with every choice written out.
    contents : mapping of str to str
        Fingerprint of the content of each test case that is known, by id.
    results : mapping
        Its `results.json`, complete or partial.
    """

    id: str
    name: str | None
    spec: Mapping[str, Any]
    contents: Mapping[str, str]
    results: Mapping[str, Any]

    @property
    def arms(self) -> dict[float, Mapping[str, Any]]:
        """The arms that have results, by α."""
        found = (arm for arm in self.results["alphas"] if arm["trust"] is not None)
        return {arm["alpha"]: arm for arm in found}


def compare_experiments(compared: Sequence[Compared]) -> ComparisonAnswer:
    """Give what differs between experiments, in settings and in results.

    Differences of Dice are paired by case and training seed, so both must be the same in both
    experiments: the same ids with the same content. The interval is that of `crossed_mean`, over
    cases and, with several seeds, over trainings.
    """
    first, *others = compared
    alphas = sorted({alpha for each in compared for alpha in each.arms})
    body: ComparisonAnswer = {
        "experiments": [_describe(each) for each in compared],
        "settings": find_differences([each.spec for each in compared]),
        "alphas": [_lay_out(alpha, compared) for alpha in alphas],
        "differences": [
            _pair_arm(each, first, alpha)
            for each in others
            for alpha in alphas
            if alpha in each.arms and alpha in first.arms
        ],
    }
    return round_numbers(body)


def _describe(each: Compared) -> ComparedExperiment:
    return {
        "id": each.id,
        "name": each.name,
        "digest": each.results["digest"],
        "definition": each.results["definition"],
        "origin": each.spec.get("origin"),
        "test_cases": len(each.spec["test"]),
        "seeds": list(each.spec["seeds"]),
        "partial": "partial" in each.results,
    }


def _lay_out(alpha: float, compared: Sequence[Compared]) -> ComparedArm:
    return {"alpha": alpha, "experiments": [_find_factors(each, alpha) for each in compared]}


def _find_factors(each: Compared, alpha: float) -> ComparedFactors:
    arm = each.arms.get(alpha)
    if arm is not None:
        return {"factors": arm["trust"]["factors"], "reason": None}
    missing = (own["reason"] for own in each.results["alphas"] if own["alpha"] == alpha)
    return {"factors": None, "reason": next(missing, "The experiment has no such α.")}


def _pair_arm(each: Compared, first: Compared, alpha: float) -> PairedArm:
    return {
        "experiment": each.id,
        "minus": first.id,
        "alpha": alpha,
        "real": _pair(each, first, alpha, "real"),
        "synthetic": _pair(each, first, alpha, "synthetic"),
    }


def _pair(each: Compared, first: Compared, alpha: float, side: Side) -> PairedDifferences:
    mine, theirs = each.arms[alpha], first.arms[alpha]
    reason = _explain_unpaired(each, first, mine, theirs, side)
    if reason is not None:
        return {"cases": None, "seeds": None, "regions": None, "overall": None, "reason": reason}
    policy = {"empty": theirs["trust"]["policy"]["empty"], "resamples": 0}
    found = pair_models(_cases(mine), _cases(theirs), policy, side)
    _, seeds, cases = found.values.shape
    return {
        "cases": cases,
        "seeds": seeds,
        "regions": {name: _estimate(own) for name, own in found.by_region.items()},
        "overall": _estimate(found.overall),
        "reason": None,
    }


def _explain_unpaired(
    each: Compared,
    first: Compared,
    mine: Mapping[str, Any],
    theirs: Mapping[str, Any],
    side: Side,
) -> str | None:
    """Say why two arms cannot be paired; None if they can."""
    tested, other = ({case["id"] for case in arm["seeds"][0]["cases"]} for arm in (mine, theirs))
    same = {case for case in tested & other if _is_same(case, each, first)}
    if not len(same) == len(tested) == len(other):
        return (
            f"The test cases are not the same: {len(same)} of {len(tested)} and {len(other)} have "
            "the same id and content."
        )
    seeds, wanted = ([own["seed"] for own in arm["seeds"]] for arm in (mine, theirs))
    if seeds != wanted:
        return f"The training seeds are not the same: {_list(seeds)}, and {_list(wanted)}."
    if side == "synthetic" and each.spec["generator"] != first.spec["generator"]:
        return "The twins were not drawn alike, so the synthetic test images are not the same."
    return None


def _is_same(case: str, each: Compared, first: Compared) -> bool:
    content = each.contents.get(case)
    return content is not None and content == first.contents.get(case)


def _list(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def _cases(arm: Mapping[str, Any]) -> list[Mapping[str, object]]:
    return [case for seed in arm["seeds"] for case in seed["cases"]]


def _estimate(differences: NDArray[np.float64]) -> IntervalEstimate:
    """Give the mean of (S, M) differences with its 95 % interval."""
    mean = crossed_mean(differences)
    if mean is None or mean.cases < MIN_CASES:
        known = differences[~np.isnan(differences)]
        value = float(known.mean()) if known.size else None
        return {
            "value": value,
            "ci": None,
            "scope": None,
            "reason": f"fewer than {MIN_CASES} cases",
        }
    half = float(stdtrit(mean.dof, (1 + CONFIDENCE) / 2)) * mean.error
    return {
        "value": mean.value,
        "ci": [mean.value - half, mean.value + half],
        "scope": "this trained model" if len(differences) == 1 else "training seeds",
        "reason": None,
    }
