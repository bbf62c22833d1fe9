"""How far an experiment or a job is, as its body tells it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from syntrust_core.contracts.base import Kind, Progress
from syntrust_core.json_numbers import WHOLE
from syntrust_gateway.api.schemas import AnswerBody, Changes, RequestBody, Tags, Text
from syntrust_gateway.runs.control import HIGHEST_PRIORITY, LOWEST_PRIORITY

Priority = Annotated[
    int,
    Field(
        ge=LOWEST_PRIORITY,
        le=HIGHEST_PRIORITY,
        description="Of what a client waits for, the highest comes first, then the oldest.",
    ),
    WHOLE,
]


class RunChanges(RequestBody):
    """What can be changed of an experiment or a job."""

    priority: Priority


class ExperimentChanges(Changes):
    """What can be changed of an experiment, whatever its state. It is part of no digest."""

    priority: Priority = Field(default_factory=int)
    name: Text | None = None
    tags: Tags = Field(default_factory=list)


class KindCount(AnswerBody):
    done: int = 0
    total: int = 0
    running: int = 0


class StepCount(AnswerBody):
    done: int
    total: int
    by_kind: dict[Kind, KindCount]


class RunningStep(AnswerBody):
    step: str
    kind: Kind
    progress: Progress | None
