"""Torch settings that give the same bytes for the same inputs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.utils.deterministic

from syntrust_core.machine.deterministic import use_deterministic_algorithms

_MEMORY: Any = torch.utils.deterministic  # its stubs lack the flag


@contextmanager
def reproducible(threads: int, *, deterministic: bool = True) -> Iterator[None]:
    """Use deterministic algorithms on exactly `threads` CPU threads while the block runs.

    The number of threads decides how sums are split, and so the last bits of every number. Training
    on a GPU is not `deterministic`: the gradient of the trilinear upsampling has no deterministic
    algorithm there, and torch would refuse it.
    """
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    filling = _MEMORY.fill_uninitialized_memory
    # cuBLAS reads this when it starts; without it deterministic mode refuses matrix products.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    try:
        torch.set_num_threads(threads)
        use_deterministic_algorithms(enabled=deterministic)
        # Filling new tensors only helps to find reads of unset memory, at a third of the time.
        _MEMORY.fill_uninitialized_memory = False
        yield
    finally:
        _MEMORY.fill_uninitialized_memory = filling
        use_deterministic_algorithms(enabled=before[1])
        torch.set_num_threads(before[0])
