"""Settings, read once in an entry point from `SYNTRUST_…` variables and passed down."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Origin = Annotated[str, Field(pattern=r"^https?://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?$")]


class StorageSettings(BaseModel):
    endpoint: Annotated[str, Field(description="S3 server as this process sees it, http(s)://…")]
    public_endpoint: Annotated[
        str | None, Field(description="The same server as callers see it; signs presigned URLs.")
    ] = None
    bucket: str = "syntrust"
    region: str = "us-east-1"
    access_key: str
    secret_key: SecretStr
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
    hard_time_limit: timedelta = timedelta(hours=11)
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
    heartbeat_file: Path | None = None
    soft_shutdown: Annotated[
        timedelta,
        Field(description="Time that a step has to keep a checkpoint when its worker ends."),
    ] = timedelta(seconds=60)
    patience_factor: Annotated[
        float,
        Field(gt=0, description="Multiplies how long a step may take without a sign of progress."),
    ] = 1.0


class TracingSettings(BaseModel):
    endpoint: Annotated[
        str | None,
        Field(description="OpenTelemetry collector for traces, http(s)://…/v1/traces; none: off."),
    ] = None


class Settings(BaseSettings):
    """What every process needs: where the bytes are and where the queue is."""

    model_config = SettingsConfigDict(
        env_prefix="SYNTRUST_",
        env_nested_delimiter="__",
        extra="ignore",
        hide_input_in_errors=True,  # an error of one field would print the keys beside it
    )

    storage: StorageSettings
    queue: QueueSettings
    worker: WorkerSettings = WorkerSettings()
    tracing: TracingSettings = TracingSettings()
    log_format: Annotated[str, Field(pattern="^(json|console)$")] = "json"
