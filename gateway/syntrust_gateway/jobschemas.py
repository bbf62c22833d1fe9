"""Bodies of uploads and of jobs: what is asked for and what is told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from syntrust_core.contracts import Sha256
from syntrust_core.labels import Role, Scheme
from syntrust_gateway.db import JobKind, WishState
from syntrust_gateway.files import FileLink
from syntrust_gateway.schemas import (
    CaseId,
    RunningStep,
    StepCount,
    Text,
    UploadSpec,
    UploadTarget,
)
from syntrust_gateway.spec import Drawing

MAX_VOLUME_CASES = 1000
UploadRole = Role | Literal["prediction_real", "prediction_synthetic", "checkpoint"]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewUpload(_Request):
    """The body of `POST /uploads`."""

    scheme: Annotated[Scheme, Field(description="What the values of its label maps mean.")] = "auto"
    files: Annotated[dict[UploadRole, UploadSpec], Field(min_length=1)]


class UploadPlaces(BaseModel):
    id: str
    files: dict[UploadRole, UploadTarget]


class UploadedFile(BaseModel):
    bytes: int
    sha256: Sha256
    arrived: Annotated[
        bool, Field(description="At its full size; its SHA-256 is checked by the job.")
    ]


class UploadBody(BaseModel):
    id: str
    scheme: Scheme
    files: dict[UploadRole, UploadedFile]
    created: datetime


class NewSynthesis(_Request):
    """The body of `POST /syntheses`."""

    upload: Annotated[
        str, Field(description="With `seg`, and `brain` unless the scheme labels the brain.")
    ]
    generator: Drawing = Drawing()
    twin: Annotated[
        int, Field(ge=0, lt=100, description="Another number draws another volume.")
    ] = 0
    fit: Annotated[
        Literal["resize"] | None,
        Field(
            description="Squeeze the mask into the generator's grid and stretch the images back; "
            "if null the grid is cut out around the brain, and a mask it does not hold is refused."
        ),
    ] = None


class VolumeCaseRequest(_Request):
    id: CaseId
    upload: Annotated[
        str, Field(description="With `seg`, `prediction_real` and `prediction_synthetic`.")
    ]
    group: Text | None = None


class NewVolumeScore(_Request):
    """The body of `POST /trust-score/volumes`."""

    cases: Annotated[
        tuple[VolumeCaseRequest, ...], Field(min_length=1, max_length=MAX_VOLUME_CASES)
    ]
    scheme: Annotated[
        Scheme | None, Field(description="Instead of the scheme that each upload names.")
    ] = None
    policy: Annotated[dict[str, Any], Field(description="As of `POST /trust-score`.")] = {}


class JobProblemField(BaseModel):
    pointer: Annotated[str, Field(description="`/files/<role>`, or a pointer into the request.")]
    detail: str


class JobProblem(BaseModel):
    """Why a job failed, in the words of RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str
    detail: str
    errors: list[JobProblemField] = []


class JobSummary(BaseModel):
    id: str
    kind: JobKind
    name: str | None
    state: WishState
    created: datetime
    finished: datetime | None


class JobBody(JobSummary):
    steps: StepCount
    running: list[RunningStep]
    queue_position: Annotated[
        int | None, Field(description="How many live jobs come first; null once running.")
    ]
    eta_seconds: float | None
    files: Annotated[dict[str, FileLink], Field(description="What it gave, by name.")]
    warnings: Annotated[
        list[str], Field(description="What inspection chose or noticed, as labels it had to read.")
    ]
    error: JobProblem | None
    request: Annotated[
        dict[str, Any], Field(description="The request with every default written out.")
    ]


class JobPage(BaseModel):
    items: list[JobSummary]
    next: str | None
