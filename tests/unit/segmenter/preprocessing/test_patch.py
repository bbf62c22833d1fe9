"""A patch is copied out of an array."""

from __future__ import annotations

import numpy as np

from syntrust_segmenter.preprocessing.patch import extract_patch


def test_a_patch_beyond_one_end_of_a_case_is_zero_there() -> None:
    array = np.arange(2 * 5 * 4 * 4).reshape(2, 5, 4, 4)

    patch = extract_patch(array, (-1, 2, 0), (4, 4, 4))

    np.testing.assert_array_equal(patch[:, 1:, :2], array[:, :3, 2:])
    assert (patch[:, 0] == 0).all()
    assert (patch[:, :, 2:] == 0).all()
