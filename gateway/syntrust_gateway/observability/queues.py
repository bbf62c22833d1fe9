"""How much work each queue has now: what a scheduler of workers scales by.

Not the length of the queue itself. The orchestrator keeps that short, and a step leaves it when it
begins: a scheduler that went by it would end workers in the middle of a training.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import QUEUES, Kind, Queue
from syntrust_core.runtime.coordination import StepCoordinator
from syntrust_gateway.api.schemas import AnswerBody
from syntrust_gateway.db.schedule_tables import ReadyStep
from syntrust_gateway.db.tables import Step, StepState
from syntrust_gateway.observability.work import find_waiting


class QueueLoad(AnswerBody):
    due: Annotated[int, Field(ge=0, description="Steps that are ready or run now.")]
    workers: Annotated[int, Field(ge=0, description="Workers that gave a sign of life lately.")]


class Queues(AnswerBody):
    queues: Annotated[dict[str, QueueLoad], Field(description="By name of the queue.")]


def read_queues(session: Session, coordinator: StepCoordinator) -> Queues:
    """Read the load of every queue.

    Raises
    ------
    QueueUnavailable
        Without Redis nobody knows what runs, and no number is better than one that is too low.
    """
    due = count_due(session, coordinator)
    return Queues(
        queues={
            str(queue): QueueLoad(due=due[queue], workers=coordinator.workers(queue))
            for queue in Queue
        }
    )


def count_due(session: Session, coordinator: StepCoordinator) -> Counter[Queue]:
    """Count, by queue, the steps that could run now and those that do, each once."""
    _, running = coordinator.look_up(coordinator.active())
    ready = (
        select(ReadyStep.queue, func.count(ReadyStep.step_id.distinct()))
        .join(Step, Step.id == ReadyStep.step_id)
        .where(Step.state == StepState.WAITING)
        .group_by(ReadyStep.queue)
    )
    due = Counter({Queue(queue): number for queue, number in session.execute(ready)})
    # A step that nobody wants any more holds its worker until it hears of that.
    due.update(
        QUEUES[Kind(kind)] for kind, is_ready in find_waiting(session, running) if not is_ready
    )
    return due
