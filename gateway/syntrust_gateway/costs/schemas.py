"""What steps would cost, as `POST /experiments?dry_run=true` answers it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from syntrust_core.contracts.base import Kind, Queue
from syntrust_gateway.api.schemas import AnswerBody

Reason = Annotated[str | None, Field(description="Why it is null, else null.")]


class KindCost(AnswerBody):
    """The steps of one kind."""

    total: Annotated[int, Field(description="How many the experiment has.")]
    done: Annotated[int, Field(description="How many of them are there already.")]
    bytes: Annotated[
        int | None, Field(description="What the others will store: their number times the median.")
    ]
    device_hours: Annotated[
        float | None,
        Field(description="What the others will take: median rate of done steps times their work."),
    ]
    reason: Reason


class QueueCost(AnswerBody):
    """What one kind of worker has to do."""

    device_hours: float | None
    reason: Reason


class Cost(AnswerBody):
    """What steps would cost."""

    steps_total: int
    steps_done: Annotated[int, Field(description="Steps that are there already and cost nothing.")]
    by_kind: dict[Kind, KindCost]
    by_queue: Annotated[
        dict[Queue, QueueCost],
        Field(description="Of generator and segmenter a device-hour is one of a GPU, if it has."),
    ]
    bytes: int | None
    bytes_reason: Reason
    detectable: Annotated[
        None,
        Field(description="Null: this release does not compute which differences it can show."),
    ]
    detectable_reason: str
