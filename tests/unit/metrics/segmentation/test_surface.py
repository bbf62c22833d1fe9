"""Surface distances against geometry, symmetry and MONAI; lesion-wise Dice against its rules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from monai.metrics.hausdorff_distance import compute_hausdorff_distance
from monai.metrics.surface_dice import compute_surface_dice
from numpy.typing import NDArray
from scipy import ndimage

from syntrust_core.cases.label_schemes import to_canonical
from syntrust_core.contracts.vocabulary import SCHEMES
from syntrust_core.imaging.nifti import read_nifti
from syntrust_metrics.segmentation import lesions, surface
from syntrust_metrics.segmentation.bitmasks import Bitmasks, pack_regions
from syntrust_metrics.segmentation.case_metrics import score_case
from syntrust_metrics.segmentation.overlap import ALL_LABELS
from syntrust_metrics.segmentation.surface import SurfaceMetrics

pytestmark = pytest.mark.numeric

Mask = NDArray[np.bool_]
ONE = (1.0, 1.0, 1.0)
# MONAI calls itself with an argument that it has deprecated.
with_monai = pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")
REAL = Path(__file__).parents[5] / "shared" / "data" / "cases"


def empty(size: int = 40) -> Mask:
    return np.zeros((size, size, size), np.bool_)


def ball(radius: float, centre: tuple[float, float, float], size: int = 40) -> Mask:
    x, y, z = np.indices((size, size, size))
    a, b, c = centre
    inside: Mask = (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2 <= radius**2
    return inside


def blobs(seed: int, shape: tuple[int, int, int] = (30, 34, 26), share: float = 0.1) -> Mask:
    """Smooth random parts of many sizes."""
    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 2)
    mask: Mask = field > np.quantile(field, 1 - share)
    return mask


def pack_mask(mask: Mask) -> Bitmasks:
    return pack_regions(mask.astype(np.uint8), [(1,)])


def measure(
    first: Mask, second: Mask, spacing_mm: tuple[float, float, float] = ONE
) -> SurfaceMetrics:
    (found,) = surface.measure_surfaces(
        pack_mask(first), pack_mask(second), n_masks=1, spacing_mm=spacing_mm
    )
    return found


def lesion_dice(reference: Mask, prediction: Mask, *, voxel_mm3: float) -> float | None:
    (dice,) = lesions.lesion_dice(
        pack_mask(reference), pack_mask(prediction), n_masks=1, voxel_mm3=voxel_mm3
    )
    return dice


def hd95(first: Mask, second: Mask, spacing_mm: tuple[float, float, float] = ONE) -> float | None:
    return measure(first, second, spacing_mm).hd95_mm


def to_tensor(mask: Mask) -> torch.Tensor:
    return torch.from_numpy(mask)[None, None]


def test_a_shift_is_measured_in_millimetres_not_voxels() -> None:
    cube = empty()
    cube[5:30, 5:30, 5:10] = True

    shifted = np.roll(cube, 8, axis=2)

    assert hd95(cube, shifted, (1.0, 1.0, 2.5)) == pytest.approx(8 * 2.5)


def test_concentric_balls_lie_their_radii_apart() -> None:
    inner, outer = ball(8, (20, 20, 20)), ball(14, (20, 20, 20))

    assert hd95(inner, outer) == pytest.approx(6, abs=0.8)


def test_equal_masks_have_no_distance_and_the_whole_surface() -> None:
    mask = blobs(0)

    assert measure(mask, mask) == (0.0, 1.0)


def test_distances_do_not_say_which_side_is_the_reference() -> None:
    first, second = blobs(1), blobs(2)

    assert measure(first, second, (1.0, 1.2, 3.0)) == measure(second, first, (1.0, 1.2, 3.0))


def test_where_in_the_array_masks_lie_changes_no_distance() -> None:
    first, second = (np.pad(blobs(seed), 3) for seed in (1, 2))

    moved = [np.flip(np.pad(mask, ((0, 5), (7, 0), (1, 2))), 1) for mask in (first, second)]

    assert hd95(moved[0], moved[1]) == pytest.approx(hd95(first, second))


def test_a_surface_that_does_not_exist_has_no_distance() -> None:
    assert measure(blobs(0), np.zeros((30, 34, 26), np.bool_)) == (None, 0.0)


def test_two_empty_masks_have_neither_distance_nor_surface() -> None:
    assert measure(empty(), empty()) == (None, None)


def test_a_surface_within_the_tolerance_counts_whole() -> None:
    cube = empty()
    cube[5:30, 5:30, 5:30] = True

    near, far = (measure(cube, np.roll(cube, by, axis=0)) for by in (1, 2))

    assert near.surface_dice == 1.0
    # One end face lies outside; of the other, all but the two outermost rings lie inside.
    assert far.surface_dice == pytest.approx(1 - (25**2 + 21**2) / (25**3 - 23**3))


def test_masks_of_different_shapes_or_without_spacing_are_refused() -> None:
    for other, spacing in ((empty(20), ONE), (empty(), (1.0, 0.0, 1.0))):
        with pytest.raises(ValueError, match="one shape"):
            measure(empty(), other, spacing)


@with_monai
@pytest.mark.parametrize("spacing_mm", [ONE, (0.9, 1.1, 3.0)])
@pytest.mark.parametrize("seed", range(4))
def test_hd95_is_that_of_monai(seed: int, spacing_mm: tuple[float, float, float]) -> None:
    first, second = blobs(seed), blobs(seed + 10, share=0.05)

    theirs = compute_hausdorff_distance(
        to_tensor(second),
        to_tensor(first),
        include_background=True,
        percentile=95,
        spacing=list(spacing_mm),
    )

    assert hd95(first, second, spacing_mm) == pytest.approx(float(theirs), rel=1e-5)


@with_monai
@pytest.mark.parametrize("seed", range(3))
def test_surface_dice_is_that_of_monai(seed: int) -> None:
    first, second = blobs(seed), blobs(seed + 10)

    theirs = compute_surface_dice(
        to_tensor(second), to_tensor(first), class_thresholds=[1.0], include_background=True
    )

    ours = measure(first, second).surface_dice
    assert ours == pytest.approx(float(theirs), rel=1e-6)


def by_the_rules(reference: Mask, prediction: Mask, voxel_mm3: float) -> float | None:
    """Lesion by lesion, each dilated by itself, as the rules read."""
    corners, edges = np.ones((3, 3, 3), np.bool_), ndimage.generate_binary_structure(3, 2)
    grown = ndimage.binary_dilation(reference, edges, iterations=3)
    groups, n_groups = ndimage.label(grown, corners)
    parts, n_parts = ndimage.label(prediction, corners)
    met: set[int] = set()
    dice = []
    for group in range(1, n_groups + 1):
        lesion = reference & (groups == group)
        reach = ndimage.binary_dilation(lesion, edges, iterations=3)
        own = set(np.unique(parts[reach]).tolist()) - {0}
        met |= own
        found = np.isin(parts, list(own))
        if lesion.sum() * voxel_mm3 > 50:
            dice.append(2 * (lesion & found).sum() / (lesion.sum() + found.sum()))
    total = len(dice) + n_parts - len(met)
    return float(sum(dice) / total) if total else None


@pytest.mark.parametrize("voxel_mm3", [1.0, 0.2])
@pytest.mark.parametrize("seed", range(6))
def test_lesion_dice_is_what_the_rules_give_when_written_out(seed: int, voxel_mm3: float) -> None:
    reference = blobs(seed, (44, 40, 42), share=0.03)
    prediction = blobs(seed, (44, 40, 42), share=0.02) ^ blobs(seed + 50, (44, 40, 42), share=0.01)

    ours = lesion_dice(reference, prediction, voxel_mm3=voxel_mm3)

    assert ours == pytest.approx(by_the_rules(reference, prediction, voxel_mm3), rel=1e-12)


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_specks_anywhere_are_scored_by_the_rules(seed: int, parts: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (19, 25, 21)
    reference = np.zeros(shape, np.bool_)
    for corner in ((0, 0, 0), (13, 19, 15))[:parts]:  # as far as the border of the array
        reference[tuple(slice(at, at + 6) for at in corner)] = True
    prediction = (reference & (rng.random(shape) < 0.7)) | (rng.random(shape) < 0.01)

    ours = lesion_dice(reference, prediction, voxel_mm3=1.0)

    plain = by_the_rules(np.pad(reference, 4), np.pad(prediction, 4), 1.0)
    assert ours == pytest.approx(plain, rel=1e-12)


def test_lesions_at_opposite_borders_are_not_one() -> None:
    reference = empty(20)
    reference[5, 4:8, :6] = reference[5, 9:13, 14:] = True
    wide = np.pad(reference, 6)
    one_found = reference & (np.arange(20) < 10)

    at_border, inside = (
        lesion_dice(mask, found, voxel_mm3=10.0)
        for mask, found in ((reference, one_found), (wide, np.pad(one_found, 6)))
    )

    assert at_border == inside == 0.5


def test_a_missed_lesion_halves_the_score_of_a_perfect_one() -> None:
    reference = ball(5, (10, 10, 10)) | ball(3, (30, 30, 30))

    assert lesion_dice(reference, ball(5, (10, 10, 10)), voxel_mm3=1.0) == 0.5


def test_a_false_positive_of_any_size_counts_as_a_lesion() -> None:
    reference = ball(5, (10, 10, 10))
    prediction = reference.copy()
    prediction[35, 35, 35] = True

    assert lesion_dice(reference, prediction, voxel_mm3=1.0) == 0.5


def test_a_lesion_of_fifty_cubic_millimetres_is_not_scored() -> None:
    reference = empty()
    reference[10:15, 10:15, 10:12] = True

    missed, larger = (lesion_dice(reference, empty(), voxel_mm3=voxel) for voxel in (1.0, 1.01))

    assert (missed, larger) == (None, 0.0)


def test_parts_close_to_each_other_are_one_lesion() -> None:
    near, far = (ball(5, (10, 10, 10)) | ball(3, (10, 10, z)) for z in (22, 32))

    scores = [lesion_dice(each, ball(5, (10, 10, 10)), voxel_mm3=1.0) for each in (near, far)]

    assert scores[0] is not None
    assert scores[0] > 0.85
    assert scores[1] == 0.5


def test_nothing_to_find_and_nothing_found_is_not_scored() -> None:
    assert lesion_dice(empty(), empty(), voxel_mm3=1.0) is None


def test_a_lesion_at_the_edge_of_the_array_is_scored_like_any_other() -> None:
    reference = np.roll(ball(5, (20, 20, 20)), -17, axis=0)

    assert lesion_dice(reference, reference, voxel_mm3=1.0) == 1.0


@with_monai
@pytest.mark.shared_data
@pytest.mark.skipif(not REAL.is_dir(), reason="the real cases lie beside the checkout")
@pytest.mark.parametrize("name", ["BraTS2021_00006", "BraTS2021_01476"])
def test_on_real_masks_every_region_is_as_monai_and_the_rules_have_it(name: str) -> None:
    values = read_nifti(REAL / name / "seg.nii.gz", role="seg").voxels
    reference = to_canonical(values.astype(np.int16), SCHEMES["brats2021"])
    prediction = np.roll(reference, (2, 1), (0, 2))

    score = score_case(reference, prediction, spacing_mm=ONE)

    for region, labels in ALL_LABELS.items():
        first, second = np.isin(reference, labels), np.isin(prediction, labels)
        theirs = compute_hausdorff_distance(
            to_tensor(second), to_tensor(first), include_background=True, percentile=95
        )
        assert score.hd95_mm[region] == pytest.approx(float(theirs), rel=1e-5)
    core = np.isin(reference, ALL_LABELS["TC"]), np.isin(prediction, ALL_LABELS["TC"])
    assert score.lesion_dice["TC"] == pytest.approx(by_the_rules(*core, 1.0), rel=1e-12)
