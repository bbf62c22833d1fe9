"""Settings of a segmenter worker: the shared ones, and the group `SYNTRUST_SEGMENTER__…`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from syntrust_core.ranks.shares import Devices
from syntrust_core.settings import Settings


class SegmenterOptions(BaseModel):
    """Settings for speed and storage. Only `devices` changes a weight, in its last bits."""

    prepared: Annotated[
        Path | None,
        Field(
            description="Folder of prepared cases, shared by the workers of one machine; null: "
            "`prepared` in the worker's scratch folder."
        ),
    ] = None
    prepared_bytes: Annotated[
        int,
        Field(
            ge=0, description="Most bytes of prepared cases to keep; a full-size one takes 60 MB."
        ),
    ] = 64 << 30
    devices: Devices = 1
    loaders: Annotated[
        int | None,
        Field(
            ge=0,
            le=32,
            description="Threads that prepare samples beside a training; null: 4 on a GPU, else 0.",
        ),
    ] = None


class SegmenterSettings(Settings):
    """All settings of a segmenter worker."""

    segmenter: SegmenterOptions = SegmenterOptions()
