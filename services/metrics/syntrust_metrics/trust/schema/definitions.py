"""What `GET /trust-factors` answers: the definitions as data."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from syntrust_metrics.trust.schema.answer import (
    Definition,
    EmptyRule,
    EquivalenceVerdict,
    Policy,
    ScoreDefinition,
    ScorePart,
)

Direction = Literal["higher is better", "lower is better"]
FactorName = Literal["t1", "t2", "t3", "t4", "t5"]
CompanionName = Literal[
    "t2_regions",
    "t2_within",
    "correlation",
    "concordance",
    "t3_shuffled",
    "bias",
    "limits",
    "t4_shuffled",
    "mean",
    "sd",
    "iqr",
]


class QuantityDefinition(TypedDict):
    """What one quantity of an answer is."""

    name: str
    """Its name in words."""

    path: str
    """Where it stands in an answer; {side} and {region} stand for the names."""

    formula: str
    """How it is computed."""

    range: list[float | None]
    """Lowest and highest value; an open end is null."""

    direction: Direction | None
    """Which way is better; null where neither is."""

    undefined_when: str
    """When it has no value."""

    interval: str | None
    """How its interval is computed and where an end is open; null where it has none."""

    citation: str | None
    """Where it comes from; null where it is our own."""


class EquivalenceDefinition(TypedDict):
    """How equivalence of both test sets is tested."""

    path: str
    """Where it stands in an answer."""

    formula: str
    """How it is computed."""

    verdicts: dict[EquivalenceVerdict, str]
    """What each verdict says."""

    undefined_when: str
    """When there is no test."""

    withheld_when: str
    """When `equivalent` is not given although the test would."""

    overall: str
    """What the test of the case's mean is."""

    every_region: str
    """What the verdict on all regions is."""

    citation: str
    """Where the tests come from."""


class ScorePartDefinition(TypedDict):
    """What one part of the score is."""

    path: str
    """Where it stands in an answer."""

    formula: str
    """How it is computed."""

    range: list[float]
    """Lowest and highest value."""


class ScoreFormula(TypedDict):
    """How the score is computed."""

    definition: ScoreDefinition
    """The version of the formula."""

    path: str
    """Where it stands in an answer."""

    formula: str
    """How it is computed from its parts."""

    range: list[float]
    """Lowest and highest value."""

    direction: Direction
    """Which way is better."""

    undefined_when: str
    """When it has no value."""

    parts: dict[ScorePart, ScorePartDefinition]
    """What each part is."""

    citation: None
    """Null: the score is our own."""


class RequestLimits(TypedDict):
    """How much one request may hold."""

    cases: int
    """Entries of `cases`."""

    regions: int
    """Regions of a case."""

    seeds: int
    """Training seeds."""

    groups: int
    """Groups of cases."""

    cases_x_resamples: int
    """Entries of `cases` times resamples."""

    seeds_x_regions_x_resamples: int
    """Training seeds times regions times resamples."""


class TrustDefinitions(TypedDict):
    """Everything that an answer of `POST /trust-score` holds, as data."""

    definition: Definition
    """The version of the formulas."""

    factors: dict[FactorName, QuantityDefinition]
    """The trust factors."""

    companions: dict[CompanionName, QuantityDefinition]
    """What must be read beside the factors."""

    equivalence: EquivalenceDefinition
    """How equivalence of both test sets is tested."""

    score: ScoreFormula
    """How the score is computed."""

    empty_regions: dict[Literal["null"] | EmptyRule, str]
    """What an empty region is and what each policy makes of it."""

    policy: Policy
    """The policy with its defaults."""

    limits: RequestLimits
    """How much one request may hold."""
