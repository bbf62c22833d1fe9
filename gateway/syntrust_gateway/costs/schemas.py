"""What steps would cost, as `POST /experiments?dry_run=true` answers it."""

from __future__ import annotations

from typing import Annotated, Literal

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


class DetectableMargins(AnswerBody):
    """Smallest differences of mean Dice that can be shown; null where even 1 cannot."""

    non_inferiority: Annotated[
        float | None,
        Field(
            description="The smallest margin by which a share without any loss is found not worse "
            "than real data alone; also the smallest true loss that is found to be one."
        ),
    ]
    equivalence: Annotated[
        float | None,
        Field(
            description="The smallest margin within which both test sets are found equivalent if "
            "they do not differ."
        ),
    ]


class DetectableSource(AnswerBody):
    """Where the spread of differences comes from."""

    kind: Literal["experiment", "published"]
    detail: Annotated[str, Field(description="The same as a sentence.")]
    experiment: Annotated[
        str | None,
        Field(description="Id of your earlier experiment on this dataset, if it is of one."),
    ]


class DetectableWarning(AnswerBody):
    """What a reader must know."""

    code: str
    detail: Annotated[str, Field(description="The same as a sentence.")]


class Detectable(AnswerBody):
    """The smallest differences that the test cases and seeds can show."""

    cases: Annotated[int, Field(description="Test cases.")]
    seeds: Annotated[int, Field(description="Training seeds.")]
    power: Annotated[float, Field(description="The chance to show them.")]
    level: Annotated[float, Field(description="Of each one-sided test.")]
    regions: dict[str, DetectableMargins]
    overall: Annotated[
        DetectableMargins, Field(description="Of the case's mean Dice over its regions.")
    ]
    source: DetectableSource
    warnings: list[DetectableWarning]


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
