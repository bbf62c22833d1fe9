"""The results of an experiment as types: `results.json`, without what the gateway adds.

They join the types of the trust factors with those of `syntrust_core.contracts.results`. Loads
types alone, so that the gateway can describe its answers.
"""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from syntrust_core.contracts.report import Control
from syntrust_core.contracts.results import Mix, TwinSummary
from syntrust_metrics.experiment.floor_schema import NoiseFloors
from syntrust_metrics.trust.schema.answer import Counts, Definition, Group, TrustAnswer
from syntrust_metrics.trust.schema.estimates import Estimate
from syntrust_metrics.trust.schema.inference import AlphaCurve, Claim, ModelComparison
from syntrust_metrics.trust.schema.recommendation import Recommendation
from syntrust_metrics.trust.schema.request import ScoredCase


class SeedResult(TypedDict):
    """The model of one training seed."""

    seed: int
    """The training seed."""

    real_ids: list[str]
    """Cases whose real image it was trained on, sorted."""

    synthetic_ids: list[str]
    """Cases whose twin it was trained on, sorted."""

    cases: list[ScoredCase]
    """Its scores by test case, as `POST /trust-score` takes them."""

    trust: TrustAnswer
    """What `POST /trust-score` answers to them."""


class Arm(TypedDict):
    """The models that were trained on one share α of real data."""

    alpha: float
    """Share of real data in training, in [0, 1]."""

    mix: Mix
    """What they were trained on."""

    seeds: list[SeedResult]
    """The model of each training seed."""

    trust: TrustAnswer
    """The trust factors over all seeds. Factors are averaged, Dice is not."""

    counts: NotRequired[dict[str, Counts]]
    """By region, the counts of `trust` with every Dice of 0 told apart by the reference volume: a
    miss, or a false positive where the reference lacks the region. Results of earlier releases
    lack it."""

    versus_real: ModelComparison | None
    """Beside the models of α = 1 on real test images; null at α = 1 or without that one. Only
    this supports a sentence about clinical performance."""

    reason: NotRequired[str]
    """Which of its training seeds are missing, and why; absent where none is."""


class MissingArm(TypedDict):
    """A share α of real data without any result, because steps have failed."""

    alpha: float
    """Share of real data in training, in [0, 1]."""

    mix: None
    """No model was trained and scored."""

    seeds: list[SeedResult]
    """Empty."""

    trust: None
    """There is none."""

    versus_real: None
    """There is none."""

    reason: str
    """Why, for each training seed."""


class ControlArm(TypedDict):
    """The models of a control: what the mixes are to be read against."""

    control: Control
    """Which control."""

    alpha: float | None
    """The α whose mix it is a control of; null where it is not one of an α."""

    iterations: int | None
    """Iterations of each training."""

    reason: str | None
    """Why it cannot be trained; then `seeds` is empty and the rest null."""

    mix: Mix | None
    """What they were trained on."""

    seeds: list[SeedResult]
    """The model of each training seed."""

    trust: TrustAnswer | None
    """The trust factors over all seeds."""

    counts: NotRequired[dict[str, Counts] | None]
    """By region, the counts of `trust` with every Dice of 0 told apart by the reference volume: a
    miss, or a false positive where the reference lacks the region. Results of earlier releases
    lack it."""

    versus_real: ModelComparison | None
    """Beside the models of α = 1; null where they are the same trainings or there is no such α."""

    versus_mix: ModelComparison | None
    """Beside the mix of the same α: above 0 the control is better. It is null where they are the
    same trainings or there is no such mix."""


class UnseenWarning(TypedDict):
    """What a reader must know of the results on unseen cases."""

    code: Literal["few_unseen"]
    """What it is about; stable."""

    detail: str
    """The same as a sentence."""


class Unseen(TypedDict):
    """The results without the test cases that the generator was trained on."""

    cases: int
    """How many test cases are left."""

    alphas: list[Arm]
    """The arm of each α; empty where no case is left."""

    warnings: list[UnseenWarning]
    """What a reader must know."""


class SizeCorrelation(Estimate):
    """Spearman's correlation of region volume and Dice, in [-1, 1]; above 0 large regions score
    higher.
    """

    cases: int
    """How many cases have the region."""


class SizeEffect(TypedDict):
    """Whether large regions score higher than small ones at one α."""

    alpha: float
    """Share of real data in training."""

    real: dict[str, SizeCorrelation]
    """By region, on the real test set."""

    synthetic: dict[str, SizeCorrelation]
    """By region, on the synthetic test set."""


class VolumeGroups(TypedDict):
    """The factors of small to large tumours at one α."""

    alpha: float
    """Share of real data in training."""

    groups: dict[str, Group]
    """From "1", the smallest tumours, to "5"."""


