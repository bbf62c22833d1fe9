"""Registration of a head to the mean brain: a smooth map fitted to its outline."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from syntrust_generator.atlas.registration import EDGE, fit_shape_template, register_head, splat
from syntrust_standalone.phantoms import PhantomOptions, make_case

pytestmark = pytest.mark.numeric

NODES = (40, 46, 20)  # z, y, half of x
TURN_DEGREES = 10.0


@cache
def head(index: int) -> NDArray[np.bool_]:
    case = make_case(3, index, PhantomOptions.demo())
    return np.asarray(case.brain | (case.labels > 0))


@cache
def shape_template() -> NDArray[np.float32]:
    return fit_shape_template([head(index) for index in range(2)], NODES)


def rms(difference: NDArray[np.float32]) -> float:
    return float(np.sqrt((difference**2).mean()))


def turned_about_z(volume: NDArray[np.float32]) -> NDArray[np.float32]:
    turned = ndimage.rotate(volume, TURN_DEGREES, axes=(0, 1), reshape=False, order=1)
    return np.asarray(turned, dtype=np.float32)


@pytest.mark.slow
def test_a_head_has_the_same_coordinates_on_a_finer_grid_and_elsewhere_in_it() -> None:
    inside = head(3)[8:-8, :, 6:-6]
    finer = np.pad(inside.repeat(2, 0).repeat(2, 1).repeat(2, 2), ((0, 4), (6, 0), (2, 2)))

    coarse, fine = register_head(inside, shape_template()), register_head(finer, shape_template())

    # Each voxel is eight of the fine grid, and its coordinate the mean of theirs; it is 0.03 wide.
    eight = fine[:, :-4, 6:, 2:-2].reshape(3, 48, 2, 64, 2, 52, 2).mean(axis=(2, 4, 6))
    assert rms((eight - coarse)[:, inside]) < 0.01


@pytest.mark.slow
def test_a_mirrored_head_has_mirrored_coordinates() -> None:
    here, there = (
        register_head(head(3), shape_template()),
        register_head(head(3)[::-1], shape_template()),
    )

    mirrored = there[:, ::-1] * np.array([-1, 1, 1], dtype=np.float32)[:, None, None, None]
    assert rms((mirrored - here)[:, head(3)]) < 0.01


@pytest.mark.slow
def test_a_turned_head_has_its_coordinates_turned_with_it() -> None:
    straight, inside = register_head(head(3), shape_template()), head(3)
    head_turned = turned_about_z(inside.astype(np.float32)) > 0.5
    deep = ndimage.binary_erosion(head_turned, iterations=4)
    wanted = np.stack([turned_about_z(one) for one in straight])[:, deep]

    turned = register_head(head_turned, shape_template())[:, deep]
    unturned = straight[:, deep]

    assert rms(turned - wanted) < 0.4 * rms(unturned - wanted)


def test_coordinates_are_zero_outside_the_head_and_at_most_one_inside() -> None:
    coordinates = register_head(head(3), shape_template())

    assert not coordinates[:, ~head(3)].any()
    assert -1 <= coordinates[0].min() < -0.7 < 0.7 < coordinates[0].max() <= 1
    assert 1 / EDGE - 0.1 < np.abs(coordinates[1]).max() <= 1


def test_the_shape_template_at_a_heads_coordinates_is_that_head() -> None:
    inside = head(3)
    x, y, z = register_head(inside, shape_template())[:, inside]
    parts = ((z + 1) / 2, (y + 1) / 2, np.abs(x))
    spans = [(n - 1) * part for n, part in zip(NODES, parts, strict=True)]

    found = ndimage.map_coordinates(shape_template(), spans, order=1)

    deep = ndimage.binary_erosion(inside, iterations=3)[inside]
    assert np.mean(found[deep] > 0.95) > 0.97  # the other heads may have a fissure there
    assert np.mean(found[~deep]) < 0.9


@pytest.mark.parametrize("size", [(3, 3, 3), (1, 9, 9)])
def test_a_head_of_a_few_voxels_has_coordinates_all_the_same(size: tuple[int, ...]) -> None:
    few = np.zeros((12, 12, 12), dtype=bool)
    few[tuple(slice(1, 1 + n) for n in size)] = True

    assert np.isfinite(register_head(few, shape_template())).all()


def test_what_is_splatted_on_nodes_is_neither_lost_nor_moved() -> None:
    rng = np.random.default_rng(0)
    coordinates = np.vstack([rng.random(50), rng.uniform(-1, 1, (2, 50))])
    values = rng.normal(size=(2, 50))

    sums = splat(coordinates, values, NODES)

    np.testing.assert_allclose(sums.sum(axis=(1, 2, 3)), values.sum(axis=1))
    depth = np.linspace(-1, 1, NODES[0])[:, None, None]
    # Linear weights keep the first moment.
    np.testing.assert_allclose(
        (sums * depth).sum(axis=(1, 2, 3)), (values * coordinates[2]).sum(axis=1)
    )
