"""From the canonical case to what the network sees, and back.

Outside, arrays are (X, Y, Z); the network's are (Z, Y, X), as in Med-DDPM.
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
    """One-hot planes of a label map: NCR, ED, ET, and brain without tumour.

    With the mean brain's `outline` three more say where in that a voxel lies, see places.py: a
    network that sees part of the brain at a time, or has few layers, cannot tell otherwise which
    anatomy is due.

    Parameters
    ----------
    labels : (X, Y, Z) uint8, canonical: 0 background, 1 NCR, 2 ED, 3 ET.
    brain : (X, Y, Z) bool.

    Returns
    -------
    (4, Z, Y, X) float32 in {0, 1}, or (7, Z, Y, X), which `bends.bent` makes ready for a network;
    all planes are 0 outside brain and tumour.

    Raises
    ------
    CallerError
        If a label is not one of 0-3, or no brain is left beside the tumour: the network would
        draw garbage from either.
    """
    if labels.max(initial=0) > 3:
        raise CallerError(f"labels: {int(labels.max())} is not one of 0, 1 NCR, 2 ED, 3 ET.")
    rest = brain & (labels == 0)
    if not rest.any():
        raise CallerError("brain: no voxel of brain lies outside the tumour; a brain mask is due.")
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
    """The voxels that the network is shown; every axis a multiple of `divisor`.

    `brain` takes the brain's bounding box and one voxel around it, grown to the next multiple and
    kept inside the grid.

    Raises
    ------
    CallerError
        If the grid is too small for that, or, with `grid`, not a multiple itself; if the mask is
        empty.
    """
    if not brain.any():
        raise CallerError("brain: the mask is empty.")
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
