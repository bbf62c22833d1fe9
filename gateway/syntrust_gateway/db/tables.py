"""The tables of the gateway's database. Workers never touch it.

Replace the value of a JSON column and never change it in place: SQLAlchemy sees assignments only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    false,
    text,
)
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, synonym, validates
from uuid_utils import uuid7

from syntrust_gateway.db.types import UtcDateTime, deferred_key, enum_column


class Role(StrEnum):
    ADMIN = "admin"
    USER = "user"


class DatasetState(StrEnum):
    OPEN = "open"
    INSPECTING = "inspecting"
    READY = "ready"


class CaseState(StrEnum):
    AWAITING_UPLOAD = "awaiting_upload"
    INSPECTING = "inspecting"
    READY = "ready"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class RunState(StrEnum):
    """The state of a run: an experiment or a job."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in {self.SUCCEEDED, self.FAILED, self.CANCELLED}


class JobKind(StrEnum):
    SYNTHESIS = "synthesis"
    SEGMENTATION = "segmentation"
    TRUST_SCORE = "trust_score"
    MODEL_IMPORT = "model_import"
    MODEL_TRAINING = "model_training"
    MODEL_EXPORT = "model_export"
    REPORT_PDF = "report_pdf"


class StepState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    """Make a UUIDv7, so that row ids sort by the time they were made."""
    return str(uuid7())


def announced_bytes(files: Mapping[str, Any]) -> int:
    """Add up the sizes of announced files, {role: {bytes, …}}."""
    return sum(int(file.get("bytes", 0)) for file in files.values())


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this very name
        datetime: UtcDateTime,
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
        Role: enum_column(Role),
        DatasetState: enum_column(DatasetState),
        CaseState: enum_column(CaseState),
        RunState: enum_column(RunState),
        StepState: enum_column(StepState),
        JobKind: enum_column(JobKind),
    }


class Client(Base):
    """A client of the API. A limit that is null is the installation's.

    Where clients wait for the same workers, each gets steps in proportion to its `weight`.
    """

    __tablename__ = "client"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    role: Mapped[Role]
    created: Mapped[datetime] = mapped_column(default=utc_now)
    weight: Mapped[int] = mapped_column(default=1, server_default="1")
    max_running_steps: Mapped[int | None]
    max_stored_bytes: Mapped[int | None] = mapped_column(BigInteger)
    max_requests_per_minute: Mapped[int | None]


class Dataset(Base):
    __tablename__ = "dataset"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    grid: Mapped[Any] = mapped_column(JSON)
    scheme: Mapped[Any] = mapped_column(JSON)
    origin: Mapped[str] = mapped_column(String(20), default="patients", server_default="patients")
    state: Mapped[DatasetState] = mapped_column(default=DatasetState.OPEN, index=True)
    digest: Mapped[str | None] = mapped_column(String(64))
    tags: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    owner: Mapped[int] = mapped_column(deferred_key("client.id"))
    created: Mapped[datetime] = mapped_column(default=utc_now)

    __table_args__ = (Index(None, "owner", "id"),)


class Case(Base):
    """A case of a dataset. `files` is role → {key, bytes, sha256}; `record` is its case.json.

    `patient` is as the caller named it, null where the id tells. `step` receives its files, and
    once they are received it inspects them.
    """

    __tablename__ = "case"

    dataset_id: Mapped[str] = mapped_column(
        deferred_key("dataset.id", ondelete="CASCADE"), primary_key=True
    )
    case_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    group: Mapped[str | None] = mapped_column(String(200))
    patient: Mapped[str | None] = mapped_column(String(200))
    scheme: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    files: Mapped[dict[str, Any]]
    state: Mapped[CaseState] = mapped_column(default=CaseState.AWAITING_UPLOAD)
    problems: Mapped[list[Any]] = mapped_column(default=list)
    step: Mapped[str | None] = mapped_column(String(64), index=True)
    record: Mapped[dict[str, Any] | None]
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)

    @validates("files")
    def _count_bytes(self, _: str, files: dict[str, Any]) -> dict[str, Any]:
        self.bytes = announced_bytes(files)
        return files

    __table_args__ = (Index(None, "dataset_id", "state"),)


class Run(Base):
    """An experiment or a job: accepted, then planned, then ended.

    `goal` is the step whose end is its success, or the report of what is there where `partial`;
    `error` is why it failed, or which of its steps has failed while the others go on. Of two runs
    that wait, the one of higher `priority` comes first.
    """

    __abstract__ = True

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    name: Mapped[str | None] = mapped_column(String(200))
    spec: Mapped[dict[str, Any]]
    state: Mapped[RunState] = mapped_column(default=RunState.QUEUED, index=True)
    planned: Mapped[bool] = mapped_column(default=False)
    goal: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[dict[str, Any] | None]
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    partial: Mapped[bool] = mapped_column(default=False, server_default=false())
    owner: Mapped[int] = mapped_column(deferred_key("client.id"))
    created: Mapped[datetime] = mapped_column(default=utc_now)
    finished: Mapped[datetime | None]


