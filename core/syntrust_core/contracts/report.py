"""The report of an experiment as a message: its cases, and what was trained and scored."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from syntrust_core.contracts.base import (
    AlphaText,
    Frozen,
    Kind,
    Ref,
    Seed,
    Sha256,
    StepId,
    StepMessage,
    is_none,
)
from syntrust_core.contracts.experiment_steps import Image, all_needs
from syntrust_core.contracts.vocabulary import ImageOrigin
from syntrust_core.json_numbers import WHOLE

Control = Literal["real_only", "augmentation_only", "real_plus_twins", "shuffled_masks"]


class ReportCase(Frozen):
    id: str
    group: str | None
    case: StepId
    twin: StepId | None
    part: Literal["train", "validation", "test"]
    seen: bool
    comparison: StepId | None = Field(
        default=None,
        exclude_if=is_none,
        description="The step that compared its twins with it; null without a twin.",
    )


class ReportTraining(Frozen):
    """One training: its images by case id, and its scores on both test sets."""

    seed: Seed
    real_ids: tuple[str, ...]
    synthetic_ids: tuple[str, ...]
    model: StepId
    score_real: StepId
    score_synthetic: StepId

    @property
    def scores(self) -> tuple[StepId, ...]:
        """Every scoring step of this training."""
        return (self.score_real, self.score_synthetic)


class ReportRun(ReportTraining):
    """The training on the mix of an α."""

    alpha: AlphaText
    score_again: StepId | None = Field(
        default=None,
        exclude_if=is_none,
        description="The scores on second twins of the test cases: the noise floor S against S'.",
    )

    @property
    def scores(self) -> tuple[StepId, ...]:
        again = () if self.score_again is None else (self.score_again,)
        return (*super().scores, *again)


class ReportControl(Frozen):
    """A control arm: one training for each seed, or the reason why there can be none."""

    control: Control
    alpha: AlphaText | None = Field(default=None, description="null: the arm belongs to no α.")
    iterations: Annotated[int, Field(ge=1)] | None = None
    trainings: tuple[ReportTraining, ...] = ()
    reason: str | None = None


class MissingTraining(Frozen):
    """A training whose scores could not be had, and why; `control` is null for that of a mix."""

    control: Control | None = None
    alpha: AlphaText | None
    seed: Seed
    reason: str


class MissingTwin(Frozen):
    """A case whose twins could not be drawn or compared, and why."""

    case: str
    reason: str


class Missing(Frozen):
    """What a partial report does without."""

    trainings: tuple[MissingTraining, ...] = ()
    twins: tuple[MissingTwin, ...] = ()
    second_twins: str | None = Field(
        default=None, description="Why second twins were not scored; null where nothing failed."
    )


class GeneratorTraining(Frozen):
    """What a generator was trained on, by the ids of its card."""

    cases: Annotated[
        int, Field(ge=0, description="How many cases the generator was trained on."), WHOLE
    ]
    phantoms: Annotated[
        int,
        Field(ge=0, description="How many of the cases are phantoms, made by a program."),
        WHOLE,
    ]


class BuildReport(StepMessage):
    """Trust factors, figures and report of an experiment."""

    KIND = Kind.BUILD_REPORT
    dataset: Sha256
    cases: tuple[ReportCase, ...]
    runs: Annotated[tuple[ReportRun, ...], Field(min_length=1)]
    settings: dict[str, Any]
    controls: tuple[ReportControl, ...] = Field(default=(), exclude_if=lambda arms: not arms)
    generator_training: GeneratorTraining | None = Field(
        default=None,
        exclude_if=is_none,
        description="What the generator was trained on; null in experiments of earlier releases.",
    )
    missing: Missing | None = Field(
        default=None,
        exclude_if=is_none,
        description="What a partial report does without; null: nothing is missing.",
    )
    origin: ImageOrigin | None = Field(
        default=None,
        exclude_if=is_none,
        description="Where the images of the cases come from; null in experiments of earlier "
        "releases.",
    )

    @property
    def trainings(self) -> tuple[ReportTraining, ...]:
        """Trainings on mixes, then those of the controls; a training may occur twice."""
        controls = (training for arm in self.controls for training in arm.trainings)
        return (*self.runs, *controls)

    def needs(self) -> tuple[Ref, ...]:
        images = tuple(Image(case=case.case, twin=case.twin) for case in self.cases)
        trainings = self.trainings
        models = (Ref(kind=Kind.TRAIN_SEGMENTER, id=each.model) for each in trainings)
        scores = (Ref(kind=Kind.SCORE_CASES, id=step) for each in trainings for step in each.scores)
        compared = (
            Ref(kind=Kind.COMPARE_TWIN, id=case.comparison)
            for case in self.cases
            if case.comparison is not None
        )
        return tuple(dict.fromkeys((*all_needs(images), *models, *scores, *compared)))


class PrintReport(StepMessage):
    """Set the report of an experiment as a PDF, with what one client calls it on the cover.

    The report is shared by all who ask for the same computation; a PDF belongs to one experiment,
    and to the title that it has when the PDF is asked for.
    """

    KIND = Kind.PRINT_REPORT
    report: StepId
    experiment: Annotated[str, Field(description="Id of the experiment.")]
    title: Annotated[str, Field(description="As on the cover, also where the client gave none.")]
    finished: Annotated[AwareDatetime, Field(description="When the experiment ended.")]
    dataset: Annotated[str, Field(description="Name of the dataset, as on the cover.")]

    def needs(self) -> tuple[Ref, ...]:
        return (Ref(kind=Kind.BUILD_REPORT, id=self.report),)
