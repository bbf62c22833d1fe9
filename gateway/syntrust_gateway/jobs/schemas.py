"""Bodies of jobs: what is asked for and what is told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from syntrust_core.contracts.vocabulary import Scheme, StatedScheme
from syntrust_core.json_numbers import WHOLE
from syntrust_gateway.api.described import described_by
from syntrust_gateway.api.patterns import MODEL_NAME
from syntrust_gateway.api.schemas import AnswerBody, CaseId, RequestBody, Text
from syntrust_gateway.db.tables import JobKind, RunState
from syntrust_gateway.experiments.spec import Drawing
from syntrust_gateway.jobs.accepted import (
    AcceptedExport,
    AcceptedPrinting,
    AcceptedSegmentation,
    AcceptedSynthesis,
)
from syntrust_gateway.models.schemas import NewModel
from syntrust_gateway.runs.schemas import Priority
from syntrust_gateway.runs.waiting import Movement
from syntrust_gateway.uploads.links import FileLink
from syntrust_metrics.trust.schema.request import PolicyChoice

MAX_VOLUME_CASES = 1000


class NewSynthesis(RequestBody):
    """The body of `POST /syntheses`."""

    upload: Annotated[
        str, Field(description="With `seg`, and `brain` unless the scheme labels the brain.")
    ]
    generator: Drawing = Drawing()
    twin: Annotated[
        int, Field(ge=0, lt=100, description="Another number draws another volume."), WHOLE
    ] = 0
    fit: Annotated[
        Literal["resize"] | None,
        Field(
            description="Squeeze the mask into the generator's grid and stretch the images back; "
            "if null the grid is cut out around the brain, and a mask it does not hold is refused."
        ),
    ] = None


class RegisteredCase(RequestBody):
    dataset: Annotated[str, Field(description="Id of a dataset.")]
    id: CaseId


class NewSegmentation(RequestBody):
    """The body of `POST /segmentations`: four images that were uploaded, or a registered case."""

    upload: Annotated[
        str | None,
        Field(
            description="With `t1`, `t1ce`, `t2` and `flair`, and `brain` unless the images are "
            "skull-stripped."
        ),
    ] = None
    case: Annotated[
        RegisteredCase | None, Field(description="Instead of an upload; in its own label scheme.")
    ] = None
    model: Annotated[
        str, Field(pattern=MODEL_NAME, max_length=100, description="Name or id of a segmenter.")
    ]
    scheme: Annotated[
        StatedScheme | None,
        Field(
            description="Label values to write. If null, the scheme that the upload names; where "
            "that is `auto`, brats2023 (1 NCR, 2 ED, 3 ET): images hold no labels to tell one from."
        ),
    ] = None
    probabilities: Annotated[
        bool, Field(description="Give the probability of each label, too.")
    ] = False

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.upload is None) == (self.case is None):
            msg = "give either `upload`, with four images, or `case`, a registered one"
            raise ValueError(msg)
        if self.case is not None and self.scheme is not None:
            msg = "`scheme` goes with `upload`; a registered case has its own"
            raise ValueError(msg)
        return self


class VolumeCaseRequest(RequestBody):
    id: CaseId
    upload: Annotated[
        str, Field(description="With `seg`, `prediction_real` and `prediction_synthetic`.")
    ]
    group: Text | None = None


class NewVolumeScore(RequestBody):
    """The body of `POST /trust-score/volumes`."""

    cases: Annotated[
        tuple[VolumeCaseRequest, ...],
        Field(min_length=1, max_length=MAX_VOLUME_CASES, fail_fast=True),
    ]
    scheme: Annotated[
        Scheme | None, Field(description="Instead of the scheme that each upload names.")
    ] = None
    policy: Annotated[dict[str, Any], described_by(PolicyChoice)] = Field(
        default={}, description="As of `POST /trust-score`."
    )


class JobProblemField(AnswerBody):
    pointer: Annotated[str, Field(description="`/files/<role>`, or a pointer into the request.")]
    detail: str


class JobProblem(AnswerBody):
    """Why a job failed, in the words of RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str
    detail: str
    errors: list[JobProblemField] = Field(default=[])


class JobSummary(AnswerBody):
    id: str
    kind: JobKind
    name: str | None
    state: RunState
    priority: Priority
    created: datetime
    finished: datetime | None


class JobBody(JobSummary, Movement):
    queue_position: Annotated[
        int | None,
        Field(
            description="How many live jobs come first, by priority and age; null unless queued."
        ),
    ]
    eta_seconds: float | None
    files: Annotated[dict[str, FileLink], Field(description="What it gave, by name.")]
    warnings: Annotated[
        list[str], Field(description="What inspection chose or noticed, as labels it had to read.")
    ]
    error: JobProblem | None
    request: Annotated[
        dict[str, Any],
        described_by(
            AcceptedSynthesis,
            AcceptedSegmentation,
            NewVolumeScore,
            NewModel,
            AcceptedExport,
            AcceptedPrinting,
        ),
        Field(description="The request with every default written out."),
    ]


class JobPage(AnswerBody):
    items: list[JobSummary]
    next: str | None
