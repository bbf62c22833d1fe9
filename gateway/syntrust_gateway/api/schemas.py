"""Bodies of requests and responses. What is computed or stored looks otherwise: see `db`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from syntrust_core.contracts.base import Kind, Progress, Sha256
from syntrust_core.contracts.grid import GridSpec
from syntrust_core.contracts.vocabulary import Region, Role, Scheme
from syntrust_gateway.db.tables import CaseState, DatasetState, WishState

MAX_FILE_BYTES = 4 << 30

# Control characters have no place in a name, and PostgreSQL cannot keep a NUL.
Text = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
]
CaseId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewDataset(_Request):
    name: Text
    grid: Annotated[
        GridSpec,
        Field(description='"native", or the one grid every case is resampled to on inspection.'),
    ] = "native"
    scheme: Annotated[
        Scheme, Field(description="Label scheme of cases that do not name their own.")
    ] = "auto"


class UploadSpec(_Request):
    sha256: Annotated[Sha256, Field(description="Of the file as it will be uploaded.")]
    bytes: Annotated[int, Field(gt=0, le=MAX_FILE_BYTES)]


class NewCase(_Request):
    id: CaseId
    group: Annotated[Text | None, Field(description="E.g. the site; results come per group.")] = (
        None
    )
    scheme: Scheme | None = None
    files: Annotated[dict[Role, UploadSpec], Field(min_length=1)]


class UploadTarget(BaseModel):
    """Where to PUT one file; both null where the store holds it already."""

    url: str | None
    expires: datetime | None


class Problem(BaseModel):
    file: str
    field: str
    reason: str


class CaseBody(BaseModel):
    id: str
    group: str | None
    scheme: Scheme
    state: CaseState
    problems: list[Problem]
    warnings: list[str]
    region_volumes_ml: dict[Region, float] | None


class InspectionProgress(BaseModel):
    inspected: int
    total: int


class DatasetBody(BaseModel):
    id: str
    name: str
    state: DatasetState
    grid: GridSpec
    scheme: Scheme
    digest: Annotated[
        str | None, Field(description="Of the content, once ready; names no row, time or place.")
    ]
    created: datetime
    progress: InspectionProgress
    cases: list[CaseBody]


class DatasetSummary(BaseModel):
    id: str
    name: str
    state: DatasetState
    grid: GridSpec
    scheme: Scheme
    digest: str | None
    created: datetime
    progress: InspectionProgress


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


class ExperimentError(BaseModel):
    model_config = ConfigDict(extra="allow")

    slug: str
    text: str
    step: str | None = None


class ExperimentBody(BaseModel):
    id: str
    name: str | None
    dataset: str
    state: WishState
    steps: StepCount
    running: list[RunningStep]
    queue_position: Annotated[
        int | None, Field(description="How many live experiments come first; null once running.")
    ]
    eta_seconds: Annotated[
        float | None,
        Field(
            description="Seconds to go: median time of done steps times steps to go over workers, "
            "summed over kinds; null while a kind has no done step."
        ),
    ]
    error: ExperimentError | None
    created: datetime
    finished: datetime | None
    spec: Annotated[
        dict[str, Any], Field(description="The request with every default and choice written out.")
    ]


class ExperimentSummary(BaseModel):
    id: str
    name: str | None
    dataset: str
    state: WishState
    created: datetime
    finished: datetime | None
    alphas: list[float]


class DatasetPage(BaseModel):
    items: list[DatasetSummary]
    next: str | None


class ExperimentPage(BaseModel):
    items: list[ExperimentSummary]
    next: str | None


class Ready(BaseModel):
    status: Literal["ready"] = "ready"
    checks: dict[str, str]
    workers: Annotated[dict[str, int], Field(description="Live workers by queue.")]


class Alive(BaseModel):
    status: Literal["alive"] = "alive"
