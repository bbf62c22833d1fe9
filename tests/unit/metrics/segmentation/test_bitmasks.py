"""Bitmasks, components and the searches on them against scipy's functions, mask by mask."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from syntrust_metrics.segmentation.bitmasks import (
    count_voxels,
    dilate,
    find_surfaces,
    pack_regions,
    unpack_mask,
)
from syntrust_metrics.segmentation.components import Components, Runs
from syntrust_metrics.segmentation.surface import SurfaceMetrics, measure_surfaces

pytestmark = pytest.mark.numeric

Mask = NDArray[np.bool_]
CORNERS = np.ones((3, 3, 3), np.bool_)
EDGES = ndimage.generate_binary_structure(3, 2)
REGIONS = ((1,), (2,), (1, 3), (1, 2, 3))


def label_map(seed: int, shape: tuple[int, int, int] = (13, 17, 11)) -> NDArray[np.uint8]:
    """Smooth regions of three labels that reach the border of the array."""
    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.5)
    labels: NDArray[np.uint8] = np.digitize(field, np.quantile(field, (0.6, 0.8, 0.9))).astype("u1")
    return labels


def masks(seed: int) -> list[Mask]:
    return [np.pad(np.isin(label_map(seed), labels), 4) for labels in REGIONS]


def pairs() -> Iterator[tuple[str, Mask, Mask]]:
    first, second = (np.isin(label_map(seed, (20, 24, 18)), (2, 3)) for seed in (1, 2))
    nothing, voxel, other = (np.zeros_like(first) for _ in range(3))
    voxel[0, 0, 0] = other[-1, -1, -1] = True
    slab = np.zeros_like(first)
    slab[:, :, -1] = True
    specks = np.random.default_rng(3).random(first.shape) < 0.01
    yield from (
        ("two", first, second),
        ("equal", first, first),
        ("only a reference", first, nothing),
        ("only a prediction", nothing, first),
        ("neither", nothing, nothing),
        ("single voxels at opposite corners", voxel, other),
        ("a voxel and a region", voxel, second),
        ("along the border", slab, np.roll(slab, 5, axis=2)),
        ("with false parts far off", first & (np.arange(18) < 6), first | specks),
        ("all and a voxel", np.ones_like(first), voxel),
    )


def measure_plainly(first: Mask, second: Mask, spacing_mm: tuple[float, ...]) -> SurfaceMetrics:
    one, other = (mask & ~ndimage.binary_erosion(mask) for mask in (first, second))

    def to(surface: Mask) -> NDArray[np.float64]:
        if not surface.any():
            return np.full(surface.shape, np.inf)
        found: NDArray[np.float64] = ndimage.distance_transform_edt(~surface, sampling=spacing_mm)
        return found

    distances = to(other)[one], to(one)[other]
    every = np.concatenate(distances)
    return SurfaceMetrics(
        hd95_mm=max(float(np.percentile(each, 95)) for each in distances)
        if one.any() and other.any()
        else None,
        surface_dice=float((every <= 1).mean()) if every.size else None,
    )


def test_each_bit_holds_the_voxels_of_its_region() -> None:
    bitmasks = pack_regions(label_map(0), REGIONS)

    found = [unpack_mask(bitmasks, bit) for bit in range(len(REGIONS))]

    assert all((a == b).all() for a, b in zip(found, masks(0), strict=True))
    assert count_voxels(bitmasks).tolist() == [mask.sum() for mask in masks(0)] + [0] * 4


def test_surfaces_of_all_masks_are_what_erosion_of_each_leaves() -> None:
    bitmasks = find_surfaces(pack_regions(label_map(1), REGIONS))

    for bit, mask in enumerate(masks(1)):
        assert (unpack_mask(bitmasks, bit) == (mask & ~ndimage.binary_erosion(mask))).all()


def test_all_masks_grow_as_each_would_alone() -> None:
    bitmasks = pack_regions(label_map(2), REGIONS)

    grown = dilate(dilate(dilate(bitmasks)))

    for bit, mask in enumerate(masks(2)):
        alone = ndimage.binary_dilation(mask, EDGES, iterations=3)
        assert (unpack_mask(grown, bit) == alone).all()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.3, 1.0])
def test_parts_are_those_that_scipy_labels_in_its_order(share: float) -> None:
    mask = np.pad(np.random.default_rng(4).random((15, 12, 14)) < share, 1)

    components = Components.from_mask(mask)

    labels, total = ndimage.label(mask, CORNERS)
    assert components.total == total
    voxels = np.repeat(components.ids, components.runs.stops - components.runs.starts)
    assert (voxels + 1 == labels[mask]).all()


def test_a_mask_within_another_is_counted_by_its_parts() -> None:
    mask = np.pad(np.random.default_rng(5).random((15, 12, 14)) < 0.08, 1)
    inner = mask & (np.arange(16) % 3 > 0)
    components = Components.from_mask(mask)

    voxels = components.count_voxels(Runs.from_mask(inner))

    labels, total = ndimage.label(mask, CORNERS)
    assert voxels.tolist() == ndimage.sum_labels(inner, labels, range(1, total + 1)).tolist()


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (0.9, 1.1, 3.0), (0.21, 0.21, 0.6)])
@pytest.mark.parametrize(
    ("first", "second"), [pair[1:] for pair in pairs()], ids=[pair[0] for pair in pairs()]
)
def test_both_measures_are_those_of_a_whole_distance_transform(
    first: Mask, second: Mask, spacing_mm: tuple[float, float, float]
) -> None:
    bitmasks = (pack_regions(mask.astype(np.uint8), [(1,)]) for mask in (first, second))

    (ours,) = measure_surfaces(*bitmasks, n_masks=1, spacing_mm=spacing_mm)

    plain = measure_plainly(first, second, spacing_mm)
    assert ours.hd95_mm == (plain.hd95_mm and pytest.approx(plain.hd95_mm, rel=1e-12))
    assert ours.surface_dice == plain.surface_dice


@pytest.mark.parametrize("seed", range(3))
def test_masks_measured_together_are_measured_as_alone(seed: int) -> None:
    reference, prediction = label_map(seed), np.roll(label_map(seed + 7), 2, axis=1)
    together = [pack_regions(each, REGIONS) for each in (reference, prediction)]

    found = measure_surfaces(*together, n_masks=len(REGIONS), spacing_mm=(1.0, 1.0, 1.0))

    for labels, measured in zip(REGIONS, found, strict=True):
        masks = np.isin(reference, labels), np.isin(prediction, labels)
        assert measured == measure_plainly(*masks, (1.0, 1.0, 1.0))
