"""Compute the answer of `POST /power`.

A process of its own runs this (`trust_score.scorer`), so it imports nothing of the API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from pydantic_core import to_json

from syntrust_gateway.trust_score.pipe import JSON, Answer, Refusal
from syntrust_metrics.planning import (
    Plan,
    Source,
    Spread,
    measure_experiment,
    measure_pilot,
    plan_power,
    use_given,
    use_published,
)
from syntrust_metrics.planning.design import QUESTIONS, Question
from syntrust_metrics.planning.plan import CURVE_CASES
from syntrust_metrics.trust import InvalidScores, parse_csv

POWER: Final = f"{__name__}:answer_power"
_AT: Final = "/spread"
_NO_COMPARISON: Final = {
    "code": "no_real_alone",
    "detail": "No share is compared with real data alone: that takes α = 1 and a smaller α.",
}


def answer_power(parts: Sequence[bytes]) -> Answer | Refusal:
    """Answer a request that was validated; a second part holds the results of an experiment."""
    request = json.loads(parts[0])
    spread = request.pop("spread")
    curve = request.pop("curve")
    plan = Plan(**request, curve=CURVE_CASES if curve is None else curve)
    try:
        source = _find_source(spread, plan, parts[1:])
    except InvalidScores as error:
        return Refusal(error.detail, f"{_AT}{error.pointer}")
    found = plan_power(plan, source, experiment=spread.get("id"))
    return Answer(to_json(found), JSON)


def answer_detectable(parts: Sequence[bytes]) -> Answer:
    """Give the smallest differences that a dry run tells of; a second part holds results."""
    asked = json.loads(parts[0])
    sources = _find_sources(json.loads(parts[1]) if len(parts) > 1 else None)
    plans = {
        question: plan_power(
            Plan(asked["cases"], asked["seeds"], question, curve=()),
            source,
            experiment=asked["experiment"] if source.kind == "experiment" else None,
        )
        for question, source in sources.items()
    }
    first = plans["non_inferiority"]
    found = {
        **{name: asked[name] for name in ("cases", "seeds")},
        "power": first["target_power"],
        "level": first["level"],
        "regions": {
            region: {name: each["regions"][region]["detectable"] for name, each in plans.items()}
            for region in first["regions"]
        },
        "overall": {
            name: each["overall"] and each["overall"]["detectable"] for name, each in plans.items()
        },
        "source": {name: first["spread"][name] for name in ("kind", "detail", "experiment")},
        "warnings": first["warnings"] + ([] if asked["compares_with_real"] else [_NO_COMPARISON]),
    }
    return Answer(to_json(found), JSON)


def _find_sources(results: Mapping[str, Any] | None) -> dict[Question, Source]:
    """Measure the spread for each question, or use published scores for both."""
    if results is not None:
        # What was measured on too few cases is no better than published scores.
        with suppress(InvalidScores):
            measured = {each: measure_experiment(results, each) for each in QUESTIONS}
            if len({frozenset(each.measured_regions) for each in measured.values()}) == 1:
                return measured
    return dict.fromkeys(QUESTIONS, use_published())


def _find_source(spread: Mapping[str, Any], plan: Plan, results: Sequence[bytes]) -> Source:
    kind = spread["kind"]
    if kind == "experiment":
        return measure_experiment(json.loads(results[0]), plan.question, alpha=spread["alpha"])
    if kind == "published":
        return use_published(spread["correlation"])
    if kind == "given":
        return use_given({name: Spread(**sds) for name, sds in spread["regions"].items()})
    return _measure_pilot(spread, plan)


def _measure_pilot(spread: Mapping[str, Any], plan: Plan) -> Source:
    """Measure a pilot; the question says how many tables it takes.

    Raises
    ------
    InvalidScores
        If a table cannot be used, is missing, or is one too many.
    """
    needed = plan.question == "non_inferiority"
    if needed and spread["real_alone"] is None:
        raise InvalidScores(
            "Non-inferiority compares two models: give the Dice of models that were trained on "
            "real data alone as real_alone.",
            pointer="/real_alone",
        )
    if not needed and spread["real_alone"] is not None:
        raise InvalidScores(
            "Equivalence compares both test sets of `cases`: leave real_alone out.",
            pointer="/real_alone",
        )
    cases = _read_table(spread["cases"], "cases")
    real_alone = _read_table(spread["real_alone"], "real_alone") if needed else None
    try:
        return measure_pilot(cases, real_alone, {"empty": spread["empty"]})
    except InvalidScores as error:
        name = error.pointer.split("/")[1]
        as_lines = isinstance(spread[name][0], str)
        raise InvalidScores(
            error.detail, pointer=f"/{name}" if as_lines else error.pointer
        ) from None


def _read_table(table: Sequence[Any], name: str) -> Sequence[Mapping[str, object]]:
    """Give the cases of a table, which may be lines of CSV."""
    if not isinstance(table[0], str):
        return table
    try:
        cases: Sequence[Mapping[str, object]] = parse_csv("\n".join(table))["cases"]
    except InvalidScores as error:
        # `/lines/<number>/<column>`, from 1: the list of lines counts from 0.
        number = int(error.pointer.split("/")[2])
        place = min(max(number, 1), len(table)) - 1
        raise InvalidScores(error.detail, pointer=f"/{name}/{place}") from error
    return cases
