"""Lesion-wise Dice as BraTS 2023 ranks glioma segmentations by it.

Masks are (X, Y, Z) bool. A patient with one large and three small lesions gets four scores, so
small ones count as much as the large one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from syntrust_core.geometry import bounding_box

Mask = NDArray[np.bool_]
Parts = NDArray[np.int32]

DILATION_VOXELS: Final = 3
SMALLEST_MM3: Final = 50.0
_ALL_NEIGHBOURS: Final = np.ones((3, 3, 3), np.bool_)


def lesion_dice(reference: Mask, prediction: Mask, *, voxel_mm3: float) -> float | None:
    r"""Mean Dice over lesions, in [0, 1], higher is better.

    Reference voxels whose masks touch after three dilations (each by the 18 nearest neighbours) are
    one lesion; touching includes corners. Parts of the prediction are its components by 26
    neighbours. A part belongs to every lesion whose dilation it meets; a lesion's Dice is that of
    its own voxels and all of its parts. Lesions of at most 50 mm³ are left out, but a part that
    meets one is no false positive. The result is

    .. math:: \sum_l D_l / (L + F)

    with L lesions above 50 mm³ and F parts, of any size, that meet none.

    Parameters
    ----------
    reference, prediction : bool, shape (X, Y, Z)
    voxel_mm3
        Volume of a voxel, > 0.

    Returns
    -------
    None where there is nothing to score (L + F = 0); BraTS counts that as 1.

    References
    ----------
    Rules and limits of BraTS-GLI: Saluja et al., "BraTS 2023 lesion-wise performance metrics",
    github.com/rachitsaluja/BraTS-2023-Metrics. Dilation is in voxels there; data are 1 mm.
    """
    either = reference | prediction
    if not either.any():
        return None
    box = bounding_box(either)
    truth = np.pad(reference[box], DILATION_VOXELS)
    lesions, n_lesions = _components(_dilated(truth))
    parts, n_parts = _components(np.pad(prediction[box], DILATION_VOXELS))
    found, sizes = parts > 0, (n_lesions + 1, n_parts + 1)
    # A dilated lesion is just its component of the dilated mask.
    meets = _pairs(lesions[found], parts[found], sizes)[1:, 1:] > 0
    overlap = _pairs(lesions[truth], parts[truth], sizes)[1:]
    lesion_voxels, shared = overlap.sum(axis=1), overlap[:, 1:].sum(axis=1)
    part_voxels = np.bincount(parts[found], minlength=n_parts + 1)[1:]
    dice = 2 * shared / (lesion_voxels + (meets * part_voxels).sum(axis=1))
    scored = dice[lesion_voxels * voxel_mm3 > SMALLEST_MM3]
    false = int(np.count_nonzero(~meets.any(axis=0)))
    total = scored.size + false
    return float(scored.sum()) / total if total else None


def _dilated(mask: Mask) -> Mask:
    """Three times by the 18 nearest neighbours: squares of 3x3 in each pair of axes, together."""
    for _ in range(DILATION_VOXELS):
        x, y = _along(mask, 0), _along(mask, 1)
        mask = _along(x, 1) | _along(x, 2) | _along(y, 2)
    return mask


def _along(mask: Mask, axis: int) -> Mask:
    """Dilation by both neighbours along one axis."""
    grown = mask.copy()
    forward, backward = np.moveaxis(grown, axis, 0), np.moveaxis(mask, axis, 0)
    forward[1:] |= backward[:-1]
    forward[:-1] |= backward[1:]
    return grown


def _components(mask: Mask) -> tuple[Parts, int]:
    """Connected parts, numbered from 1, and how many there are."""
    parts, count = ndimage.label(mask, _ALL_NEIGHBOURS)
    return parts, int(count)


def _pairs(first: Parts, second: Parts, sizes: tuple[int, int]) -> NDArray[np.int64]:
    """Voxels of each pair of numbers, of shape `sizes`."""
    flat = first.astype(np.int64) * sizes[1] + second
    return np.bincount(flat, minlength=sizes[0] * sizes[1]).reshape(sizes)
