"""What crosses a process boundary: one frozen message per step, its identity, keys and queue.

A step is named by what it is: its id is the SHA-256 of its canonical request, so a whole plan can
be written down before any work. An upload is named by its content, a computed input by its step.
Messages that single jobs alone send are in `jobcontracts`, the report of an experiment in
`reportcontracts`; `messages` knows them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from syntrust_core.contracts.canonical import digest
from syntrust_core.contracts.grid import GridSpec
from syntrust_core.contracts.vocabulary import Scheme, UploadKind

HEX64 = r"^[0-9a-f]{64}$"
Sha256 = Annotated[str, Field(pattern=HEX64)]
StepId = Annotated[str, Field(pattern=HEX64)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Sampler = Literal["ancestral", "ddim", "dpm++2m"]
AlphaText = Annotated[str, Field(pattern=r"^(0|1|0\.\d*[1-9])$")]


class Kind(StrEnum):
    """The kinds of artifact. All but `IMPORTED_MODEL` are computed by a step of the same name."""

    INSPECT_CASE = "inspect_case"
    SYNTHESISE_CASE = "synthesise_case"
    TRAIN_GENERATOR = "train_generator"
    TRAIN_SEGMENTER = "train_segmenter"
    PREDICT_CASES = "predict_cases"
    SCORE_CASES = "score_cases"
    COMPARE_TWIN = "compare_twin"
    BUILD_REPORT = "build_report"
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
    Kind.INSPECT_CASE: Queue.METRICS,
    Kind.SYNTHESISE_CASE: Queue.GENERATOR,
    Kind.TRAIN_GENERATOR: Queue.GENERATOR,
    Kind.TRAIN_SEGMENTER: Queue.SEGMENTER,
    Kind.PREDICT_CASES: Queue.SEGMENTER,
    Kind.SCORE_CASES: Queue.METRICS,
    Kind.COMPARE_TWIN: Queue.METRICS,
    Kind.BUILD_REPORT: Queue.METRICS,
    Kind.EXPORT_IMAGES: Queue.METRICS,
    Kind.SEGMENT_CASE: Queue.SEGMENTER,
    Kind.EXPORT_BUNDLE: Queue.SEGMENTER,
    Kind.SCORE_VOLUMES: Queue.METRICS,
    Kind.IMPORT_MODEL: Queue.GENERATOR,
}

# A number changes when the same request would give other results; a worker of another refuses.
RECIPES: Mapping[Kind, int] = {
    **dict.fromkeys(QUEUES, 1),
    Kind.SYNTHESISE_CASE: 6,
    Kind.TRAIN_GENERATOR: 5,
    Kind.TRAIN_SEGMENTER: 2,
    Kind.SCORE_CASES: 2,
    Kind.BUILD_REPORT: 3,
}


def task_name(kind: Kind) -> str:
    """The Celery task that computes `kind`; sender and worker use this one spelling."""
    return f"syntrust.{kind}"


class Frozen(BaseModel):
    """Base of everything that crosses a process boundary: immutable, no stray fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Ref(Frozen):
    """An artifact by what it is. The keys of everything about it are here and nowhere else."""

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
    def checkpoint_key(self) -> str:
        """The latest state of a long training, overwritten as it goes."""
        return f"{self.prefix}/checkpoint"

    def live_artifact_key(self, name: str) -> str:
        """A file that a running step shows of itself, overwritten as it goes."""
        return f"{self.prefix}/{name}"


class FileInfo(Frozen):
    key: str
    bytes: int
    sha256: Sha256


class Provenance(Frozen):
    """Where and when a step was computed. Provenance only: never part of an identity."""

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


class StepError(Frozen):
    """How an attempt ended when it ended badly. `text` is what a caller may read."""

    fault: Literal["caller", "world", "ours"]
    slug: str
    text: str
    context: dict[str, str | int | float | bool | None] = {}
    host: str
    at: str


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
        """The JSON value whose digest names the step: the request without locations."""
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
    """For fields that came later: absent from dumps and identity, as in older messages."""
    return value is None


def _case(step: str) -> Ref:
    return Ref(kind=Kind.INSPECT_CASE, id=step)


def _twin(step: str) -> Ref:
    return Ref(kind=Kind.SYNTHESISE_CASE, id=step)


class Upload(Frozen):
    """One uploaded file. Its content names it; where it lies does not."""

    key: str
    bytes: Annotated[int, Field(gt=0)]
    sha256: Sha256


