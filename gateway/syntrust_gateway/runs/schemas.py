"""How far an experiment or a job is, as its body tells it."""

from __future__ import annotations

from pydantic import BaseModel

from syntrust_core.contracts.base import Kind, Progress


class KindCount(BaseModel):
    done: int = 0
    total: int = 0
    running: int = 0


class StepCount(BaseModel):
    done: int
    total: int
    by_kind: dict[Kind, KindCount]


class RunningStep(BaseModel):
    step: str
    kind: Kind
    progress: Progress | None
