"""MS-SSIM, PSNR, histograms and features against analysis, scipy and MONAI."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.metrics.regression import compute_ssim_and_cs
from numpy.typing import NDArray
from scipy import ndimage, stats
from tests.tolerances import of_sum

from syntrust_core.errors import InvalidVolume
from syntrust_metrics.fidelity.healthy_residual import block_shape, correlation, healthy_residual
from syntrust_metrics.fidelity.intensity import (
    first_order_features,
    lesion_contrast,
    scale_intensities,
)
from syntrust_metrics.fidelity.similarity import EXPONENTS, ms_ssim, psnr_db, wasserstein_distance
from syntrust_segmenter.preprocessing.normalise import normalise

pytestmark = pytest.mark.numeric

Volume = NDArray[np.float32]
SHAPE = (48, 52, 56)


def texture(seed: int, shape: tuple[int, int, int] = SHAPE) -> Volume:
    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.5)
    return np.asarray(field / field.std(), np.float32)


def whole(shape: tuple[int, int, int] = SHAPE) -> dict[str, Volume]:
    return {"all": np.ones(shape, np.float32)}


def monai_ms_ssim(first: Volume, second: Volume, weight: Volume, data_range: float) -> float:
    """From MONAI's local values, which leave out half a window at each border."""
    x, y, w = (torch.from_numpy(array)[None, None] for array in (first, second, weight))
    value = 1.0
    for scale, exponent in enumerate(EXPONENTS):
        ssim, cs = compute_ssim_and_cs(
            x, y, 3, data_range=data_range, kernel_size=(11,) * 3, kernel_sigma=(1.5,) * 3
        )
        local, inner = (ssim if scale == 2 else cs), w[..., 5:-5, 5:-5, 5:-5]
        value *= float((local * inner).sum() / inner.sum()) ** exponent
        x, y, w = (torch.nn.functional.avg_pool3d(array, 2) for array in (x, y, w))
    return value


def test_ms_ssim_is_that_of_monai_where_its_windows_reach() -> None:
    first = texture(0)
    second = (first * 0.8 + texture(1) * 0.4).astype(np.float32)
    x, y, area = (np.pad(one, 24) for one in (first, second, np.ones(SHAPE, np.float32)))

    theirs = monai_ms_ssim(x, y, area, data_range=6.0)

    ours = ms_ssim(first, second, whole(), data_range=6.0)["all"]
    assert ours == pytest.approx(theirs, rel=1e-4)
    assert ours == pytest.approx(ms_ssim(x, y, {"all": area}, data_range=6.0)["all"], rel=1e-6)


def test_an_image_is_like_itself_and_less_like_others() -> None:
    image, areas = texture(0), whole()

    itself = ms_ssim(image, image, areas, data_range=6.0)["all"]
    near = ms_ssim(image, image + 0.2 * texture(1), areas, data_range=6.0)["all"]
    far = ms_ssim(image, image + 0.8 * texture(1), areas, data_range=6.0)["all"]

    assert itself == 1.0
    assert 0 <= far < near < 1


def test_ms_ssim_does_not_say_which_image_came_first() -> None:
    first, second = texture(0), texture(1)

    one = ms_ssim(first, second, whole(), data_range=6.0)
    other = ms_ssim(second, first, whole(), data_range=6.0)

    assert one["all"] == pytest.approx(other["all"], rel=1e-6)


def test_each_area_is_judged_by_its_own_voxels() -> None:
    image = texture(0)
    spoilt = image.copy()
    spoilt[:16] = texture(1)[:16]
    near, far = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    near[:8], far[-8:] = 1, 1

    found = ms_ssim(image, spoilt, {"spoilt": near, "whole": far}, data_range=6.0)

    assert found["whole"] == pytest.approx(1, abs=1e-6)
    assert found["spoilt"] < 0.7


def test_a_constant_error_has_the_ratio_of_its_size() -> None:
    image = texture(0).ravel()

    assert psnr_db(image, image + 0.5, data_range=5.0) == pytest.approx(20, abs=1e-4)
    assert psnr_db(image, image, data_range=5.0) is None


def test_the_histogram_distance_is_that_of_scipy() -> None:
    first, second = texture(0).ravel()[:5000], np.exp(texture(1).ravel()[:5000])

    theirs = stats.wasserstein_distance(first, second)

    assert wasserstein_distance(first, second) == pytest.approx(theirs, rel=1e-6)


