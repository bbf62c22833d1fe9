"""The device and threads of a job, reproducible arithmetic, and the error for too little memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from syntrust_core.errors import OutOfMemory
from syntrust_core.machine.deterministic import use_deterministic_algorithms
from syntrust_core.segmenter_presets import SegmenterConfig

# Torch has no class of its own for the allocator of the CPU, nor for those of cuDNN and cuBLAS.
ALLOCATORS = ("DefaultCPUAllocator", "CUDNN_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_ALLOC_FAILED")


def best_device() -> str:
    """Return the GPU if this process sees one, else the CPU."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def best_loaders() -> int:
    """Return 4 for a GPU, and 0 for a CPU, where loaders would take the training's cores."""
    return 4 if best_device() == "cuda" else 0


@dataclass(frozen=True)
class ComputeConfig:
    """What a job computes on. `threads` is exact: it decides the last bits of every weight.

    `devices` is how many a training shares each batch among, and decides them, too. `loaders` are
    threads of each that prepare samples beside the training (0: the training itself does).
    """

    threads: int = 1
    device: str = field(default_factory=best_device)
    devices: int = 1
    loaders: int = 0
    checkpoint_every_s: float = 60.0


@contextmanager
def explain_out_of_memory(config: SegmenterConfig) -> Iterator[None]:
    """Turn running out of memory into an error that says which setting to lower."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise OutOfMemory(_advise(config)) from error
    except RuntimeError as error:
        if not any(name in str(error) for name in ALLOCATORS):
            raise
        raise OutOfMemory(_advise(config)) from error


def _advise(config: SegmenterConfig) -> str:
    """Say what to lower: settings that cost no accuracy come before those that do."""
    if config.batch > 1:
        lower = f"batch (now {config.batch})"
    elif not config.gradient_checkpointing:
        lower = "patch or feature_size, or set gradient_checkpointing to true"
    else:
        lower = f"patch (now {config.patch}) or feature_size (now {config.feature_size})"
    return f"The segmenter does not fit into memory: lower {lower}; for prediction also windows."


_MEMORY: Any = torch.utils.deterministic  # its one setting is a property that mypy does not see


@contextmanager
def reproducible(threads: int, *, deterministic: bool = True) -> Iterator[None]:
    """Deterministic algorithms on exactly `threads` CPU threads while the block runs.

    The number of threads decides how sums are split, hence the last bits of every weight. Without
    `deterministic` a GPU may choose its fastest kernels and TF32: the weights then differ from run
    to run.
    """
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    filling, matmul = _MEMORY.fill_uninitialized_memory, torch.get_float32_matmul_precision()
    benchmark = torch.backends.cudnn.benchmark
    # cuBLAS reads this when it starts; without it deterministic mode refuses matrix products.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    try:
        torch.set_num_threads(threads)
        use_deterministic_algorithms(enabled=deterministic)
        torch.backends.cudnn.benchmark = not deterministic
        torch.set_float32_matmul_precision("highest" if deterministic else "high")
        # Filling new tensors only reveals reads of unset memory, and takes a sixth of the time.
        _MEMORY.fill_uninitialized_memory = False
        yield
    finally:
        _MEMORY.fill_uninitialized_memory = filling
        torch.set_float32_matmul_precision(matmul)
        torch.backends.cudnn.benchmark = benchmark
        use_deterministic_algorithms(enabled=before[1])
        torch.set_num_threads(before[0])
