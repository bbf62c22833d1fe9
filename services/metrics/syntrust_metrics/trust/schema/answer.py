"""What `POST /trust-score` answers."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from syntrust_metrics.trust.schema.base import Scope
from syntrust_metrics.trust.schema.estimates import (
    Bound,
    Estimate,
    EstimateBySide,
    EstimatesBySide,
)

Definition = Literal["rajababu2025/1", "rajababu2025/2"]
ScoreDefinition = Literal["syntrust/1"]
ScorePart = Literal["s0", "s1", "s2", "s3", "s4", "s5"]
EquivalenceVerdict = Literal["equivalent", "different", "inconclusive"]
EveryRegionVerdict = Literal["equivalent", "not every region", "different", "inconclusive"]
EmptyRule = Literal["brats", "drop", "zero"]
WarningCode = Literal[
    "one_case",
    "no_interval",
    "low_n",
    "zero_policy",
    "false_positives_dropped",
    "mixed_pairs",
    "ungrouped_cases",
]


class Factors(TypedDict):
    """The five trust factors."""

    t1: EstimateBySide
    """Mean Dice over cases of the case's mean over its regions, in [0, 1]; higher is better."""

    t2: EstimateBySide
    """One minus the standard deviation over cases of the case's mean Dice over its regions, in
    [0.5, 1] at ddof 0; higher is better."""

    t3: dict[str, Estimate]
    """Cosine similarity of real and synthetic Dice over cases, by region, in [0, 1]; higher is
    better. Read it beside `companions.t3`."""

    t4: dict[str, Estimate]
    """Mean absolute difference of real and synthetic Dice over cases, by region, in [0, 1]; lower
    is better. Read it beside `companions.t4`."""

    t5: EstimatesBySide
    """Standard deviation over mean of Dice over cases, by region, 0 or above; lower is better.
    Read it beside `companions.t5`."""


class Agreement(TypedDict):
    """What to read beside T3 of one region."""

    correlation: Estimate
    """Pearson's correlation of real and synthetic Dice, in [-1, 1]; higher is better."""

    concordance: Estimate
    """Lin's concordance of real and synthetic Dice, in [-1, 1]; higher is better."""

    shuffled: float | None
    """T3 if pairing meant nothing. A T3 no higher than this shows no agreement case by case."""


class Difference(TypedDict):
    """What to read beside T4 of one region."""

    bias: Estimate
    """Mean of real minus synthetic Dice, in [-1, 1]; closer to 0 is better."""

    limits: list[float] | None
    """Low and high Bland-Altman limits of real minus synthetic Dice; null where undefined."""

    shuffled: float | None
    """T4 if pairing meant nothing. A T4 no lower than this shows no agreement case by case."""


class Moments(TypedDict):
    """What to read beside T5 of one region and test set."""

    mean: float | None
    """Mean Dice over cases, in [0, 1]; higher is better."""

    sd: float | None
    """Standard deviation of Dice over cases, 0 or above; lower is better."""

    iqr: float | None
    """Interquartile range of Dice over cases, in [0, 1]; lower is better."""


class MomentsBySide(TypedDict):
    """Moments by region for each test set."""

    real: dict[str, Moments]
    """By region, on the real test set."""

    synthetic: dict[str, Moments]
    """By region, on the synthetic test set."""


class Companions(TypedDict):
    """What must be read beside T2 to T5, because the factors alone mislead."""

    t2_regions: EstimateBySide
    """One minus the standard deviation over regions of their mean Dice, in [0.5, 1]; higher is
    better."""

    t2_within: EstimateBySide
    """One minus the mean over cases of the standard deviation over the case's regions, in
    [0.5, 1]; higher is better."""

    t3: dict[str, Agreement]
    """By region, beside T3."""

    t4: dict[str, Difference]
    """By region, beside T4."""

    t5: MomentsBySide
    """By region and test set, beside T5."""


class EquivalenceTest(TypedDict):
    """Two one-sided paired t tests of real minus synthetic Dice against the margin."""

    verdict: EquivalenceVerdict
    """`equivalent`: the 90 % interval lies inside the margin. `different`: it lies outside.
    `inconclusive`: neither, which is no finding of no difference."""

    difference: float | None
    """Mean over cases of real minus synthetic Dice, in [-1, 1]; closer to 0 is better."""

    ci90: list[float] | None
    """Low and high end of the 90 % interval of `difference`, unadjusted."""

    p: float | None
    """p value of equivalence, unadjusted."""

    power: float | None
    """Chance to find equivalence if the true difference is 0, in [0, 1]; higher is better."""

    excludes_zero: NotRequired[bool | None]
    """Whether `ci90` excludes a difference of 0, which no verdict says; null without an interval.
    Left out in answers of `rajababu2025/1`."""

    reason: str | None
    """What withheld a verdict where it is inconclusive, else null. Answers of `rajababu2025/1` give
    null where the interval reaches past the margin."""