def test_a_moved_histogram_lies_as_far_as_it_was_moved() -> None:
    image = texture(0).ravel()

    assert wasserstein_distance(image, image[::-1] + 0.25) == pytest.approx(0.25, rel=1e-5)


def test_first_order_features_are_those_of_scipy() -> None:
    values = np.exp(np.random.default_rng(0).normal(size=4000))

    found = first_order_features(values)

    assert found is not None
    assert found["skewness"] == pytest.approx(stats.skew(values), rel=1e-9)
    assert found["kurtosis"] == pytest.approx(stats.kurtosis(values), rel=1e-9)
    assert (found["mean"], found["sd"]) == pytest.approx((values.mean(), values.std()))
    assert found["median"] == np.median(values)


@pytest.mark.parametrize("values", [np.arange(19.0), np.full(50, 2.0), np.zeros(0)])
def test_a_tiny_or_constant_area_has_no_features(values: NDArray[np.float64]) -> None:
    assert first_order_features(values) is None


def test_contrast_is_in_sds_of_healthy_tissue() -> None:
    healthy = np.array([8.0, 12.0, 8.0, 12.0])

    assert lesion_contrast(np.array([14.0, 16.0]), healthy) == 2.5
    assert lesion_contrast(np.zeros(0), healthy) is None
    assert lesion_contrast(np.ones(3), np.full(4, 7.0)) is None


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 1000), st.floats(-1000, 1000))
def test_a_change_of_unit_changes_no_scaled_value(a: float, b: float) -> None:
    values = np.random.default_rng(0).normal(100, 20, 2000)

    one, other = scale_intensities(values, name="t1"), scale_intensities(a * values + b, name="t1")

    assert np.allclose(one.z, other.z, atol=1e-4)
    assert np.allclose(one.stretched, other.stretched, atol=1e-4)
    assert one.data_range == pytest.approx(other.data_range, rel=1e-6)


def test_z_scores_are_those_a_segmenter_is_given() -> None:
    images = np.exp(np.stack([texture(seed, (16, 16, 16)) for seed in range(4)])) * 500
    brain = texture(9, (16, 16, 16)) > -0.5

    theirs = normalise(images, brain)

    for image, expected in zip(images, theirs, strict=True):
        assert np.array_equal(scale_intensities(image[brain], name="t1").z, expected[brain])


def test_a_constant_modality_is_refused_by_name() -> None:
    with pytest.raises(InvalidVolume, match="flair is constant"):
        scale_intensities(np.full(100, 3.0), name="flair")


def test_a_block_is_about_four_millimetres_and_never_less_than_a_voxel() -> None:
    assert block_shape((1.0, 1.0, 1.0)) == (4, 4, 4)
    assert block_shape((3.0, 5.0, 1.5)) == (1, 1, 3)


def test_the_residual_is_the_mean_of_each_block_less_that_of_all_healthy_tissue() -> None:
    image = texture(0, (16, 12, 10))
    healthy = np.ones(image.shape, np.bool_)
    healthy[:, :, 9] = False

    found = healthy_residual(image, healthy, (4, 4, 3))

    blocks = image[:, :, :9].reshape(4, 4, 3, 4, 3, 3).mean(axis=(1, 3, 5))
    bound = of_sum(4 * 4 * 3, float(np.abs(image).mean()))
    assert found == pytest.approx(blocks.ravel() - image[healthy].mean(dtype=np.float64), abs=bound)


def test_what_lies_outside_healthy_tissue_does_not_reach_the_residual() -> None:
    image = texture(0, (16, 16, 16))
    healthy = texture(1, (16, 16, 16)) > -1

    changed = np.where(healthy, image, 99).astype(np.float32)

    assert np.array_equal(
        healthy_residual(image, healthy, (4, 4, 4)), healthy_residual(changed, healthy, (4,) * 3)
    )


def test_a_brain_without_healthy_tissue_has_no_residual() -> None:
    image = texture(0, (16, 16, 16))

    assert not healthy_residual(image, np.zeros(image.shape, np.bool_), (4, 4, 4)).size


def test_too_few_blocks_or_a_constant_one_have_no_correlation() -> None:
    varying = np.arange(30.0)

    assert correlation(varying, 5 - 2 * varying) == pytest.approx(-1)
    assert correlation(varying[:19], varying[:19]) is None
    assert correlation(varying, np.zeros(30)) is None
