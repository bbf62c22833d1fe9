"""From the canonical case to what the network sees, and back.

A case's arrays are (X, Y, Z). The network's arrays are (Z, Y, X), as in Med-DDPM.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from syntrust_core.errors import CallerError
from syntrust_generator.atlas.registration import register_head
from syntrust_generator.model_card import View

Box = tuple[slice, slice, slice]
"""Voxel ranges along X, Y, Z."""

_MARGIN = 1  # voxels of background that the network sees on each side of the brain
Scalar = TypeVar("Scalar", bound=np.generic)


def build_condition(
    labels: NDArray[np.uint8],
    brain: NDArray[np.bool_],
    *,
    shape_template: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Build the planes of a label map: NCR, ED, ET, and brain without tumour.

    With a shape template three more planes have the atlas coordinates of each voxel. A network that
    sees part of the brain at a time, or has few layers, cannot find out otherwise which part of the
    brain a voxel belongs to.

    Parameters
    ----------
    labels : uint8 array, shape (X, Y, Z)
        Canonical: 0 background, 1 NCR, 2 ED, 3 ET.
    brain : bool array, shape (X, Y, Z)
    shape_template : float32 array or None
        What `fit_shape_template` returns.

    Returns
    -------
    float32 array, shape (4, Z, Y, X) or (7, Z, Y, X)
        Masks in {0, 1}; then coordinates, which `warp_coordinates` makes ready for a network. All
        planes are 0 outside brain and tumour.

    Raises
    ------
    CallerError
        If a label is not one of 0-3, or the brain has no voxel outside the tumour. The network
        would draw garbage from either.
    """
    if labels.max(initial=0) > 3:
        raise CallerError(f"labels: {int(labels.max())} is not one of 0, 1 NCR, 2 ED, 3 ET.")
    rest = brain & (labels == 0)
    if not rest.any():
        raise CallerError(
            "brain: the mask has no voxel outside the tumour. Send a mask of the whole brain."
        )
    planes = np.stack([labels == 1, labels == 2, labels == 3, rest]).astype(np.float32)
    if shape_template is not None:
        planes = np.concatenate([planes, register_head(brain | (labels > 0), shape_template)])
    return to_network(planes)


def to_network(volumes: NDArray[Scalar]) -> NDArray[Scalar]:
    """(C, X, Y, Z) → (C, Z, Y, X), contiguous."""
    return np.ascontiguousarray(volumes.transpose(0, 3, 2, 1))


def from_network(volumes: NDArray[Scalar]) -> NDArray[Scalar]:
    """(C, Z, Y, X) → (C, X, Y, Z), contiguous. Its own inverse, with `to_network`."""
    return np.ascontiguousarray(volumes.transpose(0, 3, 2, 1))


def find_view_box(brain: NDArray[np.bool_], view: View, divisor: int) -> Box:
    """Find the voxels that the network sees. Every axis is a multiple of `divisor`.

    The view "grid" is the whole grid. The view "brain" is the bounding box of the brain with one
    voxel around it, grown to the next multiple inside the grid.

    Raises
    ------
    CallerError
        If the mask is empty, the grid is too small for the box, or, with "grid", the grid itself is
        not a multiple.
    """
    if not brain.any():
        raise CallerError("brain: the mask is empty; it must have at least one voxel.")
    spans = [_axis_span(brain, axis, view, divisor) for axis in range(3)]
    return spans[0], spans[1], spans[2]


def _axis_span(brain: NDArray[np.bool_], axis: int, view: View, divisor: int) -> slice:
    size = brain.shape[axis]
    low, high = 0, size
    if view == "brain":
        inside = np.flatnonzero(brain.any(axis=tuple(i for i in range(3) if i != axis)))
        low, high = int(inside[0]) - _MARGIN, int(inside[-1]) + 1 + _MARGIN
    length = min(-(-(high - low) // divisor), size // divisor) * divisor
    if length < min(high, size) - max(low, 0) or length == 0:
        raise CallerError(
            f"grid: axis {'xyz'[axis]} has {size} voxels; this model needs a multiple of {divisor}."
        )
    start = min(max((low + high - length) // 2, 0), size - length)
    return slice(start, start + length)
