"""Bodies that tell of the steps and the trainings of an experiment."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from syntrust_core.contracts.base import Kind, Progress
from syntrust_core.contracts.report import Control
from syntrust_gateway.api.schemas import AnswerBody
from syntrust_gateway.models.schemas import HistoryBody

WorkState = Literal["waiting", "queued", "running", "done", "failed"]
_STATE = (
    "`waiting`: for other steps or its turn; `queued`: handed to the workers; `running`: a worker "
    "has it; `failed`: after all its attempts."
)


class ArmBody(AnswerBody):
    """Which training of the experiment it is for."""

    alpha: Annotated[float | None, Field(description="Null: a control that belongs to no α.")]
    seed: int
    control: Annotated[Control | None, Field(description="Null: the mix of the α itself.")]


class StepFault(AnswerBody):
    slug: str
    text: str


class StepBody(AnswerBody):
    """A step of an experiment; other runs may share it, so it may be older than this one."""

    step: str
    kind: Kind
    state: Annotated[WorkState, Field(description=_STATE)]
    arms: Annotated[
        list[ArmBody],
        Field(description="The trainings that it is for; empty if it is for all, or of a case."),
    ]
    case: Annotated[str | None, Field(description="The case that it is of, if it is of one.")]
    attempts: Annotated[int, Field(description="How often a worker has begun it, as is known.")]
    started: Annotated[datetime | None, Field(description="Of the last attempt that is known.")]
    finished: Annotated[datetime | None, Field(description="Null unless it is done.")]
    worker: Annotated[str | None, Field(description="The machine that computes or computed it.")]
    progress: Annotated[
        Progress | None, Field(description="`done` of `total`, and numbers worth showing.")
    ]
    error: Annotated[StepFault | None, Field(description="Why it failed, or what it refused.")]


class StepPage(AnswerBody):
    items: list[StepBody]
    next: str | None


class TrainingBody(ArmBody):
    """A training and its curves so far."""

    step: str
    state: Annotated[WorkState, Field(description=_STATE)]
    iterations: Annotated[int, Field(description="How many it will have at its end.")]
    progress: Progress | None
    history: Annotated[
        HistoryBody | None,
        Field(
            description="Loss and validation Dice so far, at most some ten seconds old while it "
            "runs; null before its first iterations are told."
        ),
    ]


class TrainingPage(AnswerBody):
    items: list[TrainingBody]
    next: str | None
