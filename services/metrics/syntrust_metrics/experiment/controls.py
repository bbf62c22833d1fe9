"""Build the control arms of an experiment, against which its mixes are read.

Each is scored on the same test cases as the mixes. `versus_real` compares it with the model of
α = 1, as it compares a mix. `versus_mix` compares it with the mix of the control's own α:
`difference` is Dice of the control on real images less that of the mix, above 0 where the control
is better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from syntrust_core.contracts.report import Control, ReportControl, ReportTraining
from syntrust_metrics.experiment.alpha_arms import (
    ALL_REAL,
    collect_cases,
    compare_shared_seeds,
    describe_mix,
    find_same_mixes,
    score_all_seeds,
    score_trainings,
)
from syntrust_metrics.experiment.case_counts import count_with_references
from syntrust_metrics.experiment.schema import ControlArm
from syntrust_metrics.experiment.trust_input import TrustInput
from syntrust_metrics.trust.schema.inference import ModelComparison
from syntrust_metrics.trust.schema.request import ScoredCase

Mixes = Mapping[float, Sequence[ScoredCase]]


def build_control_arms(trust_input: TrustInput, mixes: Mixes) -> list[ControlArm]:
    """Build every control arm, by kind, then by α.

    Parameters
    ----------
    trust_input : TrustInput
        The disjoint regions of the test cases.
    mixes : mapping of float to sequence of dict
        The cases of each α, all seeds together.

    Returns
    -------
    list of ControlArm
        The keys of an α's arm, and `control`, `iterations` (of each training), `versus_mix` and
        `reason`. `alpha` is null where a control belongs to no α. Where a control cannot be
        trained, `reason` says why, `seeds` is empty and the rest is null.
    """
    return [
        _build_arm(arm, trust_input, mixes)
        for arm in sorted(trust_input.request.controls, key=_sort_key)
    ]


def _sort_key(arm: ReportControl) -> tuple[int, float]:
    return get_args(Control).index(arm.control), float(arm.alpha or 0)


def _build_arm(arm: ReportControl, trust_input: TrustInput, mixes: Mixes) -> ControlArm:
    alpha = None if arm.alpha is None else float(arm.alpha)
    if arm.trainings:
        return _build_trained_arm(arm, alpha, trust_input, mixes)
    return {
        "control": arm.control,
        "alpha": alpha,
        "iterations": arm.iterations,
        "reason": arm.reason,
        "mix": None,
        "trust": None,
        "counts": None,
        "versus_real": None,
        "versus_mix": None,
        "seeds": [],
    }


def _build_trained_arm(
    arm: ReportControl, alpha: float | None, trust_input: TrustInput, mixes: Mixes
) -> ControlArm:
    trainings: list[ReportTraining] = sorted(arm.trainings, key=lambda each: each.seed)
    same = find_same_mixes(trainings, trust_input.runs())
    seeds = score_trainings(trainings, trust_input)
    trust = score_all_seeds(seeds, trust_input)

    def versus(other: str | None) -> ModelComparison | None:
        """Compare with a mix; None where it does not exist or has the same trainings."""
        if other is None or other in same or float(other) not in mixes:
            return None
        return compare_shared_seeds(collect_cases(seeds), mixes[float(other)], trust_input.policy)

    return {
        "control": arm.control,
        "alpha": alpha,
        "iterations": arm.iterations,
        "reason": arm.reason,
        "mix": describe_mix(trainings, same_as=same),
        "seeds": seeds,
        "trust": trust,
        "counts": count_with_references(trust, collect_cases(seeds), trust_input),
        "versus_real": versus(ALL_REAL),
        "versus_mix": versus(arm.alpha),
    }
