"""From a spread to a plan: what test cases and seeds can show, and how many it takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from syntrust_metrics.planning.design import (
    MAX_CASES,
    MAX_SEEDS,
    Design,
    Question,
    Target,
    find_cases,
    find_seeds,
)
from syntrust_metrics.planning.schema import (
    CurvePower,
    PointPower,
    PowerAnswer,
    RegionPower,
    RegionSpread,
    SpreadSource,
)
from syntrust_metrics.planning.sources import Candidate, Source
from syntrust_metrics.planning.spread import Spread
from syntrust_metrics.planning.warnings import collect_warnings
from syntrust_metrics.trust.serialization import round_numbers

CURVE_CASES: Final = (10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000)
"""The points of a curve that is not asked for otherwise."""
_SOURCES: Final = {
    "experiment": "Measured on {cases} test cases and {seeds} training seed(s) of an experiment.",
    "pilot": "Measured on {cases} cases and {seeds} training seed(s) of the pilot table.",
    "published": "Standard deviations of the Dice of one published Swin UNETR on {cases} cases of "
    "BraTS 2021 (arXiv 2201.01266); that two models correlate by {correlation:g} is assumed.",
    "given": "Standard deviations as they were sent.",
}


@dataclass(frozen=True)
class Plan:
    """What is asked of a plan.

    Attributes
    ----------
    cases, seeds : int
        Test cases, 10 to 100,000, and training seeds of each model, 1 to 100.
    margin : float
        In Dice, in (0, 1].
    level : float
        Of each one-sided test, in (0, 0.5).
    power : float
        The target, in [0.5, 1).
    difference : float
        The true mean difference that is assumed, in Dice; below 0 the model is worse.
    curve : sequence of int
        Test cases of the curve.
    """

    cases: int
    seeds: int
    question: Question = "non_inferiority"
    margin: float = 0.03
    level: float = 0.05
    power: float = 0.8
    difference: float = 0.0
    curve: Sequence[int] = CURVE_CASES


def plan_power(plan: Plan, source: Source, *, experiment: str | None = None) -> PowerAnswer:
    """Compute power, smallest detectable difference and numbers needed, by region.

    Parameters
    ----------
    plan : Plan
        The design and the question.
    source : Source
        The spread, of `measure_experiment`, `measure_pilot`, `use_published` or `use_given`.
    experiment : str, optional
        Id of the experiment that was measured; it is told in the answer.

    Returns
    -------
    PowerAnswer
        JSON without NaN, numbers at 12 significant digits. Each region is alone: no adjustment for
        several regions is made.
    """
    chosen = {name: _choose(found, plan) for name, found in source.regions.items() if found}
    overall = _choose(source.overall, plan) if source.overall else None
    regions = {name: _plan_region(each.spread, plan) for name, each in chosen.items()}
    missed = sum(1 - each["power"] for each in regions.values())
    body: PowerAnswer = {
        "question": plan.question,
        "cases": plan.cases,
        "seeds": plan.seeds,
        "margin": plan.margin,
        "level": plan.level,
        "target_power": plan.power,
        "difference": plan.difference,
        "scope": "training seeds" if _holds_seeds(plan, chosen.values()) else "this trained model",
        "spread": _describe_source(source, chosen, overall, experiment),
        "regions": regions,
        "overall": None if overall is None else _plan_region(overall.spread, plan),
        "every_region": {"power_at_least": max(0.0, 1 - missed)},
        "curve": _draw_curve(plan, chosen, overall),
        "warnings": collect_warnings(_target(plan), plan.cases, plan.seeds, source),
    }
    return round_numbers(body)


def _choose(found: Sequence[Candidate], plan: Plan) -> Candidate:
    """Choose the α whose mean difference has the widest error: a plan that suffices for all."""
    return max(found, key=lambda each: each.spread.variance(plan.cases, plan.seeds))


def _target(plan: Plan) -> Target:
    return Target(plan.question, plan.margin, plan.power, plan.difference, plan.level)


def _holds_seeds(plan: Plan, chosen: Iterable[Candidate]) -> bool:
    return plan.seeds > 1 and all(each.spread.seed_sd is not None for each in chosen)


def _plan_region(spread: Spread, plan: Plan) -> RegionPower:
    known = spread.seed_sd is not None
    target = _target(plan)
    cases = find_cases(spread, plan.seeds, target)
    seeds = find_seeds(spread, plan.cases, target) if known else None
    return {
        **_point(spread, plan, plan.cases),
        "cases_needed": cases,
        "seeds_needed": seeds,
        "reason": _explain_missing(cases, seeds, known=known),
    }


def _explain_missing(cases: int | None, seeds: int | None, *, known: bool) -> str | None:
    reasons = []
    if cases is None:
        reasons.append(f"{MAX_CASES} test cases do not reach it with so few seeds")
    if not known:
        reasons.append("the spread of training seeds is unknown")
    elif seeds is None:
        reasons.append(f"{MAX_SEEDS} seeds do not reach it with so few test cases")
    return "; ".join(reasons) or None


def _point(spread: Spread, plan: Plan, cases: int) -> PointPower:
    design = Design(spread, cases, plan.seeds, plan.level)
    return {
        "power": design.power(plan.question, plan.margin, plan.difference),
        "detectable": design.detectable(plan.question, plan.power),
    }


def _draw_curve(
    plan: Plan, chosen: dict[str, Candidate], overall: Candidate | None
) -> list[CurvePower]:
    return [
        {
            "cases": cases,
            "regions": {name: _point(each.spread, plan, cases) for name, each in chosen.items()},
            "overall": None if overall is None else _point(overall.spread, plan, cases),
        }
        for cases in sorted({*plan.curve, plan.cases})
    ]


def _describe_source(
    source: Source,
    chosen: dict[str, Candidate],
    overall: Candidate | None,
    experiment: str | None,
) -> SpreadSource:
    numbers = {"cases": source.cases, "seeds": source.seeds, "correlation": source.correlation}
    return {
        "kind": source.kind,
        "detail": _SOURCES[source.kind].format(**numbers),
        "experiment": experiment,
        "cases": source.cases,
        "seeds": source.seeds,
        "correlation": source.correlation,
        "regions": {name: _describe_spread(each) for name, each in chosen.items()},
        "overall": None if overall is None else _describe_spread(overall),
    }


def _describe_spread(candidate: Candidate) -> RegionSpread:
    spread = candidate.spread
    return {
        "case_sd": spread.case_sd,
        "seed_sd": spread.seed_sd,
        "residual_sd": spread.residual_sd,
        "alpha": candidate.alpha,
    }
