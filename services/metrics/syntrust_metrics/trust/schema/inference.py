"""What an experiment over α is tested for: against α = 1, over α, and for the paper's claims."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from syntrust_metrics.trust.schema.answer import EquivalenceVerdict, EveryRegionVerdict
from syntrust_metrics.trust.schema.base import Scope
from syntrust_metrics.trust.schema.estimates import Estimate, IntervalEstimate

NonInferiorityVerdict = Literal["non-inferior", "inferior", "inconclusive"]
EveryRegionNonInferiority = Literal["non-inferior", "not every region", "inferior", "inconclusive"]
TrendVerdict = Literal["rising", "falling", "undecided"]
LowestVerdict = Literal["lowest", "undecided"]
ClaimVerdict = Literal["holds", "fails", "undecided"]
ClaimId = Literal[
    "t1_meets_in_the_middle",
    "t2_higher_on_synthetic",
    "t3_order",
    "t3_falls",
    "t4_lowest_for_ed",
    "t4_lowest_in_the_middle",
    "t4_order_at_zero",
    "t5_lower_on_synthetic",
    "t5_stable",
    "t5_equal_for_ed",
]


class PairedTest(TypedDict):
    """A test of the mean paired difference of Dice against the margin."""

    p: float | None
    """p value of the favourable verdict, unadjusted."""

    power: float | None
    """Chance of the favourable verdict if the true difference is 0, in [0, 1]."""

    reason: str | None
    """What withheld a verdict where it is inconclusive, else null. Results of `rajababu2025/1` give
    null where the interval reaches past the margin."""


class NonInferiorityOutcome(PairedTest):
    """Whether the model is not worse than the other by the margin."""

    verdict: NonInferiorityVerdict
    """`inconclusive` is no finding of no difference."""


class EquivalenceOutcome(PairedTest):
    """Whether the model is neither worse nor better than the other by the margin."""

    verdict: EquivalenceVerdict
    """`inconclusive` is no finding of no difference."""


class Comparison(TypedDict):
    """One region of two models on the same real test images."""

    difference: float | None
    """Mean Dice of the model minus that of the other, in [-1, 1]; above 0 the model is better."""

    ci90: list[float] | None
    """Low and high end of the 90 % interval of `difference`, unadjusted."""

    excludes_zero: NotRequired[bool | None]
    """Whether `ci90` excludes a difference of 0, which no verdict says; null without an interval.
    Left out in results of `rajababu2025/1`."""

    non_inferiority: NonInferiorityOutcome
    """Whether the model is not worse."""

    equivalence: EquivalenceOutcome
    """Whether the two are about equal."""


class ComparisonVerdicts(TypedDict):
    """What holds for every region at once.

    `not every region` is that those of the list are inferior, or different, and not all regions
    are. Results of `rajababu2025/1` call it `inferior` or `different` where one region is.
    """

    non_inferiority: EveryRegionNonInferiority
    """Whether the model is not worse in any region."""

    equivalence: EveryRegionVerdict
    """Whether the two are about equal in every region."""

    inferior_regions: NotRequired[list[str]]
    """The regions in which the model is inferior. Left out in results of `rajababu2025/1`."""

    different_regions: NotRequired[list[str]]
    """The regions in which the two differ. Left out in results of `rajababu2025/1`."""


class ModelComparison(TypedDict):
    """A model beside another one on the same real test images, paired by case and seed."""

    margin: float
    """The margin in Dice that the tests use."""

    cases: int
    """How many cases were compared."""

    seeds: int
    """How many training seeds were compared."""

    scope: Scope
    """Whether training noise is measured, which takes two seeds."""

    regions: dict[str, Comparison]
    """By region; each verdict is adjusted by Holm over the regions."""

    overall: Comparison
    """Of the case's mean Dice over its regions, alone."""

    every_region: ComparisonVerdicts
    """What holds for every region at once."""


