"""The steps of an experiment, from an uploaded case to its scores."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from syntrust_core.contracts.base import (
    Frozen,
    Kind,
    Ref,
    Sampler,
    Seed,
    StepId,
    StepMessage,
    Upload,
    contents_of,
    is_none,
)
from syntrust_core.contracts.grid import GridSpec
from syntrust_core.contracts.vocabulary import GeneratorPrecision, Scheme, UploadKind


def _case(step: str) -> Ref:
    return Ref(kind=Kind.INSPECT_CASE, id=step)


def _twin(step: str) -> Ref:
    return Ref(kind=Kind.SYNTHESISE_CASE, id=step)


class InspectCase(StepMessage):
    """Check an upload and write the canonical case."""

    KIND = Kind.INSPECT_CASE
    files: dict[str, Upload]
    scheme: Scheme
    grid: GridSpec
    purpose: UploadKind = Field(default="case", exclude_if=lambda purpose: purpose == "case")

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "files": contents_of(self.files)}


class SynthesiseCase(StepMessage):
    """Draw one twin of a case from its label map."""

    KIND = Kind.SYNTHESISE_CASE
    case: StepId
    generator: Ref
    sampler: Sampler
    steps: Annotated[int, Field(ge=1, le=1000)]
    seed: Seed
    twin: Annotated[int, Field(ge=0, lt=100)] = 0
    fit: Literal["resize"] | None = Field(
        default=None,
        exclude_if=is_none,
        description="resize: squeeze the condition onto the generator's grid and stretch the twin "
        "back, as Med-DDPM's own script does; null: as the generator's card says.",
    )

    precision: GeneratorPrecision | None = Field(
        default=None,
        exclude_if=is_none,
        description="Of the convolutions; null: a request of an earlier release, which a worker "
        "refuses.",
    )

    def needs(self) -> tuple[Ref, ...]:
        return (_case(self.case), self.generator)


class Image(Frozen):
    """A case seen through its real image (`twin` null) or through its twin."""

    case: StepId
    twin: StepId | None = None
    labels: StepId | None = Field(
        default=None,
        exclude_if=is_none,
        description="Another case, whose label map is trained on in place of its own: the "
        "negative control. Predictions use no labels.",
    )

    def needs(self) -> tuple[Ref, ...]:
        twin = () if self.twin is None else (_twin(self.twin),)
        labels = () if self.labels is None else (_case(self.labels),)
        return (_case(self.case), *twin, *labels)


def all_needs(*groups: tuple[Image, ...]) -> tuple[Ref, ...]:
    refs = (ref for group in groups for image in group for ref in image.needs())
    return tuple(dict.fromkeys(refs))


class TrainSegmenter(StepMessage):
    """Train on a mix. It names its inputs, not α, so equal mixes are one step."""

    KIND = Kind.TRAIN_SEGMENTER
    train: Annotated[tuple[Image, ...], Field(min_length=1)]
    validation: tuple[Image, ...] = ()
    preset: str
    overrides: dict[str, Any] = Field(
        default_factory=dict,
        description="Among them the precision; a worker refuses a request without one.",
    )
    iterations: Annotated[int, Field(ge=1)]
    seed: Seed
    start: Ref | None = Field(
        default=None,
        exclude_if=is_none,
        description="Weights to start from: a trained segmenter or an imported checkpoint; null: "
        "fresh ones.",
    )

    def needs(self) -> tuple[Ref, ...]:
        start = () if self.start is None else (self.start,)
        return (*all_needs(self.train, self.validation), *start)


class PredictCases(StepMessage):
    KIND = Kind.PREDICT_CASES
    model: StepId
    images: Annotated[tuple[Image, ...], Field(min_length=1)]
    probabilities: bool = Field(
        default=False,
        exclude_if=lambda asked: not asked,
        description="Write the probability of each label too.",
    )

    def needs(self) -> tuple[Ref, ...]:
        return (Ref(kind=Kind.TRAIN_SEGMENTER, id=self.model), *all_needs(self.images))


class ScoreCases(StepMessage):
    """Overlap, volumes and surface distances of predicted label maps against the cases' own."""

    KIND = Kind.SCORE_CASES
    prediction: StepId
    cases: Annotated[tuple[StepId, ...], Field(min_length=1)]

    def needs(self) -> tuple[Ref, ...]:
        cases = (_case(case) for case in self.cases)
        return (Ref(kind=Kind.PREDICT_CASES, id=self.prediction), *dict.fromkeys(cases))


class CompareTwin(StepMessage):
    """Compare the twins of one case with their source and with each other."""

    KIND = Kind.COMPARE_TWIN
    case: StepId
    twins: Annotated[tuple[StepId, ...], Field(min_length=1)]

    def needs(self) -> tuple[Ref, ...]:
        return (_case(self.case), *dict.fromkeys(_twin(twin) for twin in self.twins))
