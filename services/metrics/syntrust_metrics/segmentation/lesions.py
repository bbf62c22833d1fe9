"""Lesion-wise Dice as BraTS 2023 ranks glioma segmentations by it.

A patient with one large and three small lesions gets four scores, so small ones count as much as
the large one.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from syntrust_metrics.segmentation.bitmasks import Counts, Mask, Planes, dilated, mask_of
from syntrust_metrics.segmentation.components import Parts, Runs

SMALLEST_MM3: Final = 50.0


def lesion_dice(
    reference: Planes, prediction: Planes, *, n_planes: int, voxel_mm3: float
) -> list[float | None]:
    r"""Mean Dice over lesions, in [0, 1], higher is better; for each plane.

    Reference voxels whose masks touch after three dilations (each by the 18 nearest neighbours) are
    one lesion; touching includes corners. Parts of the prediction are its components by 26
    neighbours. A part belongs to every lesion whose dilation it meets; a lesion's Dice is that of
    its own voxels and all of its parts. Lesions of at most 50 mm³ are left out, but a part that
    meets one is no false positive. The result is

    .. math:: \sum_l D_l / (L + F)

    with L lesions above 50 mm³ and F parts, of any size, that meet none.

    Parameters
    ----------
    reference, prediction : uint8, shape (X, Y, Z)
        Planes of one grid.
    n_planes
        How many of the planes to score, from the first on.
    voxel_mm3
        Volume of a voxel, > 0.

    Returns
    -------
    None for a plane with nothing to score (L + F = 0); BraTS counts that as 1.

    References
    ----------
    Rules and limits of BraTS-GLI: Saluja et al., "BraTS 2023 lesion-wise performance metrics",
    github.com/rachitsaluja/BraTS-2023-Metrics. Dilation is in voxels there; data are 1 mm.
    """
    near = dilated(reference)
    reach = dilated(dilated(near))
    planes = (reference, prediction, near, reach)
    return [
        _of_plane(*(mask_of(each, plane) for each in planes), voxel_mm3=voxel_mm3)
        for plane in range(n_planes)
    ]


def _of_plane(
    truth: Mask, found: Mask, near: Mask, reach: Mask, *, voxel_mm3: float
) -> float | None:
    lesions = Parts.of(reach)  # a dilated lesion is just its part of the dilated mask
    false, false_voxels = _false(found & ~near, reach)
    if lesions.total == 1:  # most often; the prediction's parts need no telling apart then
        met_voxels = np.array([np.count_nonzero(found) - false_voxels])
    else:
        met_voxels = _met_voxels(lesions, Parts.of(found), Runs.of(found & reach))
    lesion_voxels = lesions.voxels(Runs.of(truth))
    dice = 2 * lesions.voxels(Runs.of(truth & found)) / (lesion_voxels + met_voxels)
    scored = dice[lesion_voxels * voxel_mm3 > SMALLEST_MM3]
    total = scored.size + false
    return float(scored.sum()) / total if total else None


def _false(away: Mask, reach: Mask) -> tuple[int, int]:
    """How many parts of the prediction meet no lesion, and their voxels.

    Without what is within one dilation: its neighbours are within reach, so a part that loses
    voxels by that still meets a lesion.
    """
    parts = Parts.of(away)
    voxels = parts.voxels(parts.runs)
    voxels[parts.holding(Runs.of(away & reach))] = 0
    return int(np.count_nonzero(voxels)), int(voxels.sum())


def _met_voxels(lesions: Parts, parts: Parts, shared: Runs) -> Counts:
    """Voxels of all the parts that each lesion meets; `shared` runs lie in both."""
    pairs = lesions.holding(shared).astype(np.int64) * parts.total + parts.holding(shared)
    lesion, part = np.divmod(np.unique(pairs), max(parts.total, 1))
    voxels = parts.voxels(parts.runs)[part]
    return np.bincount(lesion, voxels, lesions.total).astype(np.int64)
