"""Bodies that tell of experiments; what is asked for is in `spec`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from syntrust_gateway.api.described import described_by
from syntrust_gateway.api.schemas import AnswerBody
from syntrust_gateway.costs.schemas import Cost, Detectable, Reason
from syntrust_gateway.db.tables import RunState
from syntrust_gateway.experiments.spec import ResolvedSpec
from syntrust_gateway.runs.schemas import Priority
from syntrust_gateway.runs.waiting import Movement

Spec = Annotated[
    dict[str, Any],
    described_by(ResolvedSpec),
    Field(description="The request with every default and choice written out."),
]
Partial = Annotated[
    bool, Field(description="It has failed, and its results have the arms that are there.")
]


class ExperimentError(AnswerBody):
    model_config = ConfigDict(extra="allow")

    slug: str
    text: str
    step: str | None = None
    kind: str | None = None
    failed_steps: Annotated[
        int | None, Field(description="How many of its steps have failed so far.")
    ] = None
    log: Annotated[
        list[str],
        Field(description="The last lines that the worker of the step logged before it failed."),
    ] = Field(default=[])


class _Experiment(AnswerBody):
    id: str
    name: str | None
    tags: list[str]
    dataset: str
    state: RunState
    priority: Priority
    partial: Partial
    created: datetime
    finished: datetime | None


class ExperimentBody(_Experiment, Movement):
    queue_position: Annotated[
        int | None,
        Field(
            description="How many live experiments come first, by priority and age; clients take "
            "turns, so it may start earlier. Null unless queued."
        ),
    ]
    eta_seconds: Annotated[
        float | None,
        Field(
            description="Seconds to go: median time of done steps times steps to go over workers, "
            "summed over kinds; null while a kind has no done step, and while paused."
        ),
    ]
    error: Annotated[
        ExperimentError | None,
        Field(description="The first step that failed; other arms may still go on."),
    ]
    spec: Spec


class ExperimentSummary(_Experiment):
    alphas: list[float]


class CostBody(Cost):
    """What an experiment would cost. Nothing was accepted and nothing stored."""

    detectable: Annotated[
        Detectable | None,
        Field(description="The smallest differences that its test cases and seeds can show."),
    ]
    detectable_reason: Reason
    room: Annotated[
        str | None,
        Field(
            description="Why it would be refused now (429), or would store more than you may; null "
            "if it has room, or nobody knows how much it stores."
        ),
    ]
    spec: Spec


class ExperimentPage(AnswerBody):
    items: list[ExperimentSummary]
    next: str | None
