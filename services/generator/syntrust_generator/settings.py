"""Settings of a generator worker: the shared ones, and the group `SYNTRUST_GENERATOR__…`.

Loads no torch: the parent process reads it before it forks, and torch would not survive the fork.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from syntrust_core.ranks.shares import Devices
from syntrust_core.settings import Settings

BESIDE_A_GPU, ON_A_CPU = 2, 1  # processes of a worker


class GeneratorOptions(BaseModel):
    """How a worker draws. What decides more than a twin's last bits stands in its request."""

    compiled: Annotated[
        bool,
        Field(
            description="Compile the network on a GPU where every case has one shape; needs a C "
            "compiler beside it, and about a minute for the first twin."
        ),
    ] = True
    devices: Devices = 1
    processes: Annotated[
        int | None,
        Field(
            ge=1,
            description="Processes that draw in turns; while one draws, the others read and write. "
            "Null: 2 beside a GPU, which waits for them; 1 on a CPU, whose cores do all three.",
        ),
    ] = None


class GeneratorSettings(Settings):
    """All settings of a generator worker."""

    generator: GeneratorOptions = GeneratorOptions()


def count_processes(options: GeneratorOptions, devices: Path) -> int:
    """Count the processes of a worker: as set, else by whether this process sees an NVIDIA GPU.

    `devices` is the folder of device files, /dev.
    """
    if options.processes is not None:
        return options.processes
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in {"", "-1"}
    sees_gpu = not hidden and any(devices.glob("nvidia[0-9]*"))
    return BESIDE_A_GPU if sees_gpu else ON_A_CPU
