"""How far an experiment or a job is, as its body tells it."""

from __future__ import annotations

from syntrust_core.contracts.base import Kind, Progress
from syntrust_gateway.api.schemas import AnswerBody


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
