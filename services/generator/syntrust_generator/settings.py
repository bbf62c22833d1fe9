"""Settings of a generator worker: the shared ones, and the group `SYNTRUST_GENERATOR__…`.

Loads no torch: the parent process reads it before it forks, and torch would not survive the fork.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from syntrust_core.machine.cores import sees_gpu
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


class GeneratorSettings(Settings):
    """All settings of a generator worker."""

    generator: GeneratorOptions = GeneratorOptions()


def count_processes(devices: Path = Path("/dev")) -> int:
    """Count the processes of a worker whose settings say nothing, see `sees_gpu`."""
    return BESIDE_A_GPU if sees_gpu(devices) else ON_A_CPU
