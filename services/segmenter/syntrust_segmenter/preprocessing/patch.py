"""Copy a patch out of an array of voxels."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from syntrust_core.segmenter_presets import Patch
from syntrust_segmenter.preprocessing.case_cache import Ints3

_Voxel = TypeVar("_Voxel", bound=np.generic)
OUTSIDE: Final = 0  # of z-scores and of labels


def extract_patch(array: NDArray[_Voxel], start: Ints3, patch: Patch) -> NDArray[_Voxel]:
    """Copy a patch out of an array (..., X, Y, Z); voxels beyond the array are 0."""
    patched = np.full((*array.shape[:-3], *patch), OUTSIDE, array.dtype)
    here, there = [], []
    for first, side, length in zip(start, patch, array.shape[-3:], strict=True):
        low, high = max(first, 0), min(first + side, length)
        here.append(slice(low, high))
        there.append(slice(low - first, high - first))
    x, y, z = here
    i, j, k = there
    patched[..., i, j, k] = array[..., x, y, z]
    return patched
