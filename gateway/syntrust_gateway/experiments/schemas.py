"""Bodies that tell of experiments; what is asked for is in `spec`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from syntrust_gateway.api.described import described_by
from syntrust_gateway.api.schemas import AnswerBody
from syntrust_gateway.db.tables import RunState
from syntrust_gateway.experiments.spec import ResolvedSpec
from syntrust_gateway.runs.schemas import RunningStep, StepCount


class ExperimentError(AnswerBody):
    model_config = ConfigDict(extra="allow")

    slug: str
    text: str
    step: str | None = None


class ExperimentBody(AnswerBody):
    id: str
    name: str | None
    dataset: str
    state: RunState
    steps: StepCount
    running: list[RunningStep]
    queue_position: Annotated[
        int | None, Field(description="How many live experiments come first; null once running.")
    ]
    eta_seconds: Annotated[
        float | None,
        Field(
            description="Seconds to go: median time of done steps times steps to go over workers, "
            "summed over kinds; null while a kind has no done step."
        ),
    ]
    error: ExperimentError | None
    created: datetime
    finished: datetime | None
    spec: Annotated[
        dict[str, Any],
        described_by(ResolvedSpec),
        Field(description="The request with every default and choice written out."),
    ]


class ExperimentSummary(AnswerBody):
    id: str
    name: str | None
    dataset: str
    state: RunState
    created: datetime
    finished: datetime | None
    alphas: list[float]


class ExperimentPage(AnswerBody):
    items: list[ExperimentSummary]
    next: str | None
