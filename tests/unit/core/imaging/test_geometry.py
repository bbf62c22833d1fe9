"""Every axis-aligned frame to LPS and exactly back; where a grid lies; resampling."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from tests.tolerances import of_sum

from syntrust_core.contracts.grid import Grid
from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.geometry import (
    Geometry,
    bounding_box,
    lps_geometry,
    orientation_of,
    place_grid,
)
from syntrust_core.imaging.resample import (
    AxisMap,
    axis_maps,
    outside_count,
    resample_linear,
    resample_nearest,
)
from syntrust_core.testing.casemaker import ellipsoid, lps_affine

pytestmark = pytest.mark.numeric

nib: Any = nibabel  # its classes carry no types
SHAPE = (9, 10, 11)
SPACING_MM = (1.0, 1.25, 2.5)
FRAMES = ["".join(codes) for order in permutations(("RL", "AP", "SI")) for codes in product(*order)]
NATIVE = Geometry((40, 36, 30), (1.0, 1.0, 2.0), (10.0, 20.0, -30.0))


def turned(codes: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """An LPS array and its affine in another frame, turned by nibabel."""
    array = np.arange(np.prod(SHAPE), dtype=np.int32).reshape(SHAPE)
    image = nib.Nifti1Image(array, lps_affine(SPACING_MM))
    start = nib.io_orientation(image.affine)
    turn = nib.orientations.ornt_transform(start, nib.orientations.axcodes2ornt(codes))
    there = image.as_reoriented(turn)
    return np.asarray(there.dataobj), there.affine


def test_there_are_48_axis_aligned_frames() -> None:
    assert len(set(FRAMES)) == 48


@pytest.mark.parametrize("codes", FRAMES)
def test_every_axis_aligned_frame_becomes_the_same_lps_volume_and_is_undone_exactly(
    codes: str,
) -> None:
    array, affine = turned(codes)

    orientation = orientation_of(affine, array.shape, role="t1")
    lps = orientation.to_lps(array)
    geometry = lps_geometry(affine, array.shape, orientation)

    assert orientation.axis_codes == codes
    assert geometry == Geometry(SHAPE, SPACING_MM, (50.0, 60.0, -40.0))
    np.testing.assert_array_equal(lps.ravel(), np.arange(lps.size))
    np.testing.assert_array_equal(orientation.from_lps(lps), array)


def test_a_geometry_maps_voxels_to_nibabels_world() -> None:
    geometry = Geometry(SHAPE, SPACING_MM, (50.0, 60.0, -40.0))

    np.testing.assert_array_equal(geometry.affine, lps_affine(SPACING_MM))
    assert nib.aff2axcodes(geometry.affine) == ("L", "P", "S")
    assert geometry.voxel_ml == pytest.approx(1.0 * 1.25 * 2.5 / 1000)


@pytest.mark.parametrize("degrees", [0.5, 5, 45, 89])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_oblique_frame_is_refused(degrees: float, axis: int) -> None:
    angles = [0.0, 0.0, 0.0]
    angles[axis] = np.deg2rad(degrees)
    affine = np.eye(4)
    affine[:3, :3] = nib.eulerangles.euler2mat(*angles)

    with pytest.raises(InvalidVolume, match="oblique") as caught:
        orientation_of(affine, (240, 240, 155), role="t2")

    assert (caught.value.file, caught.value.field) == ("t2", "affine")


def test_rounding_in_a_header_is_not_obliqueness() -> None:
    affine = lps_affine(SPACING_MM) + 1e-7

    assert orientation_of(affine, (240, 240, 155), role="t1").axis_codes == "LPS"


def test_native_keeps_the_upload_s_grid() -> None:
    brain = ellipsoid(NATIVE.shape, (0.4, 0.6, 0.5), 0.3)

    assert place_grid("native", NATIVE, brain) == NATIVE


def test_a_grid_equal_to_the_native_one_is_the_native_one() -> None:
    brain = ellipsoid(NATIVE.shape, (0.4, 0.6, 0.5), 0.3)
    grid = Grid(shape=NATIVE.shape, spacing_mm=NATIVE.spacing_mm)

    assert place_grid(grid, NATIVE, brain) == NATIVE


def test_a_grid_is_centred_on_the_brain_s_box() -> None:
    brain = np.zeros(NATIVE.shape, bool)
    brain[3:14, 5:20, 10:21] = True
    grid = Grid(shape=(8, 9, 10), spacing_mm=(3.0, 3.0, 3.0))

    placed = place_grid(grid, NATIVE, brain)

    centre = placed.affine @ [3.5, 4.0, 4.5, 1]
    np.testing.assert_allclose(centre, NATIVE.affine @ [8.0, 12.0, 15.0, 1], atol=1e-6)


def test_the_same_spacing_crops_by_whole_voxels() -> None:
    brain = ellipsoid(NATIVE.shape, (0.4, 0.6, 0.5), 0.3)
    grid = Grid(shape=(23, 24, 21), spacing_mm=NATIVE.spacing_mm)

    placed = place_grid(grid, NATIVE, brain)

    assert all(axis.is_shift for axis in axis_maps(NATIVE, placed))


@pytest.mark.parametrize("shape", [(20, 21, 22), (50, 50, 50), (60, 20, 30)])
def test_cropping_and_padding_copy_voxels_exactly(shape: tuple[int, int, int]) -> None:
    image = np.random.default_rng(0).normal(size=NATIVE.shape).astype(np.float32)
    start = (5, -4, 3)
    target = Geometry(shape, NATIVE.spacing_mm, tuple((NATIVE.affine @ [*start, 1])[:3]))

    result = resample_linear(image, NATIVE, target)

    expected = np.zeros(shape, np.float32)
    for index in np.ndindex(*shape):
        here = tuple(i + s for i, s in zip(index, start, strict=True))
        if all(0 <= i < n for i, n in zip(here, NATIVE.shape, strict=True)):
            expected[index] = image[here]
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(resample_nearest(image, NATIVE, target, outside=0), expected)


def test_cropping_and_undoing_returns_every_voxel_inside() -> None:
    labels = np.random.default_rng(0).integers(0, 4, NATIVE.shape).astype(np.uint8)
    target = Geometry((20, 20, 20), NATIVE.spacing_mm, tuple((NATIVE.affine @ [6, 7, 5, 1])[:3]))

    there = resample_nearest(labels, NATIVE, target, outside=0)
    back = resample_nearest(there, target, NATIVE, outside=0)

    inside = (slice(6, 26), slice(7, 27), slice(5, 25))
    np.testing.assert_array_equal(back[inside], labels[inside])
    assert np.count_nonzero(back) == np.count_nonzero(labels[inside])


def test_a_linear_ramp_survives_linear_resampling() -> None:
    x, y, z = np.indices(NATIVE.shape, dtype=np.float64)
    ramp = (3 * x - 2 * y + 5 * z).astype(np.float32)
    target = Geometry((12, 10, 9), (1.7, 1.3, 2.9), (0.3, 11.1, -15.2))

    result = resample_linear(ramp, NATIVE, target)

    voxels = [m.coordinates for m in axis_maps(NATIVE, target)]
    i, j, k = np.meshgrid(*voxels, indexing="ij")
    # Along each of three axes a weight, a product and a sum are rounded.
    bound = of_sum(9, float(np.abs(ramp).max()))
    np.testing.assert_allclose(result, 3 * i - 2 * j + 5 * k, rtol=0, atol=bound)


def test_refining_agrees_with_scipy() -> None:
    image = np.random.default_rng(0).normal(size=NATIVE.shape).astype(np.float32)
    target = Geometry((50, 45, 33), (0.7, 0.9, 1.6), (3.0, 14.0, -25.0))

    result = resample_linear(image, NATIVE, target)

    grid = np.meshgrid(*[m.coordinates for m in axis_maps(NATIVE, target)], indexing="ij")
    theirs = ndimage.map_coordinates(image.astype("f8"), grid, order=1, mode="grid-constant")
    bound = of_sum(9, float(np.abs(image).max()))
    np.testing.assert_allclose(result, theirs, rtol=0, atol=bound)


def test_coarsening_agrees_with_scipy_s_gaussian_and_interpolation() -> None:
    image = np.zeros(NATIVE.shape, np.float32)
    image[12:28, 10:26, 10:20] = np.random.default_rng(0).normal(5, 1, (16, 16, 10))
    target = Geometry((12, 12, 8), (3.0, 2.5, 5.0), (7.0, 16.0, -27.0))
    maps = axis_maps(NATIVE, target)

    result = resample_linear(image, NATIVE, target)

    sigma = [np.sqrt(m.step**2 - 1) / (2 * np.sqrt(2 * np.log(2))) for m in maps]
    blurred = ndimage.gaussian_filter(image.astype(np.float64), sigma, mode="constant", truncate=4)
    grid = np.meshgrid(*[m.coordinates for m in maps], indexing="ij")
    theirs = ndimage.map_coordinates(blurred, grid, order=1, mode="grid-constant")
    # scipy cuts its kernel off at round(4 sigma) voxels, we at the next whole one.
    np.testing.assert_allclose(result, theirs, rtol=0, atol=5e-3)


def test_coarsening_does_not_alias_a_pattern_finer_than_the_grid() -> None:
    fine = Geometry((96, 96, 96), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    coarse = Geometry((32, 32, 32), (3.0, 3.0, 3.0), (0.0, 0.0, 0.0))
    x = np.indices(fine.shape)[0]
    stripes = np.where(x % 2 == 0, 1, -1).astype(np.float32)

    result = resample_linear(stripes, fine, coarse)

    assert np.abs(result[2:-2, 4:-4, 4:-4]).max() < 0.01


def test_a_constant_stays_constant_inside_when_coarsened() -> None:
    axis = AxisMap(n_in=60, n_out=16, start=6.3, step=3.0)

    # Some 16 weights, each rounded to float32, add up to 1.
    np.testing.assert_allclose(axis.linear().sum(axis=1), 1, rtol=0, atol=of_sum(16))


def test_nearest_takes_the_voxel_whose_centre_is_nearest() -> None:
    axis = AxisMap(n_in=10, n_out=4, start=-0.6, step=2.3)

    assert axis.nearest.tolist() == [-1, 2, 4, 6]


def test_voxels_outside_a_grid_are_counted() -> None:
    mask = np.zeros(NATIVE.shape, bool)
    mask[4:8, 10, 10] = True
    target = Geometry((20, 20, 20), NATIVE.spacing_mm, tuple((NATIVE.affine @ [6, 7, 5, 1])[:3]))

    assert outside_count(mask, NATIVE, target) == 2
    assert outside_count(mask, NATIVE, NATIVE) == 0


def test_a_bounding_box_holds_the_mask_and_no_more() -> None:
    mask = np.zeros((9, 9, 9), bool)
    mask[2, 3, 4] = mask[5, 3, 8] = True

    assert bounding_box(mask) == (slice(2, 6), slice(3, 4), slice(4, 9))
