"""Where the brain is, and what a modality holds outside it. Arrays are (X, Y, Z)."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syntrust_core.cases.label_schemes import LabelMapping, mask_of
from syntrust_core.contracts.case_record import BrainSource, Problem
from syntrust_core.contracts.vocabulary import values_of
from syntrust_core.errors import InvalidVolume

MAX_FILLED: Final = 0.9
"""An ellipsoid fills 52 % of the tightest box around it; a brain cannot fill nine tenths."""
MAX_TUMOUR_OUTSIDE: Final = 0.1

Mask = NDArray[np.bool_]


class Brain(NamedTuple):
    """The one mask that defines crop, statistics and background of a case and of its twins."""

    mask: Mask
    source: BrainSource
    warnings: tuple[Problem, ...]


def find_brain(
    *,
    labels: NDArray[np.int16],
    mapping: LabelMapping,
    file: NDArray[np.int16] | None,
    t1: NDArray[np.float32] | None,
) -> Brain:
    """Find the brain: an uploaded mask, else its label, else where T1 is not background.

    Tumour belongs to the brain: tumour voxels the mask leaves out are added and counted in a
    warning.

    Parameters
    ----------
    labels : int16 array
        The uploaded label values.
    mapping : mapping
        Which value means what.
    file : int16 array or None
        An uploaded brain mask.
    t1 : float32 array or None
        Its background is the one value of its eight corners. No hole is filled. A mask alone
        comes without.

    Raises
    ------
    InvalidVolume
        If nothing says where the brain is, T1's corners differ, the mask is empty, has several
        values or fills over nine tenths of the volume, or leaves out more than a tenth of the
        tumour.
    """
    tumour = mask_of(
        labels, tuple(v for key in ("NCR", "ED", "ET") for v in values_of(mapping, key))
    )
    role = "t1"
    source: BrainSource
    if file is not None:
        source, role, mask = "file", "brain", _brain_of_file(file)
    elif values_of(mapping, "brain"):
        source, role, mask = "label", "seg", mask_of(labels, values_of(mapping, "brain")) | tumour
    elif t1 is not None:
        source, mask = "t1", t1 != t1_background(t1)
    else:
        reason = (
            "A tumour mask alone does not say where the brain is: upload a brain mask as "
            'brain.nii.gz, or label the rest of the brain 4 and give scheme "med_ddpm".'
        )
        raise InvalidVolume(reason, file="brain", field="file")
    _check_extent(mask, role)
    warnings = _tumour_outside(mask, tumour, role)
    return Brain(mask | tumour, source, warnings)


def t1_background(t1: NDArray[np.float32]) -> float:
    """The one value of the eight corners."""
    value = corner_value(t1)
    if value is None:
        reason = (
            "The eight corners of T1 differ, so its background is unknown: upload skull-stripped "
            "images with a constant background, or a brain mask as brain.nii.gz."
        )
        raise InvalidVolume(reason, file="t1", field="background")
    return value


def corner_value(image: NDArray[np.float32]) -> float | None:
    """The value that all eight corners share, if they do."""
    x, y, z = (length - 1 for length in image.shape)
    corners = np.unique(image[::x, ::y, ::z])
    return float(corners[0]) if corners.size == 1 else None


def _brain_of_file(values: NDArray[np.int16]) -> Mask:
    present = [int(value) for value in np.unique(values) if value != 0]
    if len(present) > 1:
        shown = ", ".join(str(value) for value in present[:5])
        reason = f"A brain mask has one value besides 0; this one has {shown}."
        raise InvalidVolume(reason, file="brain", field="label")
    mask: Mask = values != 0
    return mask


def _check_extent(mask: Mask, role: str) -> None:
    share = float(np.count_nonzero(mask)) / mask.size
    if share == 0:
        reason = "The brain is empty: no voxel differs from the background."
        raise InvalidVolume(reason, file=role, field="brain")
    if share > MAX_FILLED:
        reason = (
            f"The brain would fill {share:.0%} of the volume; some background around it is needed. "
            "Upload skull-stripped images, or a brain mask as brain.nii.gz."
        )
        raise InvalidVolume(reason, file=role, field="brain")


def _tumour_outside(mask: Mask, tumour: Mask, role: str) -> tuple[Problem, ...]:
    outside = int(np.count_nonzero(tumour & ~mask))
    total = int(np.count_nonzero(tumour))
    if outside > MAX_TUMOUR_OUTSIDE * total:
        reason = (
            f"{outside} of {total} tumour voxels lie outside the brain; either mask and images do "
            "not belong together, or the brain mask cuts the tumour off."
        )
        raise InvalidVolume(reason, file="seg", field="brain")
    if not outside:
        return ()
    reason = f"{outside} of {total} tumour voxels lay outside the brain and were added to it."
    return (Problem(file=role, field="brain", reason=reason),)
