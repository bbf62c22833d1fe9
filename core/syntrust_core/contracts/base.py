"""What every message shares: kinds, queues, recipes, identity, keys in the store, manifest.

A step is named by what it is: its id is the SHA-256 of its canonical request, so a whole plan can
be written down before any work. An upload is named by its content, a computed input by its step.
Messages of an experiment are in `experiment_steps` and `report`, those of single jobs in
`job_steps`, that of uploads in `uploads`; `registry` knows them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from syntrust_core.contracts.canonical import digest
from syntrust_core.json_numbers import WHOLE

HEX64 = r"^[0-9a-f]{64}$"
Sha256 = Annotated[str, Field(pattern=HEX64)]
StepId = Annotated[str, Field(pattern=HEX64)]
Seed = Annotated[int, Field(ge=0, lt=2**32), WHOLE]
Sampler = Literal["ancestral", "ddim", "dpm++2m"]
AlphaText = Annotated[str, Field(pattern=r"^(0|1|0\.\d*[1-9])$")]


class Kind(StrEnum):
    """The kinds of artifact. A step of the same name computes each but `IMPORTED_MODEL`."""

    RECEIVE_UPLOAD = "receive_upload"
    INSPECT_CASE = "inspect_case"
    SYNTHESISE_CASE = "synthesise_case"
    TRAIN_GENERATOR = "train_generator"
    TRAIN_SEGMENTER = "train_segmenter"
    PREDICT_CASES = "predict_cases"
    SCORE_CASES = "score_cases"
    COMPARE_TWIN = "compare_twin"
    BUILD_REPORT = "build_report"
    PRINT_REPORT = "print_report"
    EXPORT_IMAGES = "export_images"
    SEGMENT_CASE = "segment_case"
    EXPORT_BUNDLE = "export_bundle"
    SCORE_VOLUMES = "score_volumes"
    IMPORT_MODEL = "import_model"
    IMPORTED_MODEL = "imported_model"


class Queue(StrEnum):
    GENERATOR = "generator"
    SEGMENTER = "segmenter"
    METRICS = "metrics"


QUEUES: Mapping[Kind, Queue] = {
    Kind.RECEIVE_UPLOAD: Queue.METRICS,
    Kind.INSPECT_CASE: Queue.METRICS,
    Kind.SYNTHESISE_CASE: Queue.GENERATOR,
    Kind.TRAIN_GENERATOR: Queue.GENERATOR,
    Kind.TRAIN_SEGMENTER: Queue.SEGMENTER,
    Kind.PREDICT_CASES: Queue.SEGMENTER,
    Kind.SCORE_CASES: Queue.METRICS,
    Kind.COMPARE_TWIN: Queue.METRICS,
    Kind.BUILD_REPORT: Queue.METRICS,
    Kind.PRINT_REPORT: Queue.METRICS,
    Kind.EXPORT_IMAGES: Queue.METRICS,
    Kind.SEGMENT_CASE: Queue.SEGMENTER,
    Kind.EXPORT_BUNDLE: Queue.SEGMENTER,
    Kind.SCORE_VOLUMES: Queue.METRICS,
    Kind.IMPORT_MODEL: Queue.GENERATOR,
}

# A number changes when the same request would give other results. A worker of another version
# refuses the step.
RECIPES: Mapping[Kind, int] = {
    **dict.fromkeys(QUEUES, 1),
    Kind.SYNTHESISE_CASE: 7,
    Kind.TRAIN_GENERATOR: 6,
    Kind.TRAIN_SEGMENTER: 3,
    Kind.PREDICT_CASES: 2,
    Kind.SCORE_CASES: 2,
    Kind.BUILD_REPORT: 6,
    Kind.EXPORT_BUNDLE: 3,
    Kind.SCORE_VOLUMES: 3,
}


def task_name(kind: Kind) -> str:
    """The Celery task that computes `kind`; sender and worker use this one spelling."""
    return f"syntrust.{kind}"


class Frozen(BaseModel):
    """Base of everything that crosses a process boundary: immutable, no stray fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Ref(Frozen):
    """The name of an artifact. All keys in the store that belong to it are made here."""

    kind: Kind
    id: StepId

    @property
    def prefix(self) -> str:
        return f"artifacts/{self.kind}/{self.id}"

    @property
    def manifest_key(self) -> str:
        """Written last and only once. Its presence means that every file is readable."""
        return f"{self.prefix}/manifest.json"

    @property
    def attempts_prefix(self) -> str:
        return f"{self.prefix}/attempts/"

    @property
    def errors_prefix(self) -> str:
        return f"{self.prefix}/errors/"

    def attempt_key(self, attempt: str) -> str:
        return f"{self.attempts_prefix}{attempt}.json"

    def error_key(self, attempt: str) -> str:
        return f"{self.errors_prefix}{attempt}.json"

    def file_key(self, attempt: str, name: str) -> str:
        return f"{self.prefix}/{attempt}/{name}"

    @property
    def progress_prefix(self) -> str:
        return f"{self.prefix}/progress/"

    def progress_key(self, attempt: str) -> str:
        """Written once an attempt has kept more than it began from; lists the attempts before."""
        return f"{self.progress_prefix}{attempt}.json"

    @property
    def checkpoints_prefix(self) -> str:
        """The states of a long training; a key names iteration, SHA-256 and attempt."""
        return f"{self.prefix}/checkpoints/"

    @property
    def checkpoint_key(self) -> str:
        """Where earlier workers kept the only state of a training. It is still read."""
        return f"{self.prefix}/checkpoint"

    def live_artifact_key(self, name: str) -> str:
        """A file that a running step shows, overwritten as it goes."""
        return f"{self.prefix}/{name}"