def contents_of(files: Mapping[str, Upload]) -> dict[str, Sha256]:
    """What names each file: its content."""
    return {role: file.sha256 for role, file in files.items()}


class InspectCase(StepMessage):
    """Check an upload and write the canonical case."""

    KIND = Kind.INSPECT_CASE
    files: dict[str, Upload]
    scheme: Scheme
    grid: GridSpec
    purpose: UploadKind = Field(default="case", exclude_if=lambda purpose: purpose == "case")

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "files": contents_of(self.files)}


class SynthesiseCase(StepMessage):
    """Draw one twin of a case from its label map."""

    KIND = Kind.SYNTHESISE_CASE
    case: StepId
    generator: Ref
    sampler: Sampler
    steps: Annotated[int, Field(ge=1, le=1000)]
    seed: Seed
    twin: Annotated[int, Field(ge=0, lt=100)] = 0
    fit: Literal["resize"] | None = Field(
        default=None,
        exclude_if=is_none,
        description="resize: squeeze the condition onto the generator's grid and stretch the twin "
        "back, as Med-DDPM's own script does; null: as the generator's card says.",
    )

    def needs(self) -> tuple[Ref, ...]:
        return (_case(self.case), self.generator)


class Image(Frozen):
    """A case seen through its real image (`twin` null) or through its twin."""

    case: StepId
    twin: StepId | None = None
    labels: StepId | None = Field(
        default=None,
        exclude_if=is_none,
        description="Another case, whose label map is trained on instead of its own: the control "
        "that labels must not pass. Predictions know no labels.",
    )

    def needs(self) -> tuple[Ref, ...]:
        twin = () if self.twin is None else (_twin(self.twin),)
        labels = () if self.labels is None else (_case(self.labels),)
        return (_case(self.case), *twin, *labels)


def all_needs(*groups: tuple[Image, ...]) -> tuple[Ref, ...]:
    refs = (ref for group in groups for image in group for ref in image.needs())
    return tuple(dict.fromkeys(refs))


class TrainSegmenter(StepMessage):
    """Train on a mix. It names its inputs, not α, so equal mixes are one step."""

    KIND = Kind.TRAIN_SEGMENTER
    train: Annotated[tuple[Image, ...], Field(min_length=1)]
    validation: tuple[Image, ...] = ()
    preset: str
    overrides: dict[str, Any] = {}
    iterations: Annotated[int, Field(ge=1)]
    seed: Seed
    start: Ref | None = Field(
        default=None,
        exclude_if=is_none,
        description="Weights to start from: a trained segmenter or an imported checkpoint; null: "
        "fresh ones.",
    )

    def needs(self) -> tuple[Ref, ...]:
        start = () if self.start is None else (self.start,)
        return (*all_needs(self.train, self.validation), *start)


class PredictCases(StepMessage):
    KIND = Kind.PREDICT_CASES
    model: StepId
    images: Annotated[tuple[Image, ...], Field(min_length=1)]
    probabilities: bool = Field(
        default=False,
        exclude_if=lambda asked: not asked,
        description="Write the probability of each label too.",
    )

    def needs(self) -> tuple[Ref, ...]:
        return (Ref(kind=Kind.TRAIN_SEGMENTER, id=self.model), *all_needs(self.images))


class ScoreCases(StepMessage):
    """Overlap, volumes and surface distances of predicted label maps against the cases' own."""

    KIND = Kind.SCORE_CASES
    prediction: StepId
    cases: Annotated[tuple[StepId, ...], Field(min_length=1)]

    def needs(self) -> tuple[Ref, ...]:
        cases = (_case(case) for case in self.cases)
        return (Ref(kind=Kind.PREDICT_CASES, id=self.prediction), *dict.fromkeys(cases))


class CompareTwin(StepMessage):
    """Compare the twins of one case with their source and with each other."""

    KIND = Kind.COMPARE_TWIN
    case: StepId
    twins: Annotated[tuple[StepId, ...], Field(min_length=1)]

    def needs(self) -> tuple[Ref, ...]:
        return (_case(self.case), *dict.fromkeys(_twin(twin) for twin in self.twins))


class Progress(Frozen):
    """How far a running step is. `detail` holds numbers worth showing, as a loss."""

    done: int
    total: int
    detail: dict[str, float | int | str] = {}

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        return TypeAdapter(cls).validate_json(raw)