class Equivalence(TypedDict):
    """Whether synthetic test images give the Dice that real ones give."""

    margin: float
    """The margin in Dice that the tests use."""

    regions: dict[str, EquivalenceTest]
    """By region; each verdict is adjusted by Holm over the regions."""

    overall: EquivalenceTest
    """Of the case's mean Dice over its regions, alone."""

    every_region: EveryRegionVerdict
    """`equivalent`: every region is, which needs no adjustment. `not every region`: those of
    `different_regions` are different. `different`: all are; in answers of `rajababu2025/1`, at
    least one. `inconclusive`: neither is shown."""

    different_regions: NotRequired[list[str]]
    """The regions whose verdict is `different`. Left out in answers of `rajababu2025/1`."""


class Score(TypedDict):
    """One number out of the factors. Never read it without them."""

    definition: ScoreDefinition
    """The version of the formula."""

    parts: dict[ScorePart, float | None]
    """The six parts, each in [0, 1]; higher is better."""

    value: float | None
    """100 times the geometric mean of the parts, in [0, 100]; higher is better. It is null where
    a part is undefined."""

    ci: list[float] | None
    """Low and high end of the interval at the policy's confidence; null where there is none or an
    end is open."""

    bound: NotRequired[Bound]
    """The end that is bounded where the other is open. Left out elsewhere."""

    scope: NotRequired[Scope | None]
    """What the interval speaks of. Left out in answers of `rajababu2025/1`."""

    seed_sd: NotRequired[float | None]
    """Standard deviation of the score over training seeds; null with one seed. Left out in answers
    of `rajababu2025/1`."""

    weakest: ScorePart | None
    """The lowest part."""

    reason: str | None
    """Why the score or its interval is missing, else null."""


class CountBySide(TypedDict):
    """Cases counted for each test set."""

    real: int
    """On the real test set."""

    synthetic: int
    """On the synthetic test set."""


class Counts(TypedDict):
    """How many cases of one region were used, left out, empty or missed."""

    used: int
    """Cases that entered the factors."""

    dropped: int
    """Cases that the policy `drop` left out."""

    empty: int
    """Cases with reference and both predictions empty."""

    mixed: int
    """Cases with an empty reference and a false positive on one side alone."""

    missed: CountBySide
    """Cases with a Dice of 0, or below 1e-6, where the reference is not known to be empty."""

    false_positive: CountBySide
    """Cases with a prediction where the reference is empty."""


class Sensitivity(TypedDict):
    """T3 and T4 under another policy for empty regions."""

    empty: Literal["drop"]
    """The other policy: pairs with an empty reference are left out."""

    t3: dict[str, Estimate]
    """Cosine similarity by region; higher is better."""

    t4: dict[str, Estimate]
    """Mean absolute difference by region; lower is better."""


class Group(TypedDict):
    """The factors of one group of cases."""

    cases: int
    """How many cases the group has."""

    factors: Factors | None
    """Its factors; null with fewer than 20 cases."""

    reason: str | None
    """Why it has no factors, else null."""


class TrustWarning(TypedDict):
    """What a reader must know before believing the factors."""

    code: WarningCode
    """What it is about; stable."""

    detail: str
    """The same as a sentence."""


class Policy(TypedDict):
    """How the scores were read, with every default written out."""

    empty: EmptyRule
    """What a null Dice counts as: `brats` 1, `zero` 0, and `drop` leaves the pair out."""

    ddof: int
    """The standard deviation: 0 of the population, 1 of a sample."""

    confidence: float
    """Level of every interval, in [0.5, 1)."""

    resamples: int
    """Bootstrap draws. Below 100 there is no interval."""

    seed: int
    """Seed of the bootstrap."""

    margin: float
    """Equivalence margin in Dice."""


class TrustContent(TypedDict):
    """An answer without its digest."""

    definition: Definition
    """The version of the formulas."""

    cases: int
    """How many distinct cases there are."""

    regions: list[str]
    """The regions, sorted."""

    factors: Factors
    """T1 to T5, averaged over training seeds."""

    companions: Companions
    """What must be read beside the factors."""

    equivalence: Equivalence
    """Whether real and synthetic test images give the same Dice within a margin."""

    score: Score
    """One number out of the factors."""

    counts: dict[str, Counts]
    """By region, how many cases were used, left out, empty or missed."""

    sensitivity: Sensitivity | None
    """T3 and T4 under `drop`, where empty references decide the result; else null."""

    groups: dict[str, Group]
    """By group, the factors of its cases."""

    warnings: list[TrustWarning]
    """What a reader must know before believing the factors."""

    policy: Policy
    """How the scores were read."""


class TrustAnswer(TrustContent):
    """All that can be said of per-case Dice scores on real and synthetic images."""

    digest: str
    """SHA-256 of the canonical JSON of all the other keys, as `sha256:` and 64 hex digits."""
