from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntrust_core.errors import CallerError
from syntrust_generator.atlas.registration import fit_shape_template
from syntrust_generator.conditioning.planes import (
    build_condition,
    find_view_box,
    from_network,
    to_network,
)


def test_planes_are_the_three_regions_and_the_brain_without_them() -> None:
    labels = np.zeros((2, 3, 4), dtype=np.uint8)
    labels[0, 0, :3] = (1, 2, 3)
    brain = np.zeros(labels.shape, dtype=bool)
    brain[0] = True

    planes = build_condition(labels, brain)

    assert planes.shape == (4, 4, 3, 2)
    for plane, label in enumerate((1, 2, 3)):
        np.testing.assert_array_equal(planes[plane].transpose(), labels == label)
    np.testing.assert_array_equal(planes[3].transpose(), brain & (labels == 0))


def test_a_label_map_without_brain_is_refused() -> None:
    labels = np.ones((4, 4, 4), dtype=np.uint8)

    with pytest.raises(CallerError, match="no voxel outside the tumour"):
        build_condition(labels, labels == 1)


def test_the_label_4_of_raw_brats_files_is_refused() -> None:
    labels = np.full((4, 4, 4), 4, dtype=np.uint8)

    with pytest.raises(CallerError, match="4 is not one of"):
        build_condition(labels, labels > 0)


def test_axes_are_swapped_and_swapped_back() -> None:
    volumes = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)

    inside = to_network(volumes)

    assert inside.shape == (2, 5, 4, 3)
    assert inside[1, 4, 2, 0] == volumes[1, 0, 2, 4]
    np.testing.assert_array_equal(from_network(inside), volumes)


@given(
    st.tuples(*(st.integers(0, 23),) * 3),
    st.tuples(*(st.integers(0, 23),) * 3),
    st.sampled_from([1, 2, 4, 8]),
)
def test_the_view_holds_the_whole_brain_in_multiples_of_the_divisor(
    one: tuple[int, int, int], other: tuple[int, int, int], divisor: int
) -> None:
    brain = np.zeros((24, 24, 24), dtype=bool)
    brain[one] = brain[other] = True

    box = find_view_box(brain, "brain", divisor)

    assert brain[box].sum() == brain.sum()
    assert all(n % divisor == 0 for n in brain[box].shape)


def test_the_view_of_the_whole_grid_is_the_grid() -> None:
    brain = np.ones((8, 16, 24), dtype=bool)

    assert brain[find_view_box(brain, "grid", 8)].shape == (8, 16, 24)


def test_a_grid_that_the_network_cannot_halve_is_refused_by_axis() -> None:
    brain = np.ones((8, 12, 8), dtype=bool)

    with pytest.raises(CallerError, match="axis y has 12 voxels"):
        find_view_box(brain, "grid", 8)


def test_an_empty_brain_is_refused() -> None:
    with pytest.raises(CallerError, match="empty"):
        find_view_box(np.zeros((8, 8, 8), dtype=bool), "brain", 8)


def test_a_shape_template_adds_three_planes_that_are_zero_outside_the_head() -> None:
    brain = np.zeros((16, 20, 12), dtype=bool)
    brain[3:12, 3:16, 2:10] = True
    labels = np.zeros(brain.shape, dtype=np.uint8)
    labels[5, 6, 4] = 2

    planes = build_condition(labels, brain, shape_template=fit_shape_template([brain], (10, 16, 8)))

    assert planes.shape == (7, 12, 20, 16)
    assert not planes[:, ~to_network(brain[None])[0]].any()
