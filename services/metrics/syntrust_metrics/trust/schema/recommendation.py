"""The recommendation: the largest share of synthetic images that is shown to do no harm."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

LossVerdict = Literal["not worse", "worse", "undecided"]
LossReason = Literal[
    "fewer than 10 cases",
    "fewer than 50 cases",
    "the bound lies beyond the margin",
    "rare large failures",
    "failures too rare to be seen",
]
RecommendationKind = Literal["recommendation", "these trained models", "no evidence"]


class ShareTest(TypedDict):
    """Whether one share of synthetic images did no harm in one region."""

    alpha: float
    """Share of real data in training, in [0, 1)."""

    cases: int
    """How many real test cases were compared."""

    difference: float | None
    """Mean Dice less that of real data alone, in [-1, 1]; above 0 synthetic data helps."""

    low: float | None
    """Lower one-sided 95 % bound of `difference`; null with fewer than ten cases."""

    high: float | None
    """Upper one-sided 95 % bound of `difference`."""

    p: float | None
    """One-sided p value of a true loss of at least the margin."""

    verdict: LossVerdict
    """`not worse`: a true loss of at least the margin is excluded. `worse`: it is shown."""

    reason: LossReason | None
    """Why it is undecided, else null."""


class Spread(TypedDict):
    """Standard deviations of the paired difference in Dice, by where they come from."""

    cases: float
    """Between test cases, the same for all trainings."""

    seeds: float | None
    """Between training seeds, the same for all cases; null with one seed."""

    rest: float | None
    """Of one case in one training, beside both; null with one seed."""


class Needed(TypedDict):
    """What would decide the share at which a region stopped, if it does no harm at all."""

    cases: int | None
    """Test cases; null where no number up to 10,000 would do."""

    seeds: int | None
    """Training seeds, at least as many as there were."""

    power: float | None
    """Chance that so many show no harm, if there is no difference at all; at least 0.8."""

    spread: Spread
    """The spread that was measured and is taken for the true one."""


class RegionRecommendation(TypedDict):
    """How far one region goes. It errs in one study of twenty at most, by itself."""

    kind: RecommendationKind
    """`these trained models` with fewer than three training seeds."""

    alpha: float | None
    """The lowest α that passed, with all above it; null where none did."""

    synthetic_share: float | None
    """1 - α of it: the largest share of synthetic images."""

    stopped_at: float | None
    """The first α that did not pass; null where all did."""

    reason: str | None
    """Why it did not pass, else null."""

    tests: list[ShareTest]
    """Each α that was tested, from the highest to the one that did not pass."""

    needed: Needed | None
    """What would decide `stopped_at`; null where all passed, harm is shown, or nothing is known."""


class AllRegionsRecommendation(TypedDict):
    """The share that every region allows. It errs in one study of twenty at most."""

    kind: RecommendationKind
    """`these trained models` with fewer than three training seeds."""

    alpha: float | None
    """The lowest α that every region passed; null where there is none."""

    synthetic_share: float | None
    """1 - α of it."""

    stopped_at: float | None
    """The first α that not every region passed; null where all did."""

    stopped_by: list[str]
    """The regions that did not pass it."""


class Recommendation(TypedDict):
    """The largest share of synthetic images whose model is not worse than real data alone."""

    procedure: Literal["syntrust-recommendation/1"]
    """The version of the rules."""

    sentence: str
    """The answer in one sentence."""

    details: list[str]
    """How far each region goes, what stopped it, and what would decide; a sentence each."""

    margin: float
    """The smallest loss of mean Dice that counts as harm."""

    level: float
    """The one-sided level of each test."""

    cases: int
    """How many real test cases there are."""

    seeds: int
    """How many training seeds there are."""

    reason: str | None
    """Why nothing could be tested, else null."""

    all_regions: AllRegionsRecommendation
    """What every region allows."""

    regions: dict[str, RegionRecommendation]
    """By region."""
