"""How a machine's cores are shared among the processes and threads of its workers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

MOST_PROCESSES: Final = 4
MOST_THREADS: Final = 8  # more do not speed up networks of this size on a CPU
BYTES_PER_PROCESS: Final = 6 << 30  # of memory, for a step of each worker; 16 GB hold two


class Cores(NamedTuple):
    """What each worker of a machine gets: so many steps at once, each with so many threads."""

    processes: int
    threads: int


def share_cores(
    cores: int, memory_bytes: int, *, processes: int | None = None, threads: int | None = None
) -> Cores:
    """Share cores among steps that are computed at once, and the threads of each.

    Steps beside one another come before threads: two threads train the segmenter 1.2 times as fast
    as one, and two trainings of one thread take no longer than one. What is given stays.
    """
    most = min(cores // (threads or 1), memory_bytes // BYTES_PER_PROCESS, MOST_PROCESSES)
    processes = processes or max(1, most)
    return Cores(processes, threads or max(1, min(cores // processes, MOST_THREADS)))


def sees_gpu(devices: Path = Path("/dev")) -> bool:
    """Whether this process sees an NVIDIA GPU; `devices` is the folder of device files."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in {"", "-1"}
    return not hidden and any(devices.glob("nvidia[0-9]*"))
