"""What decides the last bits of every result, besides the processor.

Tests that start a platform set it, so that equal experiments have equal digests, and so that no
start takes the time to measure. Several tests run at once, so a platform takes one core.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PINNED: Final[Mapping[str, str]] = {
    "SYNTRUST_WORKER__PROCESSES": "1",
    "SYNTRUST_WORKER__THREADS": "1",
    "SYNTRUST_GATEWAY__GENERATOR_PRECISION": "fp32",
    "SYNTRUST_GATEWAY__SEGMENTER_PRECISION": "float32",
}
