"""Settings that all services share, read once in an entry point and passed down.

Each service has one class of settings, made of these and of a group of its own, in its `settings`.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AwareDatetime, BaseModel, Field, SecretStr, model_validator

from syntrust_core.configuration import Environment

Origin = Annotated[str, Field(pattern=r"^https?://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?$")]


class StorageSettings(BaseModel):
    endpoint: Annotated[str, Field(description="S3 server as this process sees it, http(s)://…")]
    public_endpoint: Annotated[
        str | None, Field(description="The same server as callers see it; signs presigned URLs.")
    ] = None
    bucket: Annotated[
        str, Field(description="Holds everything; made at the start if it is not there.")
    ] = "syntrust"
    region: Annotated[str, Field(description="Region that requests are signed for.")] = "us-east-1"
    access_key: Annotated[str, Field(repr=False, description="Name of the key to the bucket.")]
    secret_key: Annotated[SecretStr, Field(description="Secret of the key to the bucket.")]
    browser_origins: Annotated[
        tuple[Origin, ...],
        Field(
            description="Origins (https://host) of web pages that may use presigned URLs: GET, "
            "HEAD, PUT. None by default."
        ),
    ] = ()


class QueueSettings(BaseModel):
    url: Annotated[
        str,
        Field(
            # It may hold a password.
            repr=False,
            description="redis://… of the broker, leases and live progress.",
        ),
    ]
    hard_time_limit: Annotated[
        timedelta, Field(description="A step that runs longer is ended with its process.")
    ] = timedelta(hours=11)
    visibility_timeout: Annotated[
        timedelta,
        Field(description="Redis hands an unacknowledged task to a second worker after this long."),
    ] = timedelta(hours=24)

    @model_validator(mode="after")
    def _limits_are_ordered(self) -> Self:
        # A visibility timeout near the hard limit would run long steps twice at the same time.
        if self.hard_time_limit * 2 > self.visibility_timeout:
            msg = "need 2 × hard_time_limit ≤ visibility_timeout"
            raise ValueError(msg)
        return self


class WorkerSettings(BaseModel):
    scratch: Annotated[Path, Field(description="Folder for files of running steps.")] = Path(
        tempfile.gettempdir()
    )
    cache_bytes: Annotated[int, Field(description="Bytes of inputs to keep as local copies.")] = (
        20 << 30
    )
    threads: Annotated[
        int, Field(ge=1, description="CPU threads of a step; part of repeatability.")
    ] = 2
    processes: Annotated[
        int | None,
        Field(
            ge=1,
            le=64,
            description="Steps that a worker computes at once, each in a process with its own "
            "threads. Null: 1, but 2 of a generator beside a GPU, which would wait while one reads "
            "and writes.",
        ),
    ] = None
    heartbeat_file: Annotated[
        Path | None,
        Field(
            description="File touched every 10 s while worker or orchestrator lives; null: none."
        ),
    ] = None
    soft_shutdown: Annotated[
        timedelta,
        Field(description="Time that a step has to keep a checkpoint when its worker ends."),
    ] = timedelta(seconds=60)
    exit_when_idle: Annotated[
        timedelta | None,
        Field(
            gt=timedelta(0),
            description="A worker ends with code 0 after this long without a step; null: never.",
        ),
    ] = None
    ends_at: Annotated[
        AwareDatetime | None,
        Field(
            description="When the time of this worker ends, as a batch job's does: seconds since "
            "1970, or a time with its zone. It begins no step that is likely to end later, and "
            "leaves with code 75; null: never."
        ),
    ] = None
    assumed_step: Annotated[
        timedelta,
        Field(
            gt=timedelta(0),
            description="What a step of a kind that this worker has not done yet is taken to "
            "take, if its time ends; then it is the longest of its last five.",
        ),
    ] = timedelta(minutes=5)
    patience_factor: Annotated[
        float,
        Field(gt=0, description="Multiplies how long a step may take without a sign of progress."),
    ] = 1.0


class TracingSettings(BaseModel):
    endpoint: Annotated[
        str | None,
        Field(description="OpenTelemetry collector for traces, http(s)://…/v1/traces; null: off."),
    ] = None


class Settings(Environment):
    """What every process needs: where the bytes are and where the queue is."""

    storage: StorageSettings
    queue: QueueSettings
    worker: WorkerSettings = WorkerSettings()
    tracing: TracingSettings = TracingSettings()
    log_format: Annotated[
        str, Field(pattern="^(json|console)$", description="Lines of the log: json or console.")
    ] = "json"
    revision: Annotated[
        str | None,
        Field(
            description="Git revision that an image was built from; models trained in it name it."
        ),
    ] = None


class ComputeSettings(Environment):
    """The part of them for commands that compute and need no server."""

    also_known: ClassVar[tuple[type[Environment], ...]] = (Settings,)

    worker: WorkerSettings = WorkerSettings()
