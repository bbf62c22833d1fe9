"""Measure one predicted label map against its reference by everything that the scores hold."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from syntrust_metrics.segmentation.bitmasks import find_labelled_box, pack_regions
from syntrust_metrics.segmentation.lesions import lesion_dice
from syntrust_metrics.segmentation.near_search import Spacing
from syntrust_metrics.segmentation.overlap import (
    ALL_LABELS,
    MM3_PER_ML,
    NESTED_LABELS,
    REGION_LABELS,
    LabelMap,
    confusion_matrix,
    count_predicted_voxels,
    count_reference_voxels,
    dice,
    precision,
    require_label_maps,
    sensitivity,
)
from syntrust_metrics.segmentation.score_file import CaseScore
from syntrust_metrics.segmentation.surface import measure_surfaces


class _SpatialMetrics(NamedTuple):
    """The measures that need places, not counts alone."""

    hd95_mm: float | None
    surface_dice: float | None
    lesion_dice: float | None


def score_case(reference: LabelMap, prediction: LabelMap, *, spacing_mm: Spacing) -> CaseScore:
    """Measure overlap, volumes and distances of the disjoint and of the nested regions.

    Parameters
    ----------
    reference, prediction : uint8 array, shape (X, Y, Z)
        Label maps of one canonical grid, values 0 to 3.
    spacing_mm : tuple of float
        Voxel size along each axis in mm, > 0.

    Returns
    -------
    CaseScore
        Every measure, by region.

    Raises
    ------
    InvalidVolume
        If a label map is no uint8, holds a value above 3, or the shapes differ.
    ValueError
        If a spacing is not above 0.
    """
    if not min(spacing_mm) > 0:
        msg = f"The sides of a voxel must be above 0 mm, not {spacing_mm}."
        raise ValueError(msg)
    require_label_maps(reference, prediction)
    box = find_labelled_box(reference, prediction)
    labelled = reference[box], prediction[box]
    confusion = confusion_matrix(*labelled)
    confusion[0, 0] += reference.size - labelled[0].size
    spatial = _measure_spatially(*labelled, spacing_mm)
    voxel_ml = prod(spacing_mm) / MM3_PER_ML
    reference_voxels = {
        name: count_reference_voxels(confusion, labels) for name, labels in ALL_LABELS.items()
    }
    predicted_voxels = {
        name: count_predicted_voxels(confusion, labels) for name, labels in ALL_LABELS.items()
    }
    return CaseScore(
        dice={name: dice(confusion, labels) for name, labels in REGION_LABELS.items()},
        nested={name: dice(confusion, labels) for name, labels in NESTED_LABELS.items()},
        reference_ml={name: voxels * voxel_ml for name, voxels in reference_voxels.items()},
        predicted_ml={name: voxels * voxel_ml for name, voxels in predicted_voxels.items()},
        volume_difference_ml={
            name: (predicted_voxels[name] - reference_voxels[name]) * voxel_ml
            for name in reference_voxels
        },
        sensitivity={name: sensitivity(confusion, labels) for name, labels in ALL_LABELS.items()},
        precision={name: precision(confusion, labels) for name, labels in ALL_LABELS.items()},
        hd95_mm={name: measured.hd95_mm for name, measured in spatial.items()},
        surface_dice={name: measured.surface_dice for name, measured in spatial.items()},
        lesion_dice={name: measured.lesion_dice for name, measured in spatial.items()},
    )


def _measure_spatially(
    reference: LabelMap, prediction: LabelMap, spacing_mm: Spacing
) -> dict[str, _SpatialMetrics]:
    regions = list(ALL_LABELS.values())
    first, second = (pack_regions(labels, regions) for labels in (reference, prediction))
    surfaces = measure_surfaces(first, second, n_masks=len(regions), spacing_mm=spacing_mm)
    lesions = lesion_dice(first, second, n_masks=len(regions), voxel_mm3=prod(spacing_mm))
    return {
        name: _SpatialMetrics(surface.hd95_mm, surface.surface_dice, lesion)
        for name, surface, lesion in zip(ALL_LABELS, surfaces, lesions, strict=True)
    }