def _alphas(context: DefaultExecutionContext) -> list[Any]:
    """Copy α from the spec, so that a list of experiments need not read whole specs."""
    row: dict[str, Any] = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return list(row["spec"].get("alphas", ()))


class Experiment(Run):
    """A request, with its spec as resolved when it was accepted."""

    __tablename__ = "experiment"
    __table_args__ = (Index(None, "owner", "id"),)

    dataset_id: Mapped[str] = mapped_column(deferred_key("dataset.id"), index=True)
    goal: Mapped[str | None] = mapped_column("report_step", String(64))
    report_step: Mapped[str | None] = synonym("goal")
    alphas: Mapped[list[Any]] = mapped_column(default=_alphas, server_default="[]")
    tags: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")


class Upload(Base):
    """Files for single jobs. `files` is role → {key, bytes, sha256}, as of a case.

    `step` receives files now; `problems` says why files were refused, as of a case.
    """

    __tablename__ = "upload"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    scheme: Mapped[Any] = mapped_column(JSON)
    files: Mapped[dict[str, Any]]
    problems: Mapped[list[Any]] = mapped_column(default=list)
    step: Mapped[str | None] = mapped_column(String(64), index=True)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    owner: Mapped[int] = mapped_column(deferred_key("client.id"), index=True)
    created: Mapped[datetime] = mapped_column(default=utc_now)

    @validates("files")
    def _count_bytes(self, _: str, files: dict[str, Any]) -> dict[str, Any]:
        self.bytes = announced_bytes(files)
        return files


class Job(Run):
    """A few steps that somebody waits for.

    `spec` is the request as resolved; `plan` its steps as [kind, message], the goal last.
    """

    __tablename__ = "job"
    __table_args__ = (Index(None, "owner", "id"),)

    kind: Mapped[JobKind]
    plan: Mapped[list[Any]]


class Step(Base):
    """A step of any number of runs. `needs` is a list of [kind, id].

    `error` is set if the step has failed, or if it is done and its result is a refusal. `owner` is
    the client who asked for it first, and who is charged its `seconds` and `bytes`.
    """

    __tablename__ = "step"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    message: Mapped[dict[str, Any]]
    needs: Mapped[list[Any]] = mapped_column(default=list)
    state: Mapped[StepState] = mapped_column(default=StepState.WAITING)
    error: Mapped[dict[str, Any] | None]
    manifest: Mapped[dict[str, Any] | None]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    owner: Mapped[int | None]
    seconds: Mapped[float | None]
    bytes: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        Index(None, "state", "kind", "done_at"),
        Index(None, "owner", "done_at"),
        # Of the steps of a run, those with an error are few.
        Index(
            "ix_step_error",
            "id",
            sqlite_where=text("error IS NOT NULL"),
            postgresql_where=text("error IS NOT NULL"),
        ),
    )


class ExperimentStep(Base):
    """Which steps an experiment has, in the order of its plan."""

    __tablename__ = "experiment_step"

    experiment_id: Mapped[str] = mapped_column(
        deferred_key("experiment.id", ondelete="CASCADE"), primary_key=True
    )
    step_id: Mapped[str] = mapped_column(deferred_key("step.id"), primary_key=True)
    position: Mapped[int]

    __table_args__ = (
        Index(None, "experiment_id", "position"),
        Index(None, "step_id", "experiment_id"),
    )


class JobStep(Base):
    """Which steps a job has, in order."""

    __tablename__ = "job_step"

    job_id: Mapped[str] = mapped_column(
        deferred_key("job.id", ondelete="CASCADE"), primary_key=True
    )
    step_id: Mapped[str] = mapped_column(deferred_key("step.id"), primary_key=True)
    position: Mapped[int]

    __table_args__ = (Index(None, "job_id", "position"), Index(None, "step_id", "job_id"))


class Attempt(Base):
    """A lease that a worker took on a step."""

    __tablename__ = "attempt"

    step_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    attempt: Mapped[str] = mapped_column(String(36), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    started: Mapped[datetime]
    error: Mapped[dict[str, Any] | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["step_id"], ["step.id"], ondelete="CASCADE", deferrable=True, initially="DEFERRED"
        ),
    )


class Model(Base):
    """A model that a job made, under that job's id, or a segmenter that an experiment trained.

    `kind` and `step` name its artifact. In the row of a segmenter, `card` holds the model's card as
    `card`, and beside it the ids of its training cases and what made it.
    """

    __tablename__ = "model"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    step: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(100))
    card: Mapped[dict[str, Any]]
    owner: Mapped[int] = mapped_column(deferred_key("client.id"))
    created: Mapped[datetime] = mapped_column(default=utc_now)

    __table_args__ = (Index(None, "owner", "name", unique=True),)


class Audit(Base):
    """Who changed what. Rows are only ever added."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    client: Mapped[str | None] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(60))
    target: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
