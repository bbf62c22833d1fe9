"""What the API's answers hold, as types. They are plain dictionaries at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

WorkStatus = Literal["queued", "running", "succeeded", "failed", "cancelled"]
DatasetStatus = Literal["open", "inspecting", "ready"]
FINAL: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})


class Grid(TypedDict):
    """Voxels along each axis, and their edges in mm."""

    shape: Sequence[int]
    spacing_mm: Sequence[float]


GridSpec = Literal["native"] | Grid
Scheme = str | Mapping[str, int | Sequence[int]]


class Problem(TypedDict):
    file: str
    field: str
    reason: str


class CaseState(TypedDict):
    id: str
    group: str | None
    scheme: Any
    state: Literal["awaiting_upload", "inspecting", "ready", "refused"]
    problems: list[Problem]
    warnings: list[str]
    region_volumes_ml: dict[str, float] | None


class Count(TypedDict):
    inspected: int
    total: int


class DatasetSummary(TypedDict):
    """A dataset in a list: all but its cases."""

    id: str
    name: str
    state: DatasetStatus
    grid: Any
    scheme: Any
    digest: str | None
    created: str
    progress: Count


class DatasetState(DatasetSummary):
    cases: list[CaseState]


class KindCount(TypedDict):
    done: int
    total: int
    running: NotRequired[int]


class Steps(TypedDict):
    done: int
    total: int
    by_kind: dict[str, KindCount]


class StepProgress(TypedDict):
    done: int
    total: int
    detail: dict[str, Any]


class RunningStep(TypedDict):
    step: str
    kind: str
    progress: StepProgress | None


class StateError(TypedDict):
    slug: str
    text: str
    step: NotRequired[str | None]


class WorkState(TypedDict):
    """What experiments and jobs have in common: steps on their way to an end."""

    id: str
    name: NotRequired[str | None]
    state: WorkStatus
    steps: Steps
    running: list[RunningStep]
    queue_position: int | None
    eta_seconds: float | None
    created: str
    finished: str | None
    error: Any


class ExperimentState(WorkState):
    dataset: str
    error: StateError | None
    spec: dict[str, Any]


class ExperimentSummary(TypedDict):
    """An experiment in a list."""

    id: str
    name: str | None
    dataset: str
    state: WorkStatus
    created: str
    finished: str | None
    alphas: list[float]


class FileLink(TypedDict):
    """Where to GET a file without a key, until it expires."""

    url: str
    expires: str
    bytes: int
    sha256: str | None


class JobProblem(TypedDict):
    type: str
    detail: str
    errors: list[dict[str, str]]


class JobSummary(TypedDict):
    """A job in a list."""

    id: str
    kind: str
    name: str | None
    state: WorkStatus
    created: str
    finished: str | None


class JobState(WorkState):
    kind: str
    files: dict[str, FileLink]
    warnings: list[str]
    error: JobProblem | None
    request: dict[str, Any]


ModelKind = Literal["generator", "segmenter", "start_weights"]


class ModelSummary(TypedDict):
    """A model in a list; which of the later fields it has is its kind's."""

    id: str
    kind: ModelKind
    name: str
    origin: Literal["shipped", "imported", "trained"]
    parameters: int | None
    created: str | None
    seen_cases: NotRequired[int]
    grid: NotRequired[Grid | None]
    sampling: NotRequired[dict[str, Any]]
    preset: NotRequired[str | None]
    head: NotRequired[str | None]
    layout: NotRequired[str]
    source: NotRequired[str]
    weights_digest: NotRequired[str]
    validation_dice: NotRequired[dict[str, dict[str, float | None]]]
    revision: NotRequired[str | None]
    made_by: NotRequired[dict[str, Any] | None]


class ModelState(ModelSummary):
    card: dict[str, Any]
    files: dict[str, FileLink]
    training: NotRequired[dict[str, Any]]
    history: NotRequired[dict[str, Any]]
