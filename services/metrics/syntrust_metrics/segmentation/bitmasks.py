"""Pack several masks into one array, a bit for each, so that one pass over the voxels serves all.

Bitmasks are uint8, shape (X, Y, Z), in C order, with `MARGIN_VOXELS` empty voxels on every side. So
a step of up to `MARGIN_VOXELS` voxels along each axis leads to a fixed place in the flat array: it
neither leaves the array nor finds a voxel of another line.

Measured, scoring a case of 240x240x155 voxels takes 36 ms with five masks in one array, and 56 ms
with one mask after the other; for a bad prediction 206 and 308 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Bitmasks = NDArray[np.uint8]
Counts = NDArray[np.int64]

MARGIN_VOXELS: Final = 4
"""One more than the dilations of a lesion, so that the grown mask keeps an empty border."""
_BYTES: Final = np.arange(256, dtype=np.uint8)
_BITS_OF_BYTE: Final = np.unpackbits(_BYTES[:, None], axis=1, bitorder="little").astype(np.int64)


def find_labelled_box(
    reference: NDArray[np.uint8], prediction: NDArray[np.uint8]
) -> tuple[slice, slice, slice]:
    """Find the smallest box around the labels of both maps, uint8, shape (X, Y, Z).

    Bytes are reduced, not truth values: 5 ms less of the 12 ms that HD95 of three regions takes.
    """
    either = reference | prediction
    rows = np.bitwise_or.reduce(either, axis=0)
    y, z = (_find_extent(np.bitwise_or.reduce(rows, axis=axis)) for axis in (1, 0))
    return _find_extent(np.bitwise_or.reduce(either[:, y, z], axis=(1, 2))), y, z


def _find_extent(labels: NDArray[np.uint8]) -> slice:
    used = np.flatnonzero(labels)
    return slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0)


def pack_regions(label_map: NDArray[np.uint8], regions: Sequence[Sequence[int]]) -> Bitmasks:
    """Pack regions of a label map, with a margin around them.

    Parameters
    ----------
    label_map : uint8 array, shape (X, Y, Z)
        Labels.
    regions : sequence of sequences of int
        The labels of each region, at most 8 regions. Bit k holds the voxels of `regions[k]`.

    Returns
    -------
    uint8 array, shape (X + 2 * MARGIN_VOXELS, ...)
        The bitmasks.
    """
    codes = np.zeros_like(_BYTES)
    for bit, labels in enumerate(regions):
        codes[list(labels)] |= np.uint8(1 << bit)
    return np.pad(codes.take(label_map), MARGIN_VOXELS)


def unpack_mask(bitmasks: Bitmasks, bit: int) -> Mask:
    """Give one mask, bool, in the shape of the bitmasks."""
    mask: Mask = (bitmasks & np.uint8(1 << bit)) != 0
    return mask


def count_voxels(bitmasks: Bitmasks) -> Counts:
    """Count the voxels of each mask, int64, shape (8,); the array may have any shape."""
    voxels: Counts = np.bincount(bitmasks.reshape(-1), minlength=256) @ _BITS_OF_BYTE
    return voxels


def find_surfaces(bitmasks: Bitmasks) -> Bitmasks:
    """Find the voxels of each mask that have a face neighbour outside of it, same shape."""
    inner = bitmasks.copy()
    for axis in range(3):
        _combine_neighbours(np.bitwise_and, bitmasks, inner, axis)
    return bitmasks & ~inner


def dilate(bitmasks: Bitmasks) -> Bitmasks:
    """Grow each mask by the 18 nearest neighbours: by 3x3 squares in each pair of axes."""
    x, y = _dilate_along(bitmasks, 0), _dilate_along(bitmasks, 1)
    return _dilate_along(x, 1) | _dilate_along(x, 2) | _dilate_along(y, 2)


def _dilate_along(bitmasks: Bitmasks, axis: int) -> Bitmasks:
    """Grow each mask by both neighbours along one axis."""
    grown = bitmasks.copy()
    _combine_neighbours(np.bitwise_or, bitmasks, grown, axis)
    return grown


def _combine_neighbours(combine: np.ufunc, bitmasks: Bitmasks, into: Bitmasks, axis: int) -> None:
    """Combine each voxel of `into`, in place, with both of its neighbours along an axis."""
    source, target = np.moveaxis(bitmasks, axis, 0), np.moveaxis(into, axis, 0)
    combine(target[1:], source[:-1], out=target[1:])
    combine(target[:-1], source[1:], out=target[:-1])
