"""Sliding windows over a brain, blended by a Gaussian. Tensors are (N, C, X, Y, Z)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import torch
from monai.data.utils import compute_importance_map
from torch import Tensor
from torch.nn import functional

SIGMA_SCALE = 0.125  # of a window's side; Isensee et al. 2021, doi:10.1038/s41592-020-01008-z

Predictor = Callable[[Tensor], Tensor]
Spatial = tuple[slice, slice, slice]


def infer_sliding_windows(
    images: Tensor,
    inside: Tensor,
    predictor: Predictor,
    *,
    roi: tuple[int, int, int],
    overlap: float,
    batch: int,
) -> Tensor:
    """Predict every voxel as the Gaussian-weighted mean over overlapping windows.

    Windows are placed as in MONAI's `sliding_window_inference`, and within `inside` the result is
    equal. A window without a voxel of `inside` is skipped: on the box of a brain, a full-size case
    needs 36 windows where MONAI's computes 75. An image smaller than a window is padded with 0.

    Parameters
    ----------
    images : Tensor, shape (1, C, X, Y, Z)
    inside : bool Tensor, shape (X, Y, Z)
        The voxels whose result matters.
    predictor : callable
        Windows (n, C, *roi) to float32 outputs (n, K, *roi).
    overlap : float
        Least share of a window's side, in [0, 1), that its neighbour also covers.
    batch : int
        Windows computed at once.

    Returns
    -------
    float32 Tensor, shape (1, K, X, Y, Z)
        0 where no window lies.
    """
    shape = images.shape[2:]
    widths = [_split_padding(n, side) for n, side in zip(shape, roi, strict=True)]
    flat = [width for pair in reversed(widths) for width in pair]
    padded, wanted = functional.pad(images, flat), functional.pad(inside, flat)
    places = [
        place for place in _list_windows(wanted.shape, roi, overlap) if bool(wanted[place].any())
    ]
    weight = _make_importance_map(roi, images.device)
    total, weights = _accumulate(padded, places, predictor, weight, batch)
    result = total / weights.masked_fill(weights == 0, 1)
    x, y, z = (slice(low, low + n) for (low, _), n in zip(widths, shape, strict=True))
    return result[:, :, x, y, z]


def _accumulate(
    images: Tensor, places: Sequence[Spatial], predictor: Predictor, weight: Tensor, batch: int
) -> tuple[Tensor, Tensor]:
    """Sum the windows' results by weight, and sum the weights."""
    weights = images.new_zeros(images.shape[2:])
    total: Tensor | None = None
    for first in range(0, len(places), batch):
        some = places[first : first + batch]
        found = predictor(torch.cat([images[:, :, x, y, z] for x, y, z in some])) * weight
        if total is None:
            total = images.new_zeros((1, found.shape[1], *images.shape[2:]))
        for place, values in zip(some, found, strict=True):
            total[0][(slice(None), *place)] += values
            weights[place] += weight
    if total is None:
        msg = "no voxel lies inside: there is nothing to predict"
        raise ValueError(msg)
    return total, weights


def _list_windows(shape: Sequence[int], roi: Sequence[int], overlap: float) -> Iterator[Spatial]:
    starts = (_list_starts(n, side, overlap) for n, side in zip(shape, roi, strict=True))
    for place in product(*starts):
        x, y, z = (slice(start, start + side) for start, side in zip(place, roi, strict=True))
        yield x, y, z


def _list_starts(length: int, side: int, overlap: float) -> list[int]:
    """List the first voxel of each window along one axis; the last window ends with the axis."""
    step = side if length == side else max(1, int(side * (1 - overlap)))
    count = -(-(length - side) // step) + 1
    return [min(index * step, length - side) for index in range(count)]


def _make_importance_map(roi: tuple[int, int, int], device: torch.device) -> Tensor:
    weight: Any = compute_importance_map(
        roi, mode="gaussian", sigma_scale=SIGMA_SCALE, device=device, dtype=torch.float32
    )
    return torch.as_tensor(weight)


def _split_padding(length: int, side: int) -> tuple[int, int]:
    missing = max(0, side - length)
    return missing // 2, missing - missing // 2
