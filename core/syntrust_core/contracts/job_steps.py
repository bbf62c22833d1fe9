"""The steps that single jobs ask for; those of an experiment are in `experiment_steps`."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from syntrust_core.contracts.base import (
    Frozen,
    Kind,
    Ref,
    Seed,
    StepId,
    StepMessage,
    Upload,
    contents_of,
)
from syntrust_core.contracts.vocabulary import VOLUME_ROLES, Scheme

VOLUME_WARNINGS_FILE: Final = "warnings.json"
"""What a score of volumes noticed: a list of {file, field, reason}."""


class GeneratorCase(Frozen):
    """A training case of a generator, with the patient it will have seen."""

    id: str
    case: StepId


class TrainGenerator(StepMessage):
    KIND = Kind.TRAIN_GENERATOR
    name: str
    cases: Annotated[tuple[GeneratorCase, ...], Field(min_length=1)]
    config: dict[str, Any]
    seed: Seed
    iterations: Annotated[int, Field(ge=1)]
    start: Ref | None = Field(
        default=None,
        exclude_if=lambda start: start is None,
        description="The generator to go on from; null: fresh weights.",
    )

    def needs(self) -> tuple[Ref, ...]:
        start = () if self.start is None else (self.start,)
        cases = (Ref(kind=Kind.INSPECT_CASE, id=item.case) for item in self.cases)
        return (*dict.fromkeys(cases), *start)


class ExportImages(StepMessage):
    """Bring a twin's images back to the grid and frame of the upload that it was drawn for."""

    KIND = Kind.EXPORT_IMAGES
    case: StepId
    twin: StepId

    def needs(self) -> tuple[Ref, ...]:
        case = Ref(kind=Kind.INSPECT_CASE, id=self.case)
        return (case, Ref(kind=Kind.SYNTHESISE_CASE, id=self.twin))


class SegmentCase(StepMessage):
    """Predict the label map of one case, on the grid and in the labels of its upload."""

    KIND = Kind.SEGMENT_CASE
    case: StepId
    model: Ref
    probabilities: bool = False

    def needs(self) -> tuple[Ref, ...]:
        return (Ref(kind=Kind.INSPECT_CASE, id=self.case), self.model)


class ExportBundle(StepMessage):
    """Write a trained segmenter as a MONAI bundle, which runs without this platform."""

    KIND = Kind.EXPORT_BUNDLE
    model: Ref

    def needs(self) -> tuple[Ref, ...]:
        return (self.model,)


class VolumeCase(Frozen):
    """Uploaded label maps of one patient: the reference and what two models made of it."""

    id: str
    group: str | None = None
    scheme: Scheme
    seg: Upload
    prediction_real: Upload
    prediction_synthetic: Upload

    @property
    def files(self) -> dict[str, Upload]:
        return {role: getattr(self, role) for role in VOLUME_ROLES}


class ScoreVolumes(StepMessage):
    """Trust factors of uploaded label maps: Dice per case, then what `POST /trust-score` does."""

    KIND = Kind.SCORE_VOLUMES
    cases: Annotated[tuple[VolumeCase, ...], Field(min_length=1)]
    policy: dict[str, Any] = Field(default_factory=dict)

    def identity(self) -> dict[str, Any]:
        whole = super().identity()
        cases = zip(whole["cases"], self.cases, strict=True)
        return {**whole, "cases": [{**dumped, **contents_of(case.files)} for dumped, case in cases]}


class ImportModel(StepMessage):
    """Read a checkpoint that Med-DDPM released, and publish it as a generator."""

    KIND = Kind.IMPORT_MODEL
    name: str
    checkpoint: Upload
    seen: tuple[str, ...] | None = Field(
        default=None, description="Ids of the cases it was trained on; null: the published list."
    )

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "checkpoint": self.checkpoint.sha256}
