"""Compare the twins of one case with their source and with each other.

Images have the shape (4, X, Y, Z) in the order of `MODALITIES`, masks (X, Y, Z).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from syntrust_core.cases.model import Case
from syntrust_core.contracts.results import Area
from syntrust_core.contracts.vocabulary import LABELS, MODALITIES, REGIONS, Modality
from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.geometry import bounding_box
from syntrust_metrics.fidelity.healthy_residual import (
    BlockShape,
    block_shape,
    correlation,
    healthy_residual,
)
from syntrust_metrics.fidelity.intensity import (
    ScaledIntensities,
    first_order_features,
    lesion_contrast,
    scale_intensities,
)
from syntrust_metrics.fidelity.schema import (
    AREAS,
    LESIONS,
    ByArea,
    Diversity,
    FeatureTable,
    Measure,
    TwinComparison,
    TwinMeasures,
)
from syntrust_metrics.fidelity.similarity import (
    LEAST_SIDE_VOXELS,
    SCALES,
    ms_ssim,
    psnr_db,
    wasserstein_distance,
)

Images = NDArray[np.float32]
Mask = NDArray[np.bool_]
Image = Mapping[Modality, ScaledIntensities]

ABSENT: Final = "no voxel of it is compared"
EQUAL: Final = "the images are equal there"
TOO_SMALL: Final = f"the brain box is under {LEAST_SIDE_VOXELS} voxels along an axis"
NO_CONTRAST: Final = "it, or healthy tissue, is absent or constant"
NO_RESIDUAL: Final = "too little healthy tissue, or a constant one"
_MULTIPLE: Final = 2 ** (SCALES - 1)


def compare_twins(case: Case, twins: Iterable[Images]) -> TwinComparison:
    """Measure every twin of a case against its source, under the same rules for both.

    Parameters
    ----------
    case : Case
        The source; its brain mask and labels serve the twins too.
    twins : iterable of float32 arrays, shape (4, X, Y, Z)
        At least one, on the grid of the case, constant outside what the generator drew. Only the
        brain of each is kept, so they may come one by one.

    Returns
    -------
    TwinComparison
        The measures of every twin, and how the twins differ among themselves.

    Raises
    ------
    InvalidVolume
        If a modality is constant within the brain, or a twin is background alone.
    """
    in_view, brains = case.brain.copy(), []
    for twin in twins:
        in_view &= _find_drawn_box(case.brain, twin)
        brains.append(twin[:, case.brain])
    view = _find_field_of_view(case, in_view)
    source = view.image(case.images[:, case.brain])
    drawn = [view.image(values) for values in brains]
    residuals = {name: view.residual(source[name]) for name in MODALITIES}
    return TwinComparison(
        voxels={area: view.count(area) for area in AREAS},
        outside_view=int(np.count_nonzero(case.brain)) - view.count("brain"),
        tumour_outside_view=int(np.count_nonzero((case.labels > 0) & case.brain))
        - sum(view.count(area) for area in LESIONS),
        block_mm=view.block_mm,
        contrast=_measure_contrasts(source, view),
        features=_measure_features(source, view),
        twins=tuple(_measure_twin(source, residuals, twin, view) for twin in drawn),
        diversity=_measure_diversity(drawn, view) if len(drawn) > 1 else None,
    )


@dataclass(frozen=True)
class _FieldOfView:
    """Where images are compared: in the brain, as far as every twin was drawn.

    `kept` says which brain voxels those are. `mask` lies in the smallest box around them, `sides`
    long and widened at its ends to whole blocks of the coarsest scale. `areas` are over the kept
    voxels. All voxels are in C order.
    """

    in_view_of_brain: Mask
    mask: Mask
    areas: Mapping[Area, Mask]
    sides: tuple[int, int, int]
    block: BlockShape
    block_mm: tuple[float, float, float]

    def count(self, area: Area) -> int:
        return int(np.count_nonzero(self.areas[area]))

    def image(self, brain: NDArray[np.float32]) -> dict[Modality, ScaledIntensities]:
        """Scale the values of all brain voxels, (4, voxels), for each modality."""
        return {
            name: scale_intensities(values[self.in_view_of_brain], name=name)
            for name, values in zip(MODALITIES, brain, strict=True)
        }

    def volume(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Put the values of the compared voxels into their box, (X, Y, Z); 0 elsewhere."""
        volume = np.zeros(self.mask.shape, np.float32)
        volume[self.mask] = values
        return volume

    def residual(self, image: ScaledIntensities) -> NDArray[np.float64]:
        x, y, z = self.sides
        healthy = self.volume(self.areas["healthy"])[:x, :y, :z] != 0
        return healthy_residual(self.volume(image.z)[:x, :y, :z], healthy, self.block)


def _find_field_of_view(case: Case, in_view: Mask) -> _FieldOfView:
    inside = in_view[bounding_box(in_view)]
    x, y, z = inside.shape
    block = block_shape(case.geometry.spacing_mm)
    a, b, c = (n * s for n, s in zip(block, case.geometry.spacing_mm, strict=True))
    return _FieldOfView(
        in_view_of_brain=in_view[case.brain],
        mask=np.pad(inside, [(0, -side % _MULTIPLE) for side in inside.shape]),
        areas=_make_area_masks(case.labels[in_view]),
        sides=(x, y, z),
        block=block,
        block_mm=(a, b, c),
    )


