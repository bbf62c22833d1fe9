from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from syntrust_core.errors import InvalidVolume
from syntrust_segmenter.portable.zscore import Z_LIMIT
from syntrust_segmenter.preprocessing.normalise import normalise

pytestmark = pytest.mark.numeric

SHAPE = (12, 14, 10)


def _brain() -> NDArray[np.bool_]:
    brain = np.zeros(SHAPE, bool)
    brain[2:10, 2:12, 1:9] = True
    return brain


def _images(seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return np.round(rng.gamma(4.0, 120.0, (4, *SHAPE))).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(
    scale=st.floats(0.01, 100.0),
    shift=st.floats(-2000.0, 2000.0),
    noise=st.floats(0.0, 1e4),
)
def test_a_twin_equal_up_to_background_and_affine_intensity_gives_the_same_tensor(
    scale: float, shift: float, noise: float
) -> None:
    real, brain = _images(), _brain()
    # A shift in units of the scaled image: a larger one is lost in float32 before it gets here.
    twin = ((real.astype(np.float64) + shift) * scale).astype(np.float32)
    twin[:, ~brain] = np.random.default_rng(1).normal(0, noise + 1, (4, int((~brain).sum())))

    prepared_real, prepared_twin = normalise(real, brain), normalise(twin, brain)

    np.testing.assert_allclose(prepared_twin, prepared_real, rtol=0, atol=1e-5)


def test_scores_are_those_of_the_values_between_the_percentiles() -> None:
    values = np.arange(1, 1001, dtype=np.float64)
    brain = np.ones((10, 10, 10), bool)
    image = np.random.default_rng(0).permutation(values).reshape(brain.shape)
    images = np.stack([image] * 4)

    prepared = normalise(images, brain)

    # The 0.5th percentile lies between the 5th and 6th value, the 99.5th between 995th and 996th;
    # for consecutive integers mean and sd have closed forms.
    inner = np.arange(5, 997)
    mean, sd = 500.5, np.sqrt((inner.size**2 - 1) / 12)
    np.testing.assert_allclose(prepared[0], (image - mean) / sd, atol=1e-6)


def test_saturated_voxels_neither_set_the_scale_nor_leave_the_bounds() -> None:
    images, brain = _images(), _brain()
    broken = images.copy()
    broken[:, 4, 4, 4] = 32767

    clean, saturated = normalise(images, brain), normalise(broken, brain)

    rest = brain.copy()
    rest[4, 4, 4] = False
    np.testing.assert_allclose(saturated[:, rest], clean[:, rest], atol=0.1)
    assert (saturated[:, 4, 4, 4] == Z_LIMIT).all()


def test_bright_tumour_is_not_clipped_to_the_percentile() -> None:
    images, brain = _images(), _brain()
    highest = float(np.percentile(images[1][brain], 99.5))
    images[1, 5, 5, 5] = 1.5 * highest

    prepared = normalise(images, brain)

    others = prepared[1][brain & (images[1] <= highest)]
    assert others.max() + 1 < prepared[1, 5, 5, 5] < Z_LIMIT


def test_outside_the_brain_everything_is_zero_whatever_is_there() -> None:
    images, brain = _images(), _brain()
    images[:, 0, 0, 0] = np.nan

    prepared = normalise(images, brain)

    assert (prepared[:, ~brain] == 0).all()
    assert prepared.dtype == np.float32


def test_statistics_of_a_large_offset_do_not_lose_their_digits() -> None:
    images, brain = _images(), _brain()

    shifted = normalise(images.astype(np.float64) + 1e9, brain)

    np.testing.assert_allclose(shifted, normalise(images, brain), atol=1e-5)


@pytest.mark.parametrize(
    ("images", "brain", "named"),
    [
        (_images()[:3], _brain(), "Four channels"),
        (_images()[:, :-1], _brain(), "shape"),
        (_images(), np.zeros(SHAPE, bool), "empty"),
        (_images() * 0, _brain(), "t1 is constant"),
        (np.where(_brain(), np.nan, _images()), _brain(), "t1 holds values"),
    ],
    ids=["a channel missing", "other shape", "no brain", "constant", "not finite"],
)
def test_what_is_no_image_is_refused_by_name(
    images: NDArray[np.float32], brain: NDArray[np.bool_], named: str
) -> None:
    with pytest.raises(InvalidVolume, match=named):
        normalise(images, brain)