class VolumeQuintiles(TypedDict):
    """The factors of each fifth of the test cases by volume of the whole tumour."""

    edges_ml: list[float]
    """The six bounds of the fifths in ml; empty with fewer than 100 test cases."""

    alphas: list[VolumeGroups]
    """For each α; empty with fewer than 100 test cases."""

    reason: str | None
    """Why there are none, else null."""


class ResultsBase(TypedDict):
    """What complete and partial results have in common."""

    definition: Definition
    """The version of the formulas of the trust factors."""

    dataset: str
    """Digest of the dataset's content."""

    controls: list[ControlArm]
    """The control arms by kind, then by α."""

    floors: NoiseFloors
    """What T3 and T4 are when images or trainings are merely drawn again."""

    size: list[SizeEffect]
    """Whether large regions score higher, for each α."""

    by_volume: VolumeQuintiles
    """The factors of small to large tumours."""

    twins: TwinSummary | None
    """How faithful the twins are, and whether they are copies; null where none was compared."""


class ResultsParts(ResultsBase):
    """Results without what is said over all α."""

    alphas: list[Arm]
    """The arm of each α, ascending, on the regions ET, ED and NCR."""

    unseen: Unseen | None
    """The same without test cases that the generator was trained on; null where it saw none."""

    nested: list[Arm]
    """The arm of each α on the regions TC and WT."""


class OverAlpha(TypedDict):
    """What is said over all α."""

    recommendation: NotRequired[Recommendation]
    """The largest share of synthetic images that is shown to do no harm; absent from results of
    releases that made none."""

    curve: AlphaCurve
    """The experiment over α."""

    claims: list[Claim]
    """Each claim of the paper, tested on this experiment."""


class ResultsContent(ResultsParts, OverAlpha):
    """Results without their digest."""


class Results(ResultsContent):
    """What an experiment found."""

    digest: str
    """SHA-256 of the canonical JSON of all the other keys, as `sha256:` and 64 hex digits; also
    without `experiment` and `provenance`."""


class MissingSeed(TypedDict):
    """A training without scores."""

    control: Control | None
    """The control that it belongs to; null where it is one of a mix."""

    alpha: float | None
    """Share of real data in training; null where the control belongs to no α."""

    seed: int
    """The training seed."""

    reason: str
    """Which step failed, and how."""


class MissingTwin(TypedDict):
    """A case whose twins were not drawn or not compared."""

    case: str
    """Id of the case."""

    reason: str
    """Which step failed, and how."""


class MissingParts(TypedDict):
    """What partial results lack."""

    trainings: list[MissingSeed]
    """Trainings without scores: those of mixes by α and seed, then those of controls."""

    twins: list[MissingTwin]
    """Cases without a comparison of their twins."""

    second_twins: str | None
    """Why second twins were not scored, else null."""

    recommendation: NotRequired[str | None]
    """Why no share is recommended, else null; absent from results of releases that made none."""


class PartialContent(ResultsBase):
    """Partial results without their digest."""

    alphas: list[Arm | MissingArm]
    """The arm of each α that was asked for, ascending, on the regions ET, ED and NCR."""

    unseen: PartialUnseen | None
    """The same without test cases that the generator was trained on; null where it saw none."""

    nested: list[Arm | MissingArm]
    """The arm of each α on the regions TC and WT."""

    recommendation: NotRequired[Recommendation | None]
    """The largest share of synthetic images that is shown to do no harm; null where a mix lacks a
    training, and absent from results of releases that made none."""

    curve: AlphaCurve | None
    """The experiment over α; null where a mix lacks a training."""

    claims: list[Claim] | None
    """Each claim of the paper; null where a mix lacks a training."""

    partial: Literal[True]
    """Steps of the experiment have failed. Complete results lack this key."""

    missing: MissingParts
    """What these results lack, and why."""


class PartialUnseen(TypedDict):
    """The results without the test cases that the generator was trained on."""

    cases: int
    """How many test cases are left."""

    alphas: list[Arm | MissingArm]
    """The arm of each α; empty where no case is left."""

    warnings: list[UnseenWarning]
    """What a reader must know."""


class PartialResults(PartialContent):
    """What is there of an experiment of which a step has failed."""

    digest: str
    """SHA-256 of the canonical JSON of all the other keys, as `sha256:` and 64 hex digits; also
    without `experiment` and `provenance`."""


class ShownResults(ResultsParts):
    """Complete or partial results as figures and report show them: with the arms that are there."""

    recommendation: NotRequired[Recommendation | None]
    curve: AlphaCurve | None
    claims: list[Claim] | None
    digest: str
    missing: NotRequired[MissingParts]
