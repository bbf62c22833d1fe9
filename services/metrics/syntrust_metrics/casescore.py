"""Everything that one predicted label map is measured by against its reference."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np

from syntrust_core.geometry import bounding_box
from syntrust_metrics.lesions import lesion_dice
from syntrust_metrics.overlap import (
    ALL_LABELS,
    MM3_PER_ML,
    NESTED_LABELS,
    REGION_LABELS,
    LabelMap,
    Labels,
    confusion,
    dice,
    precision,
    predicted_voxels,
    reference_voxels,
    sensitivity,
)
from syntrust_metrics.scores import CaseScore
from syntrust_metrics.surface import Mask, Spacing, hd95_mm, surface_dice, surface_distances


class _Shape(NamedTuple):
    """What needs positions, not counts."""

    hd95_mm: float | None
    surface_dice: float | None
    lesion_dice: float | None


def score_case(reference: LabelMap, prediction: LabelMap, *, spacing_mm: Spacing) -> CaseScore:
    """Overlap, volumes and distances of the disjoint and of the nested regions.

    Parameters
    ----------
    reference, prediction : uint8 array, shape (X, Y, Z)
        Label maps of one canonical grid, values 0 to 3.
    spacing_mm
        Voxel size along each axis, > 0.

    Raises
    ------
    InvalidVolume
        If a label map is no uint8, holds a value above 3, or the shapes differ.
    ValueError
        If a spacing is not above 0.
    """
    if not min(spacing_mm) > 0:
        msg = f"a voxel has sides above 0, not {spacing_mm}"
        raise ValueError(msg)
    joint = confusion(reference, prediction)
    shapes = _shapes(reference, prediction, spacing_mm)
    voxel_ml = prod(spacing_mm) / MM3_PER_ML
    known = {name: reference_voxels(joint, labels) for name, labels in ALL_LABELS.items()}
    found = {name: predicted_voxels(joint, labels) for name, labels in ALL_LABELS.items()}
    return CaseScore(
        dice={name: dice(joint, labels) for name, labels in REGION_LABELS.items()},
        nested={name: dice(joint, labels) for name, labels in NESTED_LABELS.items()},
        reference_ml={name: voxels * voxel_ml for name, voxels in known.items()},
        predicted_ml={name: voxels * voxel_ml for name, voxels in found.items()},
        volume_difference_ml={name: (found[name] - known[name]) * voxel_ml for name in known},
        sensitivity={name: sensitivity(joint, labels) for name, labels in ALL_LABELS.items()},
        precision={name: precision(joint, labels) for name, labels in ALL_LABELS.items()},
        hd95_mm={name: shape.hd95_mm for name, shape in shapes.items()},
        surface_dice={name: shape.surface_dice for name, shape in shapes.items()},
        lesion_dice={name: shape.lesion_dice for name, shape in shapes.items()},
    )


def _shapes(reference: LabelMap, prediction: LabelMap, spacing_mm: Spacing) -> dict[str, _Shape]:
    either = (reference | prediction) != 0
    if not either.any():
        return dict.fromkeys(ALL_LABELS, _Shape(None, None, None))
    box = bounding_box(either)
    first, second = reference[box], prediction[box]
    return {
        name: _shape(_mask(first, labels), _mask(second, labels), spacing_mm)
        for name, labels in ALL_LABELS.items()
    }


def _mask(label_map: LabelMap, labels: Labels) -> Mask:
    wanted = np.zeros(256, np.bool_)
    wanted[list(labels)] = True
    mask: Mask = wanted[label_map]
    return mask


def _shape(reference: Mask, prediction: Mask, spacing_mm: Spacing) -> _Shape:
    distances = surface_distances(reference, prediction, spacing_mm)
    return _Shape(
        hd95_mm=hd95_mm(distances),
        surface_dice=surface_dice(distances),
        lesion_dice=lesion_dice(reference, prediction, voxel_mm3=prod(spacing_mm)),
    )
