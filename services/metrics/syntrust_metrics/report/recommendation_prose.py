"""The first sentence of the report, and the tests that it rests on, one click away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from syntrust_metrics.experiment.schema import ShownResults
from syntrust_metrics.report.cells import (
    Evidence,
    Sentence,
    format_bounds,
    format_probability,
    format_signed,
)
from syntrust_metrics.trust.inference.recommendation_sentence import name_share
from syntrust_metrics.trust.schema.recommendation import (
    Needed,
    Recommendation,
    RegionRecommendation,
    ShareTest,
)

HEAD = (
    "region, synthetic share",
    "α",
    "test cases",
    "trainings",
    "mean difference",
    "one-sided 95% bounds",
    "p",
    "here",
    "would decide",
)


@dataclass(frozen=True)
class TestRow:
    """A row of the table with an anchor of its own; the first cell names it."""

    anchor: str
    cells: Sequence[str]


@dataclass(frozen=True)
class RecommendationView:
    """What the page shows: a sentence, one for each region, and the table of their tests."""

    sentence: Sentence
    details: Sequence[Sentence] = ()
    head: Sequence[str] = HEAD
    caption: str = ""
    rows: Sequence[TestRow] = ()


def build_recommendation_view(results: ShownResults) -> RecommendationView | None:
    """Give what the page says first; None for results that were made without a recommendation."""
    found = results.get("recommendation")
    if found is not None:
        return _build_view(found)
    reason = results.get("missing", {}).get("recommendation")
    if reason is None:
        return None
    said = f"No share is recommended: {reason}."
    return RecommendationView(Sentence(said, [], "recommendation"))


def _build_view(found: Recommendation) -> RecommendationView:
    tested = [(region, each) for region, each in found["regions"].items() if each["tests"]]
    evidence = [Evidence(_anchor(region, each["tests"][-1]), "test") for region, each in tested]
    return RecommendationView(
        sentence=Sentence(
            found["sentence"], [Evidence("recommendation", "tests")], "recommendation"
        ),
        details=[
            Sentence(text, [own], "recommendation")
            for text, own in zip(found["details"], evidence, strict=True)
        ],
        caption=_describe_rules(found),
        rows=[row for region, each in tested for row in _iterate_rows(region, each, found)],
    )


def _describe_rules(found: Recommendation) -> str:
    return (
        "Mean Dice on the test images less that of training without synthetic images, paired by "
        "case and training. In each region a share is tested only where all smaller ones passed. "
        f"It passes where the lower bound lies above −{found['margin']:g} and rare failures could "
        "not change that. p is that of a loss of the margin or more. Verdicts are at the one-sided "
        f"level {found['level']:.0%}. What would decide supposes that there is no difference."
    )


def _iterate_rows(
    region: str, found: RegionRecommendation, every: Recommendation
) -> Iterator[TestRow]:
    for test in found["tests"]:
        last = test["alpha"] == found["stopped_at"]
        yield TestRow(
            anchor=_anchor(region, test),
            cells=[
                f"{region}, {name_share(test['alpha'])}",
                f"{test['alpha']:g}",
                str(test["cases"]),
                str(every["seeds"]),
                format_signed(test["difference"]),
                _format_bounds(test),
                format_probability(test["p"]),
                f"{test['verdict']}: {test['reason']}" if test["reason"] else test["verdict"],
                _format_needed(found["needed"]) if last else "",
            ],
        )


def _format_bounds(test: ShareTest) -> str:
    if test["low"] is None or test["high"] is None:
        return "none"
    return format_bounds((test["low"], test["high"]))


def _format_needed(needed: Needed | None) -> str:
    if needed is None:
        return ""
    if needed["cases"] is None:
        return "no number of cases"
    return f"{needed['cases']} cases, {needed['seeds']} trainings"


def _anchor(region: str, test: ShareTest) -> str:
    return f"recommendation-{region}-{test['alpha']:g}"
