"""What done steps took: seconds for a unit of work, and bytes of a step, by kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import Final, NamedTuple

from sqlalchemy import null, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Manifest, StepMessage
from syntrust_core.contracts.experiment_steps import (
    PredictCases,
    ScoreCases,
    SynthesiseCase,
    TrainSegmenter,
)
from syntrust_core.contracts.registry import parse_message
from syntrust_gateway.db.tables import Step, StepState

MEASURED_STEPS: Final = 50


class Work(NamedTuple):
    """How much work a step is: so many units of a `sort`, whose steps take as long for each."""

    sort: str
    units: int


class Rate(NamedTuple):
    seconds_per_unit: float
    bytes_per_step: int


def size_work(message: StepMessage) -> Work:
    """Measure a training by its iterations, a twin by its denoising steps, the rest by cases."""
    kind = message.KIND.value
    if isinstance(message, TrainSegmenter):
        return Work(f"{kind} of preset {message.preset}", message.iterations)
    if isinstance(message, SynthesiseCase):
        return Work(f"{kind} of generator {message.generator.id[:12]}", message.steps)
    if isinstance(message, PredictCases):
        return Work(kind, len(message.images))
    if isinstance(message, ScoreCases):
        return Work(kind, len(message.cases))
    return Work(kind, 1)


def measure_rates(session: Session, kinds: Sequence[Kind]) -> dict[str, Rate]:
    """Take the medians of the latest done steps of each kind, by the sort of their work."""
    seconds: dict[str, list[float]] = defaultdict(list)
    sizes: dict[str, list[int]] = defaultdict(list)
    for kind in kinds:
        for message, manifest in _latest(session, kind):
            work = size_work(message)
            seconds[work.sort].append(manifest.made.seconds / work.units)
            sizes[work.sort].append(sum(file.bytes for file in manifest.files.values()))
    return {sort: Rate(median(seconds[sort]), round(median(sizes[sort]))) for sort in seconds}


def _latest(session: Session, kind: Kind) -> list[tuple[StepMessage, Manifest]]:
    query = (
        select(Step.message, Step.manifest)
        .where(Step.state == StepState.DONE, Step.kind == str(kind), Step.error.is_(null()))
        .order_by(Step.done_at.desc())
        .limit(MEASURED_STEPS)
    )
    return [
        (parse_message(kind, message), Manifest.model_validate(manifest))
        for message, manifest in session.execute(query)
        if manifest is not None
    ]
