"""The precision that the benchmarks of the segmenter compute in."""

from __future__ import annotations

from functools import lru_cache

import torch

from syntrust_core.segmenter_presets import TINY
from syntrust_segmenter.tune import tune_segmenter


@lru_cache
def advised() -> str:
    """Measure what `syntrust-segmenter tune` advises here for one thread."""
    return tune_segmenter(TINY, threads=1, device=torch.device("cpu")).precision
