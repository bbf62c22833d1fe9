"""Measure how far the surfaces of masks lie apart: HD95 and normalised surface Dice.

A surface voxel is a mask voxel with a face neighbour outside the mask; what lies beyond the array
is outside. Distances run between the centres of surface voxels, in millimetres.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from syntrust_metrics.segmentation.bitmasks import (
    Bitmasks,
    Counts,
    count_voxels,
    find_surfaces,
    unpack_mask,
)

_Distances = NDArray[np.float64]
"""(n,) in mm. Exact where the percentile or the tolerance depends on it; else only on the right
side of both, so no array of them leaves this module."""
Voxels = NDArray[np.int64]
Points = NDArray[np.float64]
Spacing = tuple[float, float, float]

PERCENTILE: Final = 95
TOLERANCE_MM: Final = 1.0
"""Of the surface Dice: BraTS data are 1 mm, and its later rankings use this tolerance."""
_NEAR_VOXELS: Final = 3  # voxels along an axis, within the margin of bitmasks; measured
_BLOCK_MM: Final = 3.0  # measured
_TREE_LEAF_POINTS: Final = (
    64  # measured: a tree is queried so little that building it costs as much
)


class SurfaceMetrics(NamedTuple):
    """How far the surfaces of two masks lie apart.

    `hd95_mm` is the 95th percentile Hausdorff distance in mm, >= 0, lower is better; None where a
    mask is empty. It is the larger of both directions' 95th percentiles (Huttenlocher et al. 1993,
    doi:10.1109/34.232073), interpolated linearly, as MONAI's `compute_hausdorff_distance` gives it.
    DeepMind's surface-distance, which BraTS uses, weighs surface elements by area and sets them
    between voxels. It differs by a fraction of a voxel on most masks, and by several voxels where
    few distances lie near the percentile (4.1 mm at 1 mm spacing was seen); it counts a missing
    surface as 374 mm.

    `surface_dice` is the share of both surfaces within 1 mm of the other, in [0, 1], higher is
    better; None where both masks are empty, 0 where exactly one is. It is the normalised surface
    Dice (Nikolov et al. 2021, doi:10.2196/26151) with surface voxels counted, as MONAI's
    `compute_surface_dice` counts them; Nikolov's own weighs surface elements by area.
    """

    hd95_mm: float | None
    surface_dice: float | None


def measure_surfaces(
    reference: Bitmasks, prediction: Bitmasks, *, n_masks: int, spacing_mm: Spacing
) -> list[SurfaceMetrics]:
    """Measure the distances between the surfaces of each mask in both bitmask arrays.

    Parameters
    ----------
    reference, prediction : uint8 array, shape (X, Y, Z)
        Bitmasks of one grid, with the margin that `pack_regions` adds.
    n_masks : int
        How many of the masks to measure, from bit 0 on.
    spacing_mm : tuple of float
        Voxel size along each axis in mm, > 0.

    Returns
    -------
    list of SurfaceMetrics
        One for each mask.

    Raises
    ------
    ValueError
        If the shapes differ or a spacing is not above 0.
    """
    if reference.shape != prediction.shape or not min(spacing_mm) > 0:
        msg = f"The bitmasks need one shape and the spacings must be above 0, not {spacing_mm}."
        raise ValueError(msg)
    first, second = find_surfaces(reference), find_surfaces(prediction)
    searches = _NearestVoxels(first, second, spacing_mm), _NearestVoxels(second, first, spacing_mm)
    return [_measure([search.distances(bit) for search in searches]) for bit in range(n_masks)]


def _measure(directions: Sequence[_Distances]) -> SurfaceMetrics:
    sizes = [direction.size for direction in directions]
    near = sum(int((direction <= TOLERANCE_MM).sum()) for direction in directions)
    return SurfaceMetrics(
        hd95_mm=max(float(np.percentile(direction, PERCENTILE)) for direction in directions)
        if all(sizes)
        else None,
        surface_dice=near / sum(sizes) if any(sizes) else None,
    )


class _NearestVoxels:
    """Distance to the nearest voxel of the other surface, for the surface voxels of all masks.

    Most nearest voxels are one or two voxels away. They are looked up there, nearest places first,
    until no distance that is left matters. For voxels further off that matter, a tree is searched.
    With that, scoring a case of 240x240x155 voxels takes 36 ms, with the tree alone 160 ms; for a
    bad prediction 203 and 229 ms.
    """

    def __init__(self, surface: Bitmasks, other: Bitmasks, spacing_mm: Spacing) -> None:
        self._other, self._spacing_mm = other, spacing_mm
        self._positions = np.flatnonzero(surface != 0)
        self._bits = surface.reshape(-1)[self._positions]
        self._n_voxels = count_voxels(self._bits)
        # numpy's percentile lies between this place in ascending order and the next.
        self._rank = ((self._n_voxels - 1) * (PERCENTILE / 100)).astype(np.int64)
        self._has_other = count_voxels(np.bitwise_or.reduce(other, axis=None)) > 0
        self._n_found = np.zeros_like(self._n_voxels)
        self._lengths_mm: list[float] = []
        self._n_found_at: list[Counts] = []
        self._search_near()

    def distances(self, bit: int) -> _Distances:
        """Give the distances of the surface voxels of one mask, (n,) in mm, in no order."""
        near = np.repeat(self._lengths_mm, [found[bit] for found in self._n_found_at])
        left = self._positions[unpack_mask(self._bits, bit)]
        if not left.size:
            return np.concatenate([near, np.full(self._n_voxels[bit] - near.size, np.inf)])
        other = np.flatnonzero(unpack_mask(self._other, bit))
        points, others = (self._points(voxels) for voxels in (left, other))
        return np.concatenate(
            [near, _search_tree(points, others, int(self._rank[bit]) - near.size)]
        )

    def _search_near(self) -> None:
        absent = ~self._other.reshape(-1)
        for length, steps in _list_shells(self._other.shape, self._spacing_mm):
            self._drop_decided(length)
            if not self._positions.size:
                return
            before = count_voxels(self._bits)
            for step in steps:
                self._bits &= absent[self._positions + step]
            self._lengths_mm.append(length)
            self._n_found_at.append(before - count_voxels(self._bits))
            self._n_found += self._n_found_at[-1]
        self._drop_decided((_NEAR_VOXELS + 1) * min(self._spacing_mm))

    def _drop_decided(self, length_mm: float) -> None:
        """Drop the voxels of masks for which no distance of at least `length_mm` matters."""
        short = self._n_found < np.minimum(self._rank + 2, self._n_voxels)
        matters = self._has_other & (short | (length_mm <= TOLERANCE_MM))
        self._bits &= np.packbits(matters, bitorder="little")
        left = self._bits != 0
        self._positions, self._bits = self._positions[left], self._bits[left]

    def _points(self, voxels: Voxels) -> Points:
        where = np.unravel_index(voxels, self._other.shape)
        points: Points = np.stack(where, axis=1) * np.asarray(self._spacing_mm)
        return points


def _list_shells(shape: tuple[int, ...], spacing_mm: Spacing) -> list[tuple[float, list[int]]]:
    """List lengths in mm in ascending order, each with the steps in the flat array that have it.

    Steps go up to `_NEAR_VOXELS` voxels along each axis; none is as long as the shortest beyond.
    """
    axis = np.arange(-_NEAR_VOXELS, _NEAR_VOXELS + 1)
    offsets = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    lengths = np.sqrt(((offsets * np.asarray(spacing_mm)) ** 2).sum(axis=1))
    steps = offsets @ np.array([shape[1] * shape[2], shape[2], 1])
    near = np.unique(lengths[lengths < (_NEAR_VOXELS + 1) * min(spacing_mm)])
    return [(float(length), steps[lengths == length].tolist()) for length in near]


def _search_tree(points: Points, others: Points, rank: int) -> _Distances:
    """Find the distances to the nearest of `others`, (n,) in mm, exact where `rank` needs it.

    The tree is asked for one point of each block. No other point of the block is nearer or further
    by more than its distance from that one, which tells for most points on which side of the
    percentile they are. With that, scoring a bad prediction takes 214 ms, without it 367 ms.

    Parameters
    ----------
    points, others : float64 array, shape (n, 3)
        Places in mm.
    rank : int
        A place in ascending order. The distances that may be at this place or the next are exact,
        and so are those that may be within the tolerance.
    """
    tree = cKDTree(others, leafsize=_TREE_LEAF_POINTS, balanced_tree=False)
    blocks = (points // _BLOCK_MM).astype(np.int64) @ np.array([1 << 40, 1 << 20, 1])
    _, first, block = np.unique(blocks, return_index=True, return_inverse=True)
    around = tree.query(points[first])[0][block]
    apart = np.linalg.norm(points - points[first][block], axis=1)
    least, most = around - apart, around + apart
    lower, upper = (min(max(place, 0), len(points) - 1) for place in (rank, rank + 1))
    low, high = np.partition(least, lower)[lower], np.partition(most, upper)[upper]
    unsure = ((most >= low) & (least <= high)) | (least <= TOLERANCE_MM)
    distances: _Distances = np.where(most < low, most, least)
    distances[unsure] = tree.query(points[unsure])[0]
    return distances
