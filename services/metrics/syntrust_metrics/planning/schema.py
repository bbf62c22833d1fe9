"""What `POST /power` answers."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from syntrust_metrics.planning.design import Question
from syntrust_metrics.planning.sources import SourceKind
from syntrust_metrics.trust.schema.base import Scope

PlanWarningCode = Literal[
    "few_cases",
    "few_seeds",
    "seeds_not_measured",
    "few_measured_cases",
    "few_measured_seeds",
    "recommendation_takes_more",
    "assumed_correlation",
]


class RegionSpread(TypedDict):
    """How much paired differences of Dice spread, and because of what."""

    case_sd: float
    """Standard deviation between cases, in Dice; with one measured seed it holds the residual."""

    seed_sd: float | None
    """Standard deviation between training seeds, in Dice; null where one seed was measured."""

    residual_sd: float | None
    """Standard deviation of what neither explains, in Dice; null where one seed was measured."""

    alpha: float | None
    """The α that it was measured at: of several, the one with the widest error for the cases and
    seeds that were asked for. It is null where it is not of an experiment."""


class SpreadSource(TypedDict):
    """Where the spread comes from."""

    kind: SourceKind
    """An earlier experiment, a pilot table, published scores, or numbers of the caller."""

    detail: str
    """The same as a sentence."""

    experiment: str | None
    """Id of the experiment, if it is of one."""

    cases: int | None
    """How many cases were measured; null if the caller gave the numbers."""

    seeds: int | None
    """How many training seeds were measured; null if the caller gave the numbers."""

    correlation: float | None
    """The assumed correlation of two models' Dice over cases; null where both were measured."""

    regions: dict[str, RegionSpread]
    """By region."""

    overall: RegionSpread | None
    """Of the case's mean Dice over its regions; null if the caller gave the numbers."""


class PointPower(TypedDict):
    """What a number of test cases can show."""

    power: float
    """Chance that the question is answered with yes, in [0, 1], of this region alone."""

    detectable: float | None
    """Smallest margin, in Dice, that is met at the target power if there is no true difference.
    For non-inferiority it is also the smallest true loss that a one-sided test finds. It is null
    where even a margin of 1 is not met."""


class RegionPower(PointPower):
    """What a design can show of one region, and what it would take."""

    cases_needed: int | None
    """Fewest test cases that reach the target power with these seeds, at least 50. It is null
    where 100000 do not; then `reason` says why."""

    seeds_needed: int | None
    """Fewest training seeds that reach the target power with these test cases, at least 3. It is
    null where 100 do not, or the spread of seeds is unknown; then `reason` says why."""

    reason: str | None
    """Why a number is missing, else null."""


class CurvePower(TypedDict):
    """One point of the curve over test cases."""

    cases: int
    """Test cases."""

    regions: dict[str, PointPower]
    """By region."""

    overall: PointPower | None
    """Of the case's mean over its regions."""


class EveryRegionPower(TypedDict):
    """What holds for all regions at once."""

    power_at_least: float
    """A lower bound of the chance that every region is answered with yes, in [0, 1], however the
    regions depend on each other (Bonferroni)."""


class PlanWarning(TypedDict):
    """What a reader must know of a plan."""

    code: PlanWarningCode
    """What it is about; stable."""

    detail: str
    """The same as a sentence."""


class PowerAnswer(TypedDict):
    """What a number of test cases and training seeds can show."""

    question: Question
    """Whether a synthetic share is not worse than real data alone, or whether both test sets give
    the same Dice."""

    cases: int
    """Test cases."""

    seeds: int
    """Training seeds of each model."""

    margin: float
    """In Dice."""

    level: float
    """Level of each one-sided test."""

    target_power: float
    """The power that was asked for."""

    difference: float
    """The true difference that is assumed, in Dice."""

    scope: Scope
    """Whether the plan accounts for the spread of trainings."""

    spread: SpreadSource
    """How much differences spread, and where that comes from."""

    regions: dict[str, RegionPower]
    """By region."""

    overall: RegionPower | None
    """Of the case's mean over its regions; null if the caller gave the spread."""

    every_region: EveryRegionPower
    """Of all regions at once."""

    curve: list[CurvePower]
    """Power over test cases, ascending, with the seeds that were asked for."""

    warnings: list[PlanWarning]
    """What a reader must know."""
