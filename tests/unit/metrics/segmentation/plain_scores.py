"""The measures of a case written out with scipy and numpy alone, voxel by voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
CORNERS = np.ones((3, 3, 3), np.bool_)
EDGES = ndimage.generate_binary_structure(3, 2)


def measure_surfaces_plainly(
    first: Mask, second: Mask, spacing_mm: tuple[float, ...]
) -> tuple[float | None, float | None]:
    """Compute HD95 and surface Dice from a whole distance transform of each surface."""
    one, other = (mask & ~ndimage.binary_erosion(mask) for mask in (first, second))
    if not (one.any() and other.any()):
        return None, 0.0 if one.any() or other.any() else None
    distances = [
        ndimage.distance_transform_edt(~to, sampling=spacing_mm)[of]
        for of, to in ((one, other), (other, one))
    ]
    hd95 = max(float(np.percentile(each, 95)) for each in distances)
    return hd95, float((np.concatenate(distances) <= 1).mean())


def score_lesions_plainly(reference: Mask, prediction: Mask, voxel_mm3: float) -> float | None:
    """Score by the rules of BraTS 2023, the sums in the order of the lesions' first voxels."""
    grown = ndimage.binary_dilation(reference, EDGES, iterations=3)
    lesions, n_lesions = ndimage.label(grown, CORNERS)
    parts, n_parts = ndimage.label(prediction, CORNERS)
    met: set[int] = set()
    dice = []
    for lesion in range(1, n_lesions + 1):
        own = set(np.unique(parts[lesions == lesion]).tolist()) - {0}
        met |= own
        true, found = reference & (lesions == lesion), np.isin(parts, list(own))
        if true.sum() * voxel_mm3 > 50:
            shared = int((true & found).sum())
            dice.append(2 * shared / (int(true.sum()) + int(found.sum())))
    total = len(dice) + n_parts - len(met)
    return float(np.sum(dice)) / total if total else None
