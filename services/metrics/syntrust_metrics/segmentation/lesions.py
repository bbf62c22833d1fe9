"""Lesion-wise Dice, by which BraTS 2023 ranks segmentations of gliomas.

A patient with one large and three small lesions gets four scores, so that a small lesion counts as
much as the large one.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from syntrust_metrics.segmentation.bitmasks import Bitmasks, Counts, Mask, dilate, unpack_mask
from syntrust_metrics.segmentation.components import Components, Runs

SMALLEST_MM3: Final = 50.0


def lesion_dice(
    reference: Bitmasks, prediction: Bitmasks, *, n_masks: int, voxel_mm3: float
) -> list[float | None]:
    r"""Compute the mean Dice over lesions, in [0, 1], higher is better, for each mask.

    Reference voxels that touch after three dilations (each by the 18 nearest neighbours) are one
    lesion; touching includes corners. The components of the prediction (26 neighbours) belong to
    every lesion whose dilation they meet. The Dice of a lesion is that of its own voxels and of all
    of its components. Lesions of at most 50 mm³ are left out, but a component that meets one is no
    false positive. The result is

    .. math:: \sum_l D_l / (L + F)

    with L lesions above 50 mm³ and F components, of any size, that meet no lesion.

    Parameters
    ----------
    reference, prediction : uint8 array, shape (X, Y, Z)
        Bitmasks of one grid.
    n_masks : int
        How many of the masks to score, from bit 0 on.
    voxel_mm3 : float
        Volume of a voxel in mm³, > 0.

    Returns
    -------
    list of float or None
        One for each mask; None where there is nothing to score (L + F = 0). BraTS counts that as 1.

    References
    ----------
    Rules and limits of BraTS-GLI: Saluja et al., "BraTS 2023 lesion-wise performance metrics",
    github.com/rachitsaluja/BraTS-2023-Metrics. Dilation is in voxels there; data are 1 mm.
    """
    dilated_once = dilate(reference)
    dilated = dilate(dilate(dilated_once))
    masks = (reference, prediction, dilated_once, dilated)
    return [
        _score_mask(*(unpack_mask(each, bit) for each in masks), voxel_mm3=voxel_mm3)
        for bit in range(n_masks)
    ]


def _score_mask(
    reference: Mask, prediction: Mask, dilated_once: Mask, dilated: Mask, *, voxel_mm3: float
) -> float | None:
    lesions = Components.from_mask(dilated)  # a dilated lesion is a component of the dilated mask
    n_false, false_voxels = _count_false_positives(prediction & ~dilated_once, dilated)
    if lesions.total == 1:  # most often; then the prediction needs no components
        met_voxels = np.array([np.count_nonzero(prediction) - false_voxels])
    else:
        met_voxels = _count_met_voxels(
            lesions, Components.from_mask(prediction), Runs.from_mask(prediction & dilated)
        )
    lesion_voxels = lesions.count_voxels(Runs.from_mask(reference))
    dice = (
        2
        * lesions.count_voxels(Runs.from_mask(reference & prediction))
        / (lesion_voxels + met_voxels)
    )
    scored = dice[lesion_voxels * voxel_mm3 > SMALLEST_MM3]
    total = scored.size + n_false
    return float(scored.sum()) / total if total else None


def _count_false_positives(beyond: Mask, dilated: Mask) -> tuple[int, int]:
    """Count the components of the prediction that meet no lesion, and their voxels.

    `beyond` is the prediction without what lies within one dilation. The neighbours of what it
    lacks lie within three dilations, so a component that loses voxels still meets a lesion.
    """
    components = Components.from_mask(beyond)
    voxels = components.count_voxels(components.runs)
    voxels[components.component_ids(Runs.from_mask(beyond & dilated))] = 0
    return int(np.count_nonzero(voxels)), int(voxels.sum())


def _count_met_voxels(lesions: Components, components: Components, shared: Runs) -> Counts:
    """Count the voxels of all components that each lesion meets; `shared` runs lie in both."""
    pairs = lesions.component_ids(shared).astype(
        np.int64
    ) * components.total + components.component_ids(shared)
    lesion, component = np.divmod(np.unique(pairs), max(components.total, 1))
    voxels = components.count_voxels(components.runs)[component]
    return np.bincount(lesion, voxels, lesions.total).astype(np.int64)
