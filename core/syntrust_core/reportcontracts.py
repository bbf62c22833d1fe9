"""The report of an experiment as a message: its cases, and what was trained and scored."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from syntrust_core.contracts import (
    AlphaText,
    Frozen,
    Image,
    Kind,
    Ref,
    Seed,
    Sha256,
    StepId,
    StepMessage,
    all_needs,
    is_none,
)


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


class ReportRun(Frozen):
    """One training: its mix by case id, and its scores on both test sets."""

    alpha: AlphaText
    seed: Seed
    real_ids: tuple[str, ...]
    synthetic_ids: tuple[str, ...]
    model: StepId
    score_real: StepId
    score_synthetic: StepId
    score_again: StepId | None = Field(
        default=None,
        exclude_if=is_none,
        description="The scores on second twins of the test cases: the noise floor S against S'.",
    )

    @property
    def scores(self) -> tuple[StepId, ...]:
        """Every scoring step of this run."""
        again = () if self.score_again is None else (self.score_again,)
        return (self.score_real, self.score_synthetic, *again)


class BuildReport(StepMessage):
    """Trust factors, figures and report of an experiment."""

    KIND = Kind.BUILD_REPORT
    dataset: Sha256
    cases: tuple[ReportCase, ...]
    runs: Annotated[tuple[ReportRun, ...], Field(min_length=1)]
    settings: dict[str, Any]

    def needs(self) -> tuple[Ref, ...]:
        images = tuple(Image(case=case.case, twin=case.twin) for case in self.cases)
        models = (Ref(kind=Kind.TRAIN_SEGMENTER, id=run.model) for run in self.runs)
        scores = (Ref(kind=Kind.SCORE_CASES, id=step) for run in self.runs for step in run.scores)
        compared = (
            Ref(kind=Kind.COMPARE_TWIN, id=case.comparison)
            for case in self.cases
            if case.comparison is not None
        )
        return tuple(dict.fromkeys((*all_needs(images), *models, *scores, *compared)))
