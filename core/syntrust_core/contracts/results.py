"""What steps write and the REST API hands out, as types. Plain JSON objects at run time.

The text below a key is its description in OpenAPI. The trust factors have types of their own in
`syntrust_metrics.trust.schema`; `syntrust_metrics.experiment.schema` joins both into the results of
an experiment.
"""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from syntrust_core.contracts.vocabulary import Modality

Area = Literal["brain", "healthy", "ET", "ED", "NCR"]
Feature = Literal["mean", "sd", "skewness", "kurtosis", "p10", "median", "p90"]
FidelityMeasure = Literal[
    "scope", "ms_ssim", "psnr", "histogram", "contrast", "features", "mmd", "diversity"
]
PrivacyMeasure = Literal["residual", "features", "p", "above", "verdict"]
PrivacyVerdict = Literal["memorisation", "no sign", "undecided"]


class Mix(TypedDict):
    """What the models of an arm were trained on."""

    n_real: int
    """How many real images."""

    n_synthetic: int
    """How many twins."""

    realised: float
    """Share of real images, in [0, 1]; α rounded to whole images."""

    anatomies: int
    """How many distinct cases."""

    seed: int
    """The training seed whose ids are listed; each seed draws anew."""

    real_ids: list[str]
    """Cases that were real images, sorted."""

    synthetic_ids: list[str]
    """Cases that were twins, sorted."""

    same_as: list[float]
    """Other α with the same trainings, which are computed once."""


class MeasureDefinition(TypedDict):
    """What one kind of number about twins is."""

    text: str
    """How it is measured."""

    unit: str | None
    """Its unit; null where it has none."""

    range: str | None
    """Its lowest and highest value, as text; null where it is open."""

    direction: str | None
    """Which way is better, as text; null where neither is."""


class MeanOverCases(TypedDict):
    """A mean over cases with its t interval."""

    value: float | None
    """The mean; null where no case has a value."""

    ci: list[float] | None
    """Low and high end of the 95 % interval; null below three cases."""

    sd: float | None
    """Standard deviation over cases; null below three cases."""

    n: int
    """How many cases have a value."""

    reason: str | None
    """Why there is no mean, else null."""


MeansByArea = dict[Modality, dict[Area, MeanOverCases]]


class ContrastMeans(TypedDict):
    """How much a lesion stands out, in standard deviations of healthy tissue."""

    real: MeanOverCases
    """In real images."""

    synthetic: MeanOverCases
    """In twins."""

    difference: MeanOverCases
    """Twin minus real image, paired by case; closer to 0 is better."""


class FeatureDistance(TypedDict):
    """How far a first-order feature of twins lies from that of real images."""

    distance: float | None
    """Wasserstein-1 distance in standard deviations over both, 0 or above; lower is better."""

    real: float | None
    """Mean of the feature over real images."""

    synthetic: float | None
    """Mean of the feature over twins."""

    n: int
    """How many cases were compared."""

    reason: str | None
    """Why there is no distance, else null."""


class Discrepancy(TypedDict):
    """Squared maximum mean discrepancy of real images and twins over all features of an area."""

    value: float | None
    """The unbiased estimate, which may lie below 0; lower is better."""

    ci: list[float] | None
    """Low and high end of the 95 % jackknife interval over cases."""

    p: float | None
    """p value of equal distributions, by swaps within pairs."""

    bandwidth: float | None
    """Bandwidth of the Gaussian kernel, in standard deviations of the features."""

    n: int | None
    """How many cases were compared."""

    reason: str | None
    """Why there is no value, else null."""


class TwinDiversity(TypedDict):
    """How several twins of one label map differ."""

    cases: int
    """How many cases have several twins."""

    sd: MeansByArea
    """Voxelwise standard deviation over twins in z-scores, by modality and area; higher is more
    diverse."""

    ms_ssim: dict[Modality, MeanOverCases]
    """Structural similarity of neighbouring twins by modality, at most 1; lower is more diverse."""


class Fidelity(TypedDict):
    """How faithful twins are, by modality and area."""

    cases: int
    """How many cases have a twin."""

    seen: int
    """Those of them that the generator was trained on."""

    outside_view: int
    """Brain voxels that the generator does not draw."""

    tumour_outside_view: int
    """Those of them that are tumour."""

    ms_ssim: MeansByArea
    """Structural similarity to the real image, at most 1; nearness to the source is no merit."""

    psnr: MeansByArea
    """Peak signal-to-noise ratio in dB; nearness to the source is no merit."""

    histogram: MeansByArea
    """Wasserstein-1 distance of intensities, in shares of the range; lower is better."""

    contrast: dict[Modality, dict[Area, ContrastMeans]]
    """How much a lesion stands out."""

    features: dict[Modality, dict[Area, dict[Feature, FeatureDistance]]]
    """Distance of each first-order feature."""

    mmd: dict[Area, Discrepancy]
    """Discrepancy over all modalities and features, by area."""

    diversity: TwinDiversity | None
    """How several twins of one case differ; null where no case has several."""

    definitions: dict[FidelityMeasure, MeasureDefinition]
    """What each kind of number is."""


class ShareAbove(TypedDict):
    """How many seen sources resemble their twins more than nearly all unseen ones do."""

    value: float | None
    """Share of seen sources above the 95th percentile of unseen ones, in [0, 1]; lower is
    better."""

    ci: list[float] | None
    """Low and high end of Wilson's 95 % interval."""

    expected: float
    """The share that is expected without memorisation."""


class SimilarityTest(TypedDict):
    """Whether twins resemble seen sources more than unseen ones, by one measure of similarity."""

    seen_mean: float | None
    """Mean similarity to sources that the generator was trained on."""

    unseen_mean: float | None
    """Mean similarity to sources that it has never seen."""

    difference: float | None
    """Seen minus unseen mean; above 0 is a sign of memorisation."""

    p: float | None
    """One-sided p value of the permutation test."""

    above: ShareAbove
    """Share of seen sources above nearly all unseen ones."""

    reason: str | None
    """Why there is no test, else null."""


class MemorisationTest(SimilarityTest):
    """The same with its p value adjusted."""

    p_holm: float | None
    """The p value, adjusted by Holm over the measures of similarity."""


class Embeddings(TypedDict):
    """The test by each measure of similarity."""

    residual: MemorisationTest
    """By the correlation of healthy tissue less its mean."""

    features: MemorisationTest
    """By the distance of first-order features of healthy tissue."""


class Privacy(TypedDict):
    """Whether twins repeat what the generator was trained on."""

    seen: int
    """Sources that the generator was trained on."""

    unseen: int
    """Sources that it has never seen."""

    embeddings: Embeddings
    """The test by each measure of similarity."""

    verdict: PrivacyVerdict
    """`no sign` is no proof of privacy."""

    reason: str | None
    """Why it is undecided, else null."""

    definitions: dict[PrivacyMeasure, MeasureDefinition]
    """What each kind of number is."""


class TwinSummary(TypedDict):
    """How faithful the twins of an experiment are, and whether they are copies."""

    fidelity: Fidelity
    """How faithful they are."""

    privacy: Privacy
    """Whether they repeat what the generator was trained on."""
