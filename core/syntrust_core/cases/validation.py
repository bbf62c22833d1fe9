"""What a reader of the results should know about a case, and what rules it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_core.contracts.case_record import Problem
from syntrust_core.contracts.vocabulary import REGIONS, Modality, Region
from syntrust_core.errors import InvalidVolume

MAX_TUMOUR_LOST: Final = 0.5
MAX_BRAIN_LOST: Final = 0.001
NOTABLE_SHARE: Final = 0.01
PLAUSIBLE_BRAIN_ML: Final = (300.0, 2500.0)

Mask = NDArray[np.bool_]
Images = Mapping[Modality, NDArray[np.float32]]


def check_tumour(voxels: Mapping[Region, int]) -> None:
    """Refuse a mask without tumour: there is nothing to condition a twin on, and no Dice."""
    if not any(voxels.values()):
        reason = "The mask holds no tumour voxel; a dataset case needs at least one region."
        raise InvalidVolume(reason, file="seg", field="label")


def check_contrast(images: Images, brain: Mask) -> None:
    """Refuse a modality that has one value all over the brain: its z-score is not defined."""
    for role, image in images.items():
        inside = image[brain]
        if inside.min() == inside.max():
            reason = f"Every voxel of the brain has the value {float(inside[0]):g}: no image."
            raise InvalidVolume(reason, file=role, field="voxels")


def image_warnings(
    images: Images, brain: Mask, background: Mapping[Modality, float]
) -> list[Problem]:
    """Brain voxels below background, and foreground that lies outside the brain."""
    size = int(np.count_nonzero(brain))
    warnings = []
    for role, image in images.items():
        below = int(np.count_nonzero(image[brain] < background[role]))
        if below:
            reason = (
                f"{below} of {size} brain voxels lie below the background ({background[role]:g})."
            )
            warnings.append(Problem(file=role, field="voxels", reason=reason))
        outside = int(np.count_nonzero(image[~brain] != background[role]))
        if outside > NOTABLE_SHARE * size:
            reason = f"{outside} voxels outside the brain were set to background."
            warnings.append(Problem(file=role, field="background", reason=reason))
    return warnings


def brain_warnings(brain_ml: float, *, lost: int, total: int) -> list[Problem]:
    """An implausible brain volume, and brain voxels beyond the grid."""
    warnings = []
    low, high = PLAUSIBLE_BRAIN_ML
    if not low <= brain_ml <= high:
        reason = (
            f"The brain measures {brain_ml:.0f} ml; an adult's is between {low:g} and {high:g}."
        )
        warnings.append(Problem(file="brain", field="brain", reason=reason))
    if lost > MAX_BRAIN_LOST * total:
        reason = f"{lost / total:.1%} of the brain lies outside the grid."
        warnings.append(Problem(file="brain", field="grid", reason=reason))
    return warnings


def tumour_warnings(
    before: Mapping[Region, int], after: Mapping[Region, int], *, lost: int
) -> list[Problem]:
    """Tumour voxels beyond the grid, and regions that the grid is too coarse or small for.

    Raises
    ------
    InvalidVolume
        If the grid leaves out more than half of the tumour, or nothing of it remains.
    """
    total = sum(before.values())
    if lost > MAX_TUMOUR_LOST * total or not any(after.values()):
        reason = (
            f"The grid leaves {sum(after.values())} tumour voxels of {total} ({lost} lie outside "
            "it); choose a larger or finer grid."
        )
        raise InvalidVolume(reason, file="seg", field="grid")
    warnings = []
    if lost:
        reason = f"{lost} of {total} tumour voxels lie outside the grid and are not scored."
        warnings.append(Problem(file="seg", field="grid", reason=reason))
    for region in REGIONS:
        if before[region] and not after[region]:
            reason = f"{region} has {before[region]} voxels in the upload and none on the grid."
            warnings.append(Problem(file="seg", field="grid", reason=reason))
    return warnings
