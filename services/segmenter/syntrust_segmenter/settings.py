"""What an operator may set on a segmenter worker, from `SYNTRUST_SEGMENTER__…` variables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SegmenterSettings(BaseSettings):
    """None of these changes a weight or a label map."""

    model_config = SettingsConfigDict(env_prefix="SYNTRUST_SEGMENTER__", extra="ignore")

    prepared: Annotated[
        Path | None,
        Field(
            description="Folder of prepared cases, shared by the workers of one machine; null: "
            "`prepared` in the worker's scratch folder."
        ),
    ] = None
    prepared_bytes: Annotated[
        int, Field(ge=0, description="Prepared cases kept at most; a full-size one has 60 MB.")
    ] = 64 << 30
    loaders: Annotated[
        int | None,
        Field(
            ge=0,
            le=32,
            description="Threads that prepare samples beside a training; null: 4 on a GPU, else 0.",
        ),
    ] = None
