"""Pack several masks into one array, a bit for each, so that one pass over the voxels serves all.

Bitmasks are uint8, shape (X, Y, Z), in C order, with `MARGIN_VOXELS` empty voxels on every side. So
a step of up to `MARGIN_VOXELS` voxels along each axis leads to a fixed place in the flat array: it
neither leaves the array nor finds a voxel of another line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Bitmasks = NDArray[np.uint8]
Counts = NDArray[np.int64]

MARGIN_VOXELS: Final = 4
"""One more than the dilations of a lesion, so that the grown mask keeps an empty border."""
_WORD_BYTES: Final = 8
_FIRST_BITS: Final = np.uint64(0x0101010101010101)  # bit 0 of each byte of a word


def find_labelled_box(*label_maps: NDArray[np.uint8]) -> tuple[slice, slice, slice]:
    """Find the smallest box around the labels of all maps, uint8, shape (X, Y, Z).

    Bytes are reduced, not truth values, and each map by itself: to join them first writes another.
    """
    rows = _join(np.bitwise_or.reduce(labels, axis=0) for labels in label_maps)
    y, z = (_find_extent(np.bitwise_or.reduce(rows, axis=axis)) for axis in (1, 0))
    planes = _join(np.bitwise_or.reduce(labels[:, y, z], axis=(1, 2)) for labels in label_maps)
    return _find_extent(planes), y, z


def _join(arrays: Iterable[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    return reduce(np.bitwise_or, arrays)


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
    codes: dict[int, int] = {}
    for bit, labels in enumerate(regions):
        for label in labels:
            codes[label] = codes.get(label, 0) | 1 << bit
    # Whole passes over bytes take a third of the time that looking up each voxel's code takes.
    contiguous = np.ascontiguousarray(label_map)
    packed = np.zeros_like(contiguous)
    for label, code in codes.items():
        packed |= (contiguous == label).view(np.uint8) * np.uint8(code)
    return np.pad(packed, MARGIN_VOXELS)


def unpack_mask(bitmasks: Bitmasks, bit: int) -> Mask:
    """Give one mask, bool, in the shape of the bitmasks."""
    mask: Mask = (bitmasks & np.uint8(1 << bit)) != 0
    return mask


def count_voxels(bitmasks: Bitmasks) -> Counts:
    """Count the voxels of each mask, int64, shape (8,); the array may have any shape."""
    flat = np.ascontiguousarray(bitmasks).reshape(-1)
    whole = flat.size - flat.size % _WORD_BYTES
    words = flat[:whole].view(np.uint64)
    used = np.append(words[words != 0], _to_word(flat[whole:]))
    return np.array(
        [np.bitwise_count(used & (_FIRST_BITS << np.uint64(bit))).sum() for bit in range(8)],
        np.int64,
    )


def _to_word(voxels: Bitmasks) -> NDArray[np.uint64]:
    return np.pad(voxels, (0, _WORD_BYTES - voxels.size)).view(np.uint64)


def find_bits(bitmasks: Bitmasks) -> Mask:
    """Tell which masks have a voxel, bool, shape (8,)."""
    used = np.bitwise_or.reduce(bitmasks, axis=None)
    return np.unpackbits(np.array([used], np.uint8), bitorder="little").astype(np.bool_)


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


def dilate_to_corners(bitmasks: Bitmasks) -> Bitmasks:
    """Grow each mask by all 26 neighbours: by a cube of 3x3x3 voxels."""
    for axis in range(3):
        bitmasks = _dilate_along(bitmasks, axis)
    return bitmasks


def dilate_to_faces(bitmasks: Bitmasks) -> Bitmasks:
    """Grow each mask by its 6 face neighbours."""
    grown = bitmasks.copy()
    for axis in range(3):
        _combine_neighbours(np.bitwise_or, bitmasks, grown, axis)
    return grown


def _dilate_along(bitmasks: Bitmasks, axis: int) -> Bitmasks:
    """Grow each mask by both neighbours along one axis."""
    grown = bitmasks.copy()
    _combine_neighbours(np.bitwise_or, bitmasks, grown, axis)
    return grown


def _combine_neighbours(combine: np.ufunc, bitmasks: Bitmasks, into: Bitmasks, axis: int) -> None:
    """Combine each voxel of `into`, in place, with both of its neighbours along an axis.

    In the flat array, where they lie a fixed step away; the empty margin keeps lines apart.
    """
    step = prod(bitmasks.shape[axis + 1 :])
    source, target = bitmasks.reshape(-1), into.reshape(-1)
    combine(target[step:], source[:-step], out=target[step:])
    combine(target[:-step], source[step:], out=target[:-step])
