"""Everything that one predicted label map is measured by against its reference."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from syntrust_metrics.segmentation.bitmasks import labelled_box, planes_of
from syntrust_metrics.segmentation.lesions import lesion_dice
from syntrust_metrics.segmentation.overlap import (
    ALL_LABELS,
    MM3_PER_ML,
    NESTED_LABELS,
    REGION_LABELS,
    LabelMap,
    confusion,
    dice,
    precision,
    predicted_voxels,
    reference_voxels,
    sensitivity,
)
from syntrust_metrics.segmentation.score_file import CaseScore
from syntrust_metrics.segmentation.surface import Spacing, hd95_mm, surface_dice, surface_distances


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
    box = labelled_box(reference, prediction)
    regions = list(ALL_LABELS.values())
    first, second = (planes_of(labels[box], regions) for labels in (reference, prediction))
    distances = surface_distances(first, second, n_planes=len(regions), spacing_mm=spacing_mm)
    lesions = lesion_dice(first, second, n_planes=len(regions), voxel_mm3=prod(spacing_mm))
    return {
        name: _Shape(hd95_mm(between), surface_dice(between), lesion)
        for name, between, lesion in zip(ALL_LABELS, distances, lesions, strict=True)
    }
