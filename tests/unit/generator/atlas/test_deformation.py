"""Deformations of the atlas: fitted to a case, summarised over cases, sampled anew."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from tests.tolerances import of_sum

from syntrust_generator.atlas.deformation import (
    MODES,
    compute_modes,
    deformation_shape,
    fit_deformation,
    mirror_deformation,
    sample_atlas,
    sample_deformation,
    warp_coordinates,
)

pytestmark = pytest.mark.numeric

Volume = NDArray[np.float32]
SHAPE = (20, 24, 20)  # z, y, x
NODES = (20, 24, 10)  # z, y, half of x
DEFORMATION = deformation_shape(NODES)


def planes(brain: NDArray[np.bool_]) -> Volume:
    """All healthy brain, each voxel's coordinates its own position between -1 and 1."""
    axes = [np.linspace(-1, 1, n) for n in SHAPE]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    masks = np.stack([np.zeros(SHAPE), np.zeros(SHAPE), np.zeros(SHAPE), brain])
    return np.concatenate([masks, np.stack([x, y, z]) * brain]).astype(np.float32)


def textured(seed: int = 0) -> Volume:
    """Four mean images with structure of a few nodes."""
    noise = np.random.default_rng(seed).normal(size=(4, *NODES))
    smooth = np.stack([ndimage.gaussian_filter(one, 1.5) for one in noise])
    return np.asarray(smooth / smooth.std(), dtype=np.float32)


def smooth_deformation(seed: int, rms: float) -> Volume:
    noise = np.random.default_rng(seed).normal(size=(3, *DEFORMATION))
    smooth = np.stack([ndimage.gaussian_filter(one, 1.0) for one in noise])
    return np.asarray(smooth / np.sqrt((smooth**2).mean()) * rms, dtype=np.float32)


def images_at(seen: Volume, mean: Volume) -> Volume:
    """The mean images as a brain has them whose warped coordinates are these."""
    coordinates = torch.from_numpy(seen[-3:]).flatten(1)
    return sample_atlas(torch.from_numpy(mean), coordinates).reshape(4, *SHAPE).numpy()


STEP = np.array([0.01, 0.02, 0.03], dtype=np.float32)
EVERYWHERE = planes(np.ones(SHAPE, dtype=bool))


def rms(difference: Volume) -> float:
    return float(np.sqrt((difference**2).mean()))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_fit_recovers_how_a_brain_was_deformed(seed: int) -> None:
    mean, undeformed = textured(), images_at(EVERYWHERE, textured())
    own = images_at(warp_coordinates(EVERYWHERE, smooth_deformation(seed, rms=0.06)), mean)

    fitted = warp_coordinates(EVERYWHERE, fit_deformation(EVERYWHERE, own, mean))

    assert rms(images_at(fitted, mean) - own) < 0.5 * rms(undeformed - own)


def test_the_mean_brain_itself_is_hardly_deformed() -> None:
    mean = textured()

    fitted = fit_deformation(EVERYWHERE, images_at(EVERYWHERE, mean), mean)

    assert rms(fitted) < 2e-3


def test_a_mirrored_brain_has_a_mirrored_deformation() -> None:
    mean = textured()
    own = images_at(warp_coordinates(EVERYWHERE, smooth_deformation(1, rms=0.06)), mean)

    here = fit_deformation(EVERYWHERE, own, mean)
    there = fit_deformation(EVERYWHERE, np.ascontiguousarray(own[..., ::-1]), mean)

    np.testing.assert_allclose(mirror_deformation(there), here, atol=1e-3)


def test_a_tumour_says_nothing_about_the_deformation() -> None:
    mean, seen = textured(), EVERYWHERE.copy()
    seen[3, 5:9, 5:9, 5:9], seen[1, 5:9, 5:9, 5:9] = 0, 1
    images = images_at(EVERYWHERE, mean)
    images[:, 5:9, 5:9, 5:9] = 9

    assert rms(fit_deformation(seen, images, mean)) < 2e-3


def test_without_a_deformation_only_the_side_is_lost() -> None:
    seen = warp_coordinates(EVERYWHERE)

    np.testing.assert_array_equal(seen[4], np.abs(EVERYWHERE[4]))
    np.testing.assert_array_equal(np.delete(seen, 4, axis=0), np.delete(EVERYWHERE, 4, axis=0))


def test_a_constant_deformation_moves_every_coordinate_of_the_head_and_none_outside() -> None:
    brain = np.zeros(SHAPE, dtype=bool)
    brain[3:-3, 3:-3, 3:-3] = True
    before = planes(brain)
    deformation = np.ones((3, *DEFORMATION), np.float32) * STEP[:, None, None, None]

    after = warp_coordinates(before, deformation)

    moved = before[-3:, brain] + STEP[:, None]
    moved[0] = np.abs(moved[0])
    # Interpolated between eight corners with a product and a sum each.
    np.testing.assert_allclose(after[-3:, brain], moved, rtol=0, atol=of_sum(2 * 8))
    assert not after[:, ~brain].any()


def test_no_coordinate_leaves_the_mean_brain() -> None:
    after = warp_coordinates(EVERYWHERE, smooth_deformation(1, rms=0.5))

    assert np.abs(after[-3:]).max() <= 1
    assert after[4].min() >= 0


def test_sampled_deformations_vary_as_the_fitted_ones_do() -> None:
    deformations = [smooth_deformation(seed, rms=0.01 * (seed + 1)) for seed in range(8)]

    modes = compute_modes(deformations)
    drawn = np.stack([sample_deformation(modes, seed) for seed in range(2000)])

    both = np.stack([*deformations, *map(mirror_deformation, deformations)])
    np.testing.assert_allclose((drawn**2).mean(axis=0), (both**2).mean(axis=0), rtol=0.2)
    assert np.abs(drawn.mean(axis=0)).max() < 0.1 * np.sqrt((both**2).mean(axis=0)).max()


def test_components_left_out_do_not_make_sampled_deformations_smaller() -> None:
    deformations = [
        smooth_deformation(seed, rms=0.05) for seed in range(MODES)
    ]  # twice as many with mirrors

    modes = compute_modes(deformations)

    assert modes.shape == (MODES, 3, *DEFORMATION)
    np.testing.assert_allclose((modes**2).sum(axis=0).mean(), 0.05**2, rtol=1e-4)


def test_a_few_deformations_have_few_components_and_none_has_none() -> None:
    one, none = (
        compute_modes([smooth_deformation(0, rms=0.05)]),
        compute_modes([np.zeros((3, *DEFORMATION), np.float32)]),
    )

    assert np.count_nonzero(np.abs(one).max(axis=(1, 2, 3, 4)) > 1e-6) == 2  # it and its mirror
    assert not none.any()


def test_a_seed_samples_its_deformation_and_no_other() -> None:
    modes = compute_modes([smooth_deformation(seed, rms=0.05) for seed in range(4)])

    np.testing.assert_array_equal(
        sample_deformation(modes, 2**64 - 1), sample_deformation(modes, 2**64 - 1)
    )
    assert rms(sample_deformation(modes, 1) - sample_deformation(modes, 2)) > 0.01
