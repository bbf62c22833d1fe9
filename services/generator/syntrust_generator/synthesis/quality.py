"""Quality control of a twin. Contrast and memorisation are measured by the metrics service."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_generator.conditioning.intensity import BACKGROUND

LEAST_SD = 0.01  # a hundredth of half the range; brains have about 0.17
MOST_CLIPPED = 0.9  # share of the brain at either end of the range


def find_defects(images: NDArray[np.float32], brain: NDArray[np.bool_]) -> list[str]:
    """Find the defects of a twin, one sentence each; empty if there are none.

    Parameters
    ----------
    images : float32 array, shape (4, X, Y, Z)
        Should be in [-1, 1] within `brain` and -1 outside.
    brain : bool array, shape (X, Y, Z)
    """
    found: list[str] = []
    for name, image in zip(MODALITIES, images, strict=True):
        found += [f"{name}: {defect}" for defect in _find_image_defects(image, brain)]
    return found


def _find_image_defects(image: NDArray[np.float32], brain: NDArray[np.bool_]) -> list[str]:
    if not np.isfinite(image).all():
        return ["holds NaN or infinity"]
    inside = image[brain].astype(np.float64)
    checks = {
        "reaches beyond [-1, 1]": bool((np.abs(image) > 1).any()),
        "is not background outside the brain": bool((image[~brain] != BACKGROUND).any()),
        "is empty: its sd within the brain is below 0.01": bool(inside.std() < LEAST_SD),
        "is saturated in most of the brain": bool((np.abs(inside) >= 1).mean() > MOST_CLIPPED),
    }
    return [defect for defect, is_present in checks.items() if is_present]
