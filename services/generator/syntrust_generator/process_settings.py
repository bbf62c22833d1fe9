"""How many processes a generator worker has. Loads no torch, which would not survive the fork."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

BESIDE_A_GPU, ON_A_CPU = 2, 1


class ProcessSettings(BaseSettings):
    """What an operator may set on a generator worker's parent process."""

    model_config = SettingsConfigDict(env_prefix="SYNTRUST_GENERATOR__", extra="ignore")

    processes: Annotated[
        int | None,
        Field(
            ge=1,
            description="Processes that draw in turns; while one draws, the others read and write. "
            "Null: 2 beside a GPU, which waits for them; 1 on a CPU, whose cores do all three.",
        ),
    ] = None


def process_count(devices: Path) -> int:
    """As set, else by whether `devices` (/dev) holds an NVIDIA GPU that is not hidden from us."""
    asked = ProcessSettings().processes
    if asked is not None:
        return asked
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in {"", "-1"}
    sees_gpu = not hidden and any(devices.glob("nvidia[0-9]*"))
    return BESIDE_A_GPU if sees_gpu else ON_A_CPU
