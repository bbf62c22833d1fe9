"""What a job computes on, and what is said when it does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch

from syntrust_core.errors import OutOfMemory
from syntrust_segmenter.presets import SegmenterConfig

# Torch has no class of its own for the allocator of the CPU, nor for those of cuDNN and cuBLAS.
ALLOCATORS = ("DefaultCPUAllocator", "CUDNN_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_ALLOC_FAILED")


def best_device() -> str:
    """The GPU if this process sees one, else the CPU."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def best_loaders() -> int:
    """A GPU is fed by threads of their own; on a CPU they would take the training's cores."""
    return 4 if best_device() == "cuda" else 0


@dataclass(frozen=True)
class Machine:
    """What a job computes on. `threads` is exact: it decides the last bits of every weight.

    `loaders` are threads that prepare samples beside the training (0: the training itself does).
    """

    threads: int = 1
    device: str = field(default_factory=best_device)
    loaders: int = 0
    checkpoint_every_s: float = 60.0


@contextmanager
def memory_advice(config: SegmenterConfig) -> Iterator[None]:
    """Turn running out of memory into an error that says which setting to lower."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise OutOfMemory(_advice(config)) from error
    except RuntimeError as error:
        if not any(name in str(error) for name in ALLOCATORS):
            raise
        raise OutOfMemory(_advice(config)) from error


def _advice(config: SegmenterConfig) -> str:
    """What to lower first: whatever costs no accuracy comes before what does."""
    if config.batch > 1:
        lower = f"batch (now {config.batch})"
    elif not config.gradient_checkpointing:
        lower = "patch or feature_size, or set gradient_checkpointing to true"
    else:
        lower = f"patch (now {config.patch}) or feature_size (now {config.feature_size})"
    return f"The segmenter does not fit into memory: lower {lower}; for prediction also windows."