def _find_drawn_box(brain: Mask, twin: Images) -> Mask:
    """Mark the box of the brain that a twin fills; beyond its field of view is background."""
    within = np.zeros_like(brain)
    if brain.all():
        return ~within
    outside = np.unravel_index(int(np.argmin(brain)), brain.shape)
    drawn = np.zeros_like(brain)
    for image in twin:
        drawn |= image != image[outside]
    drawn &= brain
    if not drawn.any():
        raise InvalidVolume(
            "The twin has only background within the brain; it must have an image there.",
            file="twin",
            field="values",
        )
    within[bounding_box(drawn)] = True
    return within


def _make_area_masks(labels: NDArray[np.uint8]) -> dict[Area, Mask]:
    """Mark areas among the compared voxels: the regions, and the brain with and without them."""
    masks: dict[Area, Mask] = {"brain": np.ones(labels.shape, np.bool_), "healthy": labels == 0}
    for region in REGIONS:
        masks[region] = labels == LABELS[region]
    return masks


def _measure_twin(
    source: Image,
    residuals: Mapping[Modality, NDArray[np.float64]],
    twin: Image,
    view: _FieldOfView,
) -> TwinMeasures:
    return TwinMeasures(
        ms_ssim={name: _measure_ms_ssim(source[name], twin[name], view) for name in MODALITIES},
        psnr={name: _measure_psnr(source[name], twin[name], view) for name in MODALITIES},
        histogram={
            name: _measure_histograms(source[name], twin[name], view) for name in MODALITIES
        },
        contrast=_measure_contrasts(twin, view),
        features=_measure_features(twin, view),
        residual_correlation={
            name: _make_measure(
                correlation(residuals[name], view.residual(twin[name])), NO_RESIDUAL
            )
            for name in MODALITIES
        },
    )


def _measure_ms_ssim(
    first: ScaledIntensities,
    second: ScaledIntensities,
    view: _FieldOfView,
    areas: Sequence[Area] = AREAS,
) -> dict[Area, Measure]:
    if min(view.sides) < LEAST_SIDE_VOXELS:
        return {area: Measure(value=None, reason=TOO_SMALL) for area in areas}
    weights = {str(a): view.volume(view.areas[a]) for a in areas if view.areas[a].any()}
    found = ms_ssim(
        view.volume(first.z), view.volume(second.z), weights, data_range=first.data_range
    )
    return {area: _make_measure(found.get(area), ABSENT) for area in areas}


def _measure_psnr(
    source: ScaledIntensities, twin: ScaledIntensities, view: _FieldOfView
) -> dict[Area, Measure]:
    return {
        area: _make_measure(
            psnr_db(source.z[mask], twin.z[mask], data_range=source.data_range), EQUAL
        )
        if mask.any()
        else Measure(value=None, reason=ABSENT)
        for area, mask in view.areas.items()
    }


def _measure_histograms(
    source: ScaledIntensities, twin: ScaledIntensities, view: _FieldOfView
) -> dict[Area, Measure]:
    return {
        area: Measure(value=wasserstein_distance(source.stretched[mask], twin.stretched[mask]))
        if mask.any()
        else Measure(value=None, reason=ABSENT)
        for area, mask in view.areas.items()
    }


def _measure_contrasts(image: Image, view: _FieldOfView) -> ByArea:
    healthy = view.areas["healthy"]
    return {
        name: {
            area: _make_measure(
                lesion_contrast(one.z[view.areas[area]], one.z[healthy]), NO_CONTRAST
            )
            for area in LESIONS
        }
        for name, one in image.items()
    }


def _measure_features(image: Image, view: _FieldOfView) -> FeatureTable:
    return {
        name: {area: first_order_features(one.z[mask]) for area, mask in view.areas.items()}
        for name, one in image.items()
    }


def _measure_diversity(twins: Sequence[Image], view: _FieldOfView) -> Diversity:
    sd: ByArea = {}
    alike: dict[Modality, Measure] = {}
    for name in MODALITIES:
        spread = np.std([twin[name].z for twin in twins], axis=0, ddof=1)
        sd[name] = {
            area: _make_measure(float(spread[mask].mean()) if mask.any() else None, ABSENT)
            for area, mask in view.areas.items()
        }
        alike[name] = _measure_mean_ms_ssim([twin[name] for twin in twins], view)
    return Diversity(sd=sd, ms_ssim=alike)


def _measure_mean_ms_ssim(twins: Sequence[ScaledIntensities], view: _FieldOfView) -> Measure:
    """Average over neighbouring twins only, so that the cost is linear in their number."""
    pairs = [
        _measure_ms_ssim(one, other, view, ("brain",))["brain"] for one, other in pairwise(twins)
    ]
    values = [pair.value for pair in pairs if pair.value is not None]
    return _make_measure(float(np.mean(values)) if values else None, pairs[0].reason)


def _make_measure(value: float | None, reason: str | None) -> Measure:
    return Measure(value=value, reason=None if value is not None else reason)