class FileInfo(Frozen):
    key: str
    bytes: int
    sha256: Sha256


class Provenance(Frozen):
    """Where and when a step was computed; never part of an identity."""

    host: str
    started: str
    seconds: float
    versions: dict[str, str] = {}


class Manifest(Frozen):
    kind: Kind
    id: StepId
    attempt: str
    files: dict[str, FileInfo]
    made: Provenance

    @property
    def bytes(self) -> int:
        """How large its files are together."""
        return sum(file.bytes for file in self.files.values())


class StepError(Frozen):
    """Why an attempt failed. `text` is what a caller may read."""

    fault: Literal["caller", "world", "ours"]
    slug: str
    text: str
    context: dict[str, str | int | float | bool | None] = {}
    host: str
    at: str
    log: tuple[str, ...] = Field(
        default=(),
        exclude_if=lambda lines: not lines,
        description="The last lines that the worker logged in this attempt.",
    )


class StepMessage(Frozen):
    """Base of the step requests."""

    KIND: ClassVar[Kind]
    recipe: int = 0

    @model_validator(mode="before")
    @classmethod
    def _current_recipe(cls, data: Any) -> Any:  # noqa: ANN401 - pydantic hands in anything
        if isinstance(data, dict) and "recipe" not in data:
            return {**data, "recipe": RECIPES[cls.KIND]}
        return data

    def identity(self) -> dict[str, Any]:
        """Give the JSON value whose digest names the step: the request without locations."""
        return {"kind": self.KIND.value, **self.model_dump(mode="json")}

    @property
    def step_id(self) -> str:
        return digest(self.identity())

    @property
    def ref(self) -> Ref:
        return Ref(kind=self.KIND, id=self.step_id)

    def needs(self) -> tuple[Ref, ...]:
        """The artifacts that must be there first, without repeats."""
        return ()


def is_none(value: object) -> bool:
    """Leave a later field out of dumps and identity while it is unset, as in older messages."""
    return value is None


class Upload(Frozen):
    """One uploaded file. Its content names it, not its place in the store."""

    key: str
    bytes: Annotated[int, Field(gt=0)]
    sha256: Sha256


def contents_of(files: Mapping[str, Upload]) -> dict[str, Sha256]:
    """Give the SHA-256 of each file's content, by role."""
    return {role: file.sha256 for role, file in files.items()}


class Progress(Frozen):
    """How far a running step is. `detail` holds numbers worth showing, as a loss."""

    done: int
    total: int
    detail: dict[str, float | int | str] = {}

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        return TypeAdapter(cls).validate_json(raw)
