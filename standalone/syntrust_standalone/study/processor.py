"""The processor of this machine, as the results of a study name it."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def name_processor(table: Path = Path("/proc/cpuinfo")) -> str:
    """Name the processor of this machine, and how many of its cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_find_model(table)}, {cores} cores"


def _find_model(table: Path) -> str:
    lines = table.read_text("utf-8").splitlines() if table.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
