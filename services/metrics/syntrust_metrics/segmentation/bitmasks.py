"""Several masks in one array, a bit each, so that one pass over the voxels serves all of them.

Planes are (X, Y, Z) uint8 in C order with `MARGIN` empty voxels on every side. A neighbour then
lies a fixed step away in the flat array: no step of up to `MARGIN` voxels along each axis leaves
the array or finds a voxel of another line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Planes = NDArray[np.uint8]
Counts = NDArray[np.int64]

MARGIN: Final = 4
"""One more than the dilations of a lesion, so that the grown mask keeps an empty border."""
_CODES: Final = np.arange(256, dtype=np.uint8)
_PLANES_OF_CODE: Final = np.unpackbits(_CODES[:, None], axis=1, bitorder="little").astype(np.int64)


def labelled_box(
    reference: NDArray[np.uint8], prediction: NDArray[np.uint8]
) -> tuple[slice, slice, slice]:
    """The smallest box around what either labels: bytes are reduced faster than truth values."""
    either = reference | prediction
    rows = np.bitwise_or.reduce(either, axis=0)
    y, z = (_extent(np.bitwise_or.reduce(rows, axis=axis)) for axis in (1, 0))
    return _extent(np.bitwise_or.reduce(either[:, y, z], axis=(1, 2))), y, z


def _extent(labels: NDArray[np.uint8]) -> slice:
    used = np.flatnonzero(labels)
    return slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0)


def planes_of(label_map: NDArray[np.uint8], regions: Sequence[Sequence[int]]) -> Planes:
    """Plane k holds the voxels with a label of `regions[k]`; there are at most 8."""
    codes = np.zeros_like(_CODES)
    for plane, labels in enumerate(regions):
        codes[list(labels)] |= np.uint8(1 << plane)
    return np.pad(codes.take(label_map), MARGIN)


def mask_of(planes: Planes, plane: int) -> Mask:
    mask: Mask = (planes & np.uint8(1 << plane)) != 0
    return mask


def counts(planes: Planes) -> Counts:
    """Voxels in each plane, (8,); the array may have any shape."""
    voxels: Counts = np.bincount(planes.reshape(-1), minlength=256) @ _PLANES_OF_CODE
    return voxels


def surfaces(planes: Planes) -> Planes:
    """Voxels of each plane with a face neighbour outside of it."""
    inner = planes.copy()
    for axis in range(3):
        _combine_neighbours(np.bitwise_and, planes, inner, axis)
    return planes & ~inner


def dilated(planes: Planes) -> Planes:
    """Grown by the 18 nearest neighbours: squares of 3x3 in each pair of axes, together."""
    x, y = _along(planes, 0), _along(planes, 1)
    return _along(x, 1) | _along(x, 2) | _along(y, 2)


def _along(planes: Planes, axis: int) -> Planes:
    """Grown by both neighbours along one axis."""
    grown = planes.copy()
    _combine_neighbours(np.bitwise_or, planes, grown, axis)
    return grown


def _combine_neighbours(combine: np.ufunc, planes: Planes, into: Planes, axis: int) -> None:
    """Both neighbours along an axis: flat arrays, which shift several times faster than boxes."""
    step = planes.strides[axis]
    source, target = planes.reshape(-1), into.reshape(-1)
    combine(target[step:], source[:-step], out=target[step:])
    combine(target[:-step], source[step:], out=target[:-step])
