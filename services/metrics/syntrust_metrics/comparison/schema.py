"""What `POST /comparisons` answers."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from syntrust_metrics.trust.schema.answer import Definition, Factors
from syntrust_metrics.trust.schema.estimates import IntervalEstimate

SettingValue = str | float | bool | list[str] | list[float] | None


class ComparedExperiment(TypedDict):
    """One of the experiments."""

    id: str
    """Its id."""

    name: str | None
    """The name that it was given."""

    digest: str
    """Digest of its results."""

    definition: Definition
    """The definition of the factors that its results follow. Values are the same in both; version
    1 has fewer intervals."""

    origin: Literal["patients", "phantoms"] | None
    """What its cases are: scans of patients, or phantoms; null where its release did not say."""

    test_cases: int
    """How many test cases it has."""

    seeds: list[int]
    """Its training seeds."""

    partial: bool
    """Steps of it have failed, so that some arms may be missing."""


class Setting(TypedDict):
    """A setting in which the experiments differ."""

    setting: str
    """JSON pointer into `spec`."""

    values: list[SettingValue]
    """Its value in each experiment, in their order; null where it has none. A long list is told by
    how many entries it has."""


class ComparedFactors(TypedDict):
    """The trust factors of one experiment at one α."""

    factors: Factors | None
    """The factors over all its seeds; null where it has none at this α."""

    reason: str | None
    """Why there are none, else null."""


class ComparedArm(TypedDict):
    """The experiments side by side at one α."""

    alpha: float
    """Share of real data in training, in [0, 1]."""

    experiments: list[ComparedFactors]
    """Of each experiment, in their order."""


class PairedDifferences(TypedDict):
    """Mean paired differences of Dice on one test set, each by itself: for several regions and α
    nothing is adjusted.
    """

    cases: int | None
    """How many cases are paired; null where none are."""

    seeds: int | None
    """How many training seeds are paired; null where none are."""

    regions: dict[str, IntervalEstimate] | None
    """By region: this experiment minus the first, in Dice, with its 95 % interval. Above 0 this
    one is better. It is null where cases or trainings are not the same."""

    overall: IntervalEstimate | None
    """The same of the case's mean over its regions."""

    reason: str | None
    """Why nothing is paired, else null."""


class PairedArm(TypedDict):
    """One experiment minus the first at one α."""

    experiment: str
    """Id of the experiment."""

    minus: str
    """Id of the first experiment."""

    alpha: float
    """Share of real data in training, which both have."""

    real: PairedDifferences
    """On the real test set."""

    synthetic: PairedDifferences
    """On the synthetic test set; paired only where the twins were drawn alike."""


class ComparisonAnswer(TypedDict):
    """Experiments side by side."""

    experiments: list[ComparedExperiment]
    """The experiments, as they were named. The first is what the others are compared with."""

    settings: list[Setting]
    """Every setting in which they differ."""

    alphas: list[ComparedArm]
    """Trust factors at each α of any of them, ascending."""

    differences: list[PairedArm]
    """Paired differences from the first, by experiment and α."""