class CurvePoint(TypedDict):
    """The gap of T1 at one α."""

    alpha: float
    """Share of real data in training, in [0, 1]."""

    difference: Estimate
    """T1 on real minus T1 on synthetic test images, in [-1, 1]; closer to 0 is better."""


class Crossing(TypedDict):
    """A change of sign of the gap of T1."""

    alpha: float
    """Where the gap is 0, by linear interpolation."""

    between: list[float]
    """The two α that were measured on either side."""


class Kendall(TypedDict):
    """Kendall's rank test of a factor against α."""

    tau: float
    """Rank correlation, in [-1, 1]; above 0 the factor rises."""

    p: float
    """Exact two-sided p value."""


class Trend(TypedDict):
    """Whether a factor rises or falls as α grows."""

    verdict: TrendVerdict
    """`undecided` where training noise could explain the curve or is not measured."""

    slope: float | None
    """Change per unit of α, mean over training seeds."""

    ci: list[float] | None
    """Low and high end of the slope's t interval over training seeds; null below three seeds."""

    kendall: Kendall | None
    """The test that decides with one or two seeds and at least five α; else null."""

    reason: str | None
    """Why it is undecided, else null."""


class TrendBySide(TypedDict):
    """A trend for each test set."""

    real: Trend
    """On the real test set."""

    synthetic: Trend
    """On the synthetic test set."""


class Trends(TypedDict):
    """The trend of each factor that the curve describes."""

    difference: Trend
    """Of T1 on real minus T1 on synthetic test images."""

    t1: TrendBySide
    """Of T1 on each test set."""

    t3: dict[str, Trend]
    """Of T3 by region."""

    t4: dict[str, Trend]
    """Of T4 by region."""


class LowestT4(TypedDict):
    """The α at which T4 of one region is lowest."""

    verdict: LowestVerdict
    """`undecided` where training noise could explain it or is not measured."""

    alpha: float | None
    """The α with the lowest T4; null where T4 is undefined at some α."""

    reason: str | None
    """Why it is undecided, else null."""


class AlphaCurve(TypedDict):
    """An experiment over α."""

    seeds: int
    """How many training seeds there are."""

    points: list[CurvePoint]
    """The gap of T1 at each α, ascending."""

    crossings: list[Crossing]
    """Every change of sign of the gap."""

    alpha_star: IntervalEstimate
    """The α at which T1 of both test sets meet, if they do exactly once."""

    trend: Trends
    """Whether factors rise or fall as α grows."""

    lowest_t4: dict[str, LowestT4]
    """By region, the α at which T4 is lowest."""


class ClaimNumbers(TypedDict):
    """What one comparison measured. It has the numbers of its own test alone."""

    comparison: str
    """What is compared, as text."""

    alpha: NotRequired[float | list[float]]
    """The α of the comparison, or the two α that are compared."""

    difference: NotRequired[float | None]
    """First minus second quantity of the comparison, in its unit."""

    ci: NotRequired[list[float] | None]
    """Low and high end of the interval of the difference or slope at the policy's confidence."""

    ci90: NotRequired[list[float] | None]
    """Low and high end of the 90 % interval of the difference."""

    p: NotRequired[float | None]
    """p value of equivalence."""

    slope: NotRequired[float | None]
    """Change per unit of α, mean over training seeds."""

    kendall: NotRequired[Kendall | None]
    """Kendall's rank test of the factor against α."""


class ClaimComparison(ClaimNumbers):
    """One comparison that a claim rests on."""

    verdict: ClaimVerdict
    """What this comparison says of the claim."""

    reason: str | None
    """Why it says no more, else null."""


class Claim(TypedDict):
    """A claim of the paper, tested on the experiment at hand."""

    id: ClaimId
    """Name of the claim; stable."""

    claim: str
    """The claim as a sentence."""

    verdict: ClaimVerdict
    """Whether the claim holds in this experiment."""

    reason: str | None
    """Why it fails or is undecided, else null."""

    numbers: list[ClaimComparison]
    """The comparisons that the verdict rests on."""
