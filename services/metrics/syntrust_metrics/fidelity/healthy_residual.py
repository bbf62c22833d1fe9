"""Measure what a twin could have copied: the pattern of healthy tissue.

A twin has the label map of its source by design, so tumour regions and their means say nothing
about memorisation. What remains is healthy tissue less its mean. It is taken at 4 mm, since noise
would hide a copy at finer scales.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

RESIDUAL_MM: Final = 4.0
FEWEST_BLOCKS: Final = 20
_LEAST_SHARE: Final = 0.5  # of a block that must be healthy tissue

BlockShape = tuple[int, int, int]


def block_shape(spacing_mm: tuple[float, float, float]) -> BlockShape:
    """Give the sides of a block of about 4 mm in voxels; 1 where voxels are larger."""
    x, y, z = (max(1, round(RESIDUAL_MM / length)) for length in spacing_mm)
    return x, y, z


def healthy_residual(
    z: NDArray[np.float32], healthy: NDArray[np.bool_], block: BlockShape
) -> NDArray[np.float64]:
    """Compute the block means of healthy tissue less the mean of all of it.

    Parameters
    ----------
    z : float32 array, shape (X, Y, Z)
        Intensities as z-scores.
    healthy : bool array, shape (X, Y, Z)
        Brain without tumour.
    block : tuple of int
        Sides of a block in voxels. A last, incomplete block counts like any other.

    Returns
    -------
    float64 array, shape (blocks,)
        One z-score for each block of which at least half is healthy tissue.
    """
    if not healthy.any():
        return np.zeros(0)
    whole = np.prod(block)
    voxels = _sum_blocks(healthy.astype(np.float64), block)
    sums = _sum_blocks(np.where(healthy, z, 0).astype(np.float64), block)
    kept = voxels >= _LEAST_SHARE * whole
    means: NDArray[np.float64] = sums[kept] / voxels[kept] - sums.sum() / voxels.sum()
    return means


def correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float | None:
    """Compute Pearson's correlation, in [-1, 1], of two residuals, shape (blocks,).

    None for fewer than 20 blocks, or where one of the two does not vary.
    """
    if first.size < FEWEST_BLOCKS or first.std() == 0 or second.std() == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def _sum_blocks(array: NDArray[np.float64], block: BlockShape) -> NDArray[np.float64]:
    for axis, side in enumerate(block):
        starts = np.arange(0, array.shape[axis], side)
        array = np.add.reduceat(array, starts, axis=axis)
    return array
