"""Narrow down a percentile of distances to a surface that lies far, without finding them all.

A tree is asked for the centre of each block of voxels. No point of the block is nearer or further
by more than its distance from the centre, which tells for most points on which side of the
percentile they are. The others are asked about in smaller blocks, and the last one by one.
"""

from __future__ import annotations

from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from syntrust_metrics.segmentation.near_search import Spacing, Voxels

Points = NDArray[np.float64]
Distances = NDArray[np.float64]
Pair = tuple[float, float]

_BLOCK_SIDES: Final = (8, 3)  # voxels; measured
_FEW_POINTS: Final = 400  # are asked about one by one; measured
_TREE_LEAF_POINTS: Final = (
    64  # measured: a tree is queried so little that building it costs as much
)
_SLACK_MM: Final = 1e-6  # far above the errors of rounding, far below a voxel


class FarSearch:
    """Bounds of the distances at two places in ascending order, made narrower step by step.

    Attributes
    ----------
    lower, upper : tuple of two floats
        Bounds in mm of the distance at the place `rank` and at the next.
    is_exact : bool
        Whether both are the distances.
    n_within : int
        Voxels within `limit_mm`; each is asked about for that, unless it is 0.
    """

    def __init__(
        self,
        voxels: Voxels,
        others: Voxels,
        *,
        shape: tuple[int, ...],
        spacing_mm: Spacing,
        rank: int,
        limit_mm: float,
    ) -> None:
        self._spacing_mm = spacing_mm
        self._indices = np.stack(np.unravel_index(voxels, shape))
        self._tree = cKDTree(
            _to_points(np.stack(np.unravel_index(others, shape)), spacing_mm),
            leafsize=_TREE_LEAF_POINTS,
            balanced_tree=False,
            compact_nodes=False,
        )
        self._places = max(rank, 0), min(rank + 1, voxels.size - 1)
        self._sides = list(_BLOCK_SIDES)
        self.is_exact = False
        self.n_within = int((self._measure_all() <= limit_mm).sum()) if limit_mm > 0 else 0
        self.lower: Pair
        self.upper: Pair
        self.refine()

    def refine(self) -> None:
        """Ask about smaller blocks, at last about single voxels."""
        if self._sides and self._indices.shape[1] > _FEW_POINTS:
            least, most = self._bound_by_blocks(self._sides.pop(0))
        else:
            least = most = self._measure_all()
            self.is_exact = True
        first, last = self._places
        self.lower, self.upper = (_choose(each, first, last) for each in (least, most))
        self._keep_unsure(least, most)

    def _keep_unsure(self, least: Distances, most: Distances) -> None:
        """Keep the voxels that may lie at one of the two places."""
        below, above = most < self.lower[0], least > self.upper[1]
        passed = int(below.sum())
        self._places = self._places[0] - passed, self._places[1] - passed
        self._indices = self._indices[:, ~(below | above)]

    def _bound_by_blocks(self, side: int) -> tuple[Distances, Distances]:
        blocks = self._indices // side
        shape = tuple(int(along.max()) + 1 for along in blocks)
        flat = np.ravel_multi_index(tuple(blocks), shape)
        is_used = np.zeros(prod(shape), np.bool_)
        is_used[flat] = True
        used = np.stack(np.unravel_index(np.flatnonzero(is_used), shape))
        around = self._query(used * side + (side - 1) / 2)
        number = np.cumsum(is_used)[flat] - 1
        apart = np.zeros(flat.size)
        for along, spacing in zip(self._indices % side, self._spacing_mm, strict=True):
            apart += ((along - (side - 1) / 2) * spacing) ** 2
        apart = np.sqrt(apart) + _SLACK_MM
        return around[number] - apart, around[number] + apart

    def _measure_all(self) -> Distances:
        return self._query(self._indices)

    def _query(self, indices: NDArray[Any]) -> Distances:
        found: Distances = self._tree.query(_to_points(indices, self._spacing_mm))[0]
        return found


def _choose(distances: Distances, first: int, last: int) -> Pair:
    ordered = np.partition(distances, (first, last))
    return float(ordered[first]), float(ordered[last])


def _to_points(indices: NDArray[Any], spacing_mm: Spacing) -> Points:
    """Give the places in mm, (n, 3), of voxels by their indices, (3, n)."""
    points: Points = indices.T * np.asarray(spacing_mm)
    return points
