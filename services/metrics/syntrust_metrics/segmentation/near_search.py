"""Search the places around surface voxels for the nearest voxel of the other surface.

Most nearest voxels are one or two voxels away. They are looked up there, nearest places first, for
the voxels of all masks at once, until no distance that is left matters. What matters and is not
found there is left to `far_search`.
"""

from __future__ import annotations

from functools import lru_cache
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.segmentation.bitmasks import Bitmasks, Counts, count_voxels, find_bits

Voxels = NDArray[np.int64]
Spacing = tuple[float, float, float]

PERCENTILE: Final = 95
TOLERANCE_MM: Final = 1.0
"""Of the surface Dice: BraTS data are 1 mm, and its later rankings use this tolerance."""
_NEAR_VOXELS: Final = 3  # voxels along an axis, within the margin of bitmasks; measured
_TRY_VOXELS: Final = sqrt(3)  # so far every mask is searched; measured
_FULL: Final = 0.8  # places whose voxels are found go when that few others are left; measured
_FINE_PARTS: Final = 64  # of a mm: distances on such grids are exact sums of squares


class NearSearch:
    """How far the surface voxels of all masks lie from those of the other surface, if near.

    Attributes
    ----------
    n_voxels : int64 array, shape (8,)
        Surface voxels of each mask.
    rank : int64 array, shape (8,)
        numpy's percentile lies between this place in ascending order and the next.
    reach_mm : float
        No voxel that is not found is nearer than that, unless its mask was given up.
    """

    def __init__(self, surface: Bitmasks, other: Bitmasks, spacing_mm: Spacing) -> None:
        self._surface_positions = np.flatnonzero(surface != 0)
        self._surface_bits = surface.reshape(-1)[self._surface_positions]
        self._positions, self._bits = self._surface_positions, self._surface_bits.copy()
        self._left: dict[int, Voxels] = {}
        self._counts = count_voxels(self._bits)
        self._has_other = find_bits(other)
        self._may_give_up = _is_exact(spacing_mm)
        self._lengths_mm: list[float] = []
        self._found: list[Counts] = []
        self._try_mm = _TRY_VOXELS * max(spacing_mm)
        self.n_voxels = self._counts.copy()
        self.rank = ((self.n_voxels - 1) * (PERCENTILE / 100)).astype(np.int64)
        self.n_found = np.zeros_like(self.n_voxels)
        self.reach_mm = (_NEAR_VOXELS + 1) * min(spacing_mm)
        self._search(other, spacing_mm)

    def voxels(self, bit: int) -> Voxels:
        """Give all surface voxels of a mask, as places in the flat array, (n,)."""
        voxels: Voxels = self._surface_positions[(self._surface_bits & np.uint8(1 << bit)) != 0]
        return voxels

    def voxels_left(self, bit: int) -> Voxels:
        """Give the surface voxels whose distance matters and was not found, (n,)."""
        return self._left.get(bit, np.empty(0, np.int64))

    def count_within(self, limit_mm: float, bit: int) -> int:
        """Count the voxels found within a distance."""
        pairs = zip(self._lengths_mm, self._found, strict=True)
        return sum(int(found[bit]) for length, found in pairs if length <= limit_mm)

    def distance_at(self, place: int, bit: int) -> float:
        """Give the distance in mm at a place in ascending order, below `n_found`."""
        found = np.cumsum([each[bit] for each in self._found])
        return self._lengths_mm[int(np.searchsorted(found, place, side="right"))]

    def _search(self, other: Bitmasks, spacing_mm: Spacing) -> None:
        absent = ~other.reshape(-1)
        for length, steps in _list_shells(other.shape, spacing_mm):
            self._drop_decided(length)
            if not self._counts.any():
                return
            first = int(self._positions[0])
            relative = self._positions - first
            for step in steps:
                # The array is moved, not the places: they are many, and this copies nothing.
                self._bits &= absent[first + step :].take(relative, mode="clip")
            left = count_voxels(self._bits)
            self._lengths_mm.append(length)
            self._found.append(self._counts - left)
            self.n_found += self._found[-1]
            self._counts = left
        self._drop_decided(self.reach_mm)
        self._leave(self._counts > 0)

    def _drop_decided(self, length_mm: float) -> None:
        """Drop the voxels of masks for which no distance of at least `length_mm` matters."""
        short = self.n_found < np.minimum(self.rank + 2, self.n_voxels)
        within = length_mm <= TOLERANCE_MM
        matters = self._has_other & (short | within)
        if self._may_give_up and length_mm > self._try_mm and not within:
            # Half of the surface is not near: the tree finds the rest sooner.
            given_up = matters & (2 * self.n_found < self.n_voxels)
            self._leave(given_up)
            matters &= ~given_up
        self._counts = np.where(matters, self._counts, 0)
        self._bits &= np.packbits(matters, bitorder="little")
        left = self._bits != 0
        if np.count_nonzero(left) < _FULL * left.size:
            self._positions, self._bits = self._positions[left], self._bits[left]

    def _leave(self, masks: NDArray[np.bool_]) -> None:
        for bit in np.flatnonzero(masks & (self._counts > 0)).tolist():
            self._left[bit] = self._positions[(self._bits & np.uint8(1 << bit)) != 0]


def _is_exact(spacing_mm: Spacing) -> bool:
    """Tell whether sums of squares of distances have no error of rounding on this grid.

    Then a distance is the same number whichever search finds it.
    """
    parts = np.asarray(spacing_mm) * _FINE_PARTS
    return bool((parts == np.rint(parts)).all() and parts.max() <= _FINE_PARTS**2)


def _list_shells(shape: tuple[int, ...], spacing_mm: Spacing) -> list[tuple[float, list[int]]]:
    """List lengths in mm in ascending order, each with the steps in the flat array that have it."""
    along = np.array([shape[1] * shape[2], shape[2], 1])
    return [(length, (offsets @ along).tolist()) for length, offsets in _group_offsets(spacing_mm)]


@lru_cache(maxsize=8)
def _group_offsets(spacing_mm: Spacing) -> list[tuple[float, Voxels]]:
    """Group steps in voxels, (n, 3), by their length in mm, shortest first.

    Steps go up to `_NEAR_VOXELS` voxels along each axis; none is as long as the shortest beyond.
    """
    axis = np.arange(-_NEAR_VOXELS, _NEAR_VOXELS + 1)
    offsets = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    lengths = np.sqrt(((offsets * np.asarray(spacing_mm)) ** 2).sum(axis=1))
    near = np.unique(lengths[lengths < (_NEAR_VOXELS + 1) * min(spacing_mm)])
    return [(float(length), offsets[lengths == length]) for length in near]
