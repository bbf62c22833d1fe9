"""How busy the GPUs of this machine are, as the driver's own tool tells it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter, ValidationError

from syntrust_core.contracts.base import Frozen

PATIENCE_S: Final = 5.0
_ASK: Final = (
    "--query-gpu=index,utilization.gpu,memory.used,memory.total",
    "--format=csv,noheader,nounits",
)


class Gpu(Frozen):
    """One GPU at one moment. `utilisation` is the share of time in which it computed."""

    index: int
    utilisation: float
    memory_used_bytes: int
    memory_total_bytes: int


_GPUS: Final = TypeAdapter(list[Gpu])


def read_gpus() -> list[Gpu]:
    """Ask `nvidia-smi`; no GPUs where it is not there, fails or is silent for seconds."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    try:
        answer = subprocess.run(  # noqa: S603 - the driver's tool, with our own arguments
            [tool, *_ASK], capture_output=True, check=True, text=True, timeout=PATIENCE_S
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return []
    read = (_read_line(line) for line in answer.stdout.splitlines())
    return [gpu for gpu in read if gpu is not None]


def write_gpus(gpus: Sequence[Gpu]) -> bytes:
    """Write GPUs as JSON."""
    return _GPUS.dump_json(list(gpus))


def parse_gpus(raw: bytes) -> list[Gpu]:
    """Read that JSON; none if another release has written something else."""
    try:
        return _GPUS.validate_json(raw)
    except ValidationError:
        return []


def _read_line(line: str) -> Gpu | None:
    """Read "index, percent, MiB, MiB"; None where the driver says [N/A]."""
    try:
        index, percent, used_mib, total_mib = map(int, line.split(","))
    except ValueError:
        return None
    return Gpu(
        index=index,
        utilisation=percent / 100,
        memory_used_bytes=used_mib << 20,
        memory_total_bytes=total_mib << 20,
    )
