from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.tolerances import U32

from syntrust_generator.conditioning.intensity import (
    BACKGROUND,
    CONVENTIONS,
    brain_z,
    contract,
    expand,
    min_max,
)
from syntrust_generator.model_card import Convention

pytestmark = pytest.mark.numeric

Images = NDArray[np.float32]
Mask = NDArray[np.bool_]


@pytest.fixture
def brain() -> Mask:
    mask = np.zeros((16, 16, 16), dtype=bool)
    mask[2:-2, 2:-2, 2:-2] = True
    return mask


@pytest.fixture
def images(brain: Mask) -> Images:
    values = np.random.default_rng(0).normal(500, 50, (4, *brain.shape))
    return np.where(brain, values, 0).astype(np.float32)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_values_are_bounded_and_background_outside_the_brain(
    convention: Convention, images: Images, brain: Mask
) -> None:
    scaled = CONVENTIONS[convention](images, brain)

    assert scaled.dtype == np.float32
    assert np.abs(scaled).max() <= 1
    assert (scaled[:, ~brain] == BACKGROUND).all()


def test_z_scores_come_back_by_the_stated_formula(images: Images, brain: Mask) -> None:
    z = brain_z(images, brain)[:, brain] * 6 + 1.5

    assert np.abs(z.mean(axis=1)).max() < 0.02
    assert np.abs(z.std(axis=1) - 1).max() < 0.05


def test_an_affine_change_of_intensity_changes_nothing(images: Images, brain: Mask) -> None:
    changed = np.where(brain, 3 * images + 70, -5).astype(np.float32)

    # A changed value of up to 2200 is rounded, its sd is 150 and the range 6 sds: 2.5 U32.
    np.testing.assert_allclose(brain_z(changed, brain), brain_z(images, brain), atol=8 * U32)


def test_one_hot_voxel_squeezes_min_max_but_not_z(images: Images, brain: Mask) -> None:
    hot = images.copy()
    hot[:, 8, 8, 8] = 1e6
    others = brain.copy()
    others[8, 8, 8] = False

    assert np.abs(brain_z(hot, brain) - brain_z(images, brain))[:, others].max() < 0.01
    assert min_max(hot, brain)[:, others].std() < 1e-3


def test_min_max_reaches_both_ends(images: Images, brain: Mask) -> None:
    scaled = min_max(images, brain)

    assert (scaled.reshape(4, -1).min(axis=1) == -1).all()
    assert (scaled.reshape(4, -1).max(axis=1) == 1).all()


def test_a_constant_modality_stays_finite(brain: Mask) -> None:
    constant = np.full((4, *brain.shape), 7, dtype=np.float32)

    assert np.isfinite(brain_z(constant, brain)).all()
    assert np.isfinite(min_max(constant, brain)).all()


def test_contracting_undoes_expanding(images: Images, brain: Mask) -> None:
    values = np.linspace(-1, 1, images.size, dtype=np.float32).reshape(images.shape)

    spread = expand(values, brain)

    assert (spread[:, ~brain] == BACKGROUND).all()
    assert np.abs(spread).max() <= 1
    # Contracting magnifies an error up to 3.7 times; asinh in float32 may be off by 8 U32.
    np.testing.assert_allclose(contract(spread)[:, brain], values[:, brain], atol=32 * U32)


def test_expanding_gives_healthy_tissue_nearly_twice_the_range(images: Images, brain: Mask) -> None:
    values = brain_z(images, brain)

    assert expand(values, brain)[:, brain].std() > 1.8 * values[:, brain].std()
