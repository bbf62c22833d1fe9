"""Dice against geometry, symmetry, and plain set arithmetic."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from syntrust_core.errors import InvalidVolume
from syntrust_metrics.dice import confusion, score_case

Labels = NDArray[np.uint8]
NCR, ED, ET = 1, 2, 3


def empty(size: int = 20) -> Labels:
    return np.zeros((size, size, size), np.uint8)


def ball(radius: float, *, shift: int = 0, size: int = 61) -> NDArray[np.bool_]:
    axis = np.arange(size) - size // 2
    x, y, z = np.meshgrid(axis - shift, axis, axis, indexing="ij")
    return np.asarray(x**2 + y**2 + z**2 <= radius**2)


def by_sets(reference: Labels, prediction: Labels, labels: set[int]) -> float | None:
    """Dice from sets of voxel positions."""
    first, second = (
        {tuple(at) for at in np.argwhere(np.isin(volume, list(labels))).tolist()}
        for volume in (reference, prediction)
    )
    total = len(first) + len(second)
    return 2 * len(first & second) / total if total else None


def test_a_cube_moved_by_a_quarter_keeps_three_quarters() -> None:
    reference, prediction = empty(), empty()
    reference[4:12, 4:12, 4:12] = ED
    prediction[6:14, 4:12, 4:12] = ED

    score = score_case(reference, prediction, voxel_volume_mm3=1.0)

    assert score.dice["ED"] == 0.75


def test_two_balls_overlap_as_spherical_caps_do() -> None:
    radius, shift = 20.0, 10
    reference = np.where(ball(radius), ET, 0).astype(np.uint8)
    prediction = np.where(ball(radius, shift=shift), ET, 0).astype(np.uint8)

    score = score_case(reference, prediction, voxel_volume_mm3=1.0)

    lens = math.pi * (4 * radius + shift) * (2 * radius - shift) ** 2 / 12
    assert score.dice["ET"] == pytest.approx(lens / (4 / 3 * math.pi * radius**3), abs=2e-3)


def test_dice_agrees_with_set_arithmetic_for_every_region() -> None:
    rng = np.random.default_rng(0)
    reference = rng.integers(0, 4, (7, 8, 9)).astype(np.uint8)
    prediction = rng.integers(0, 4, (7, 8, 9)).astype(np.uint8)

    score = score_case(reference, prediction, voxel_volume_mm3=1.0)

    assert score.dice == {
        "ET": by_sets(reference, prediction, {ET}),
        "ED": by_sets(reference, prediction, {ED}),
        "NCR": by_sets(reference, prediction, {NCR}),
    }
    assert score.nested == {
        "TC": by_sets(reference, prediction, {NCR, ET}),
        "WT": by_sets(reference, prediction, {NCR, ED, ET}),
    }


def test_dice_does_not_say_which_side_is_the_reference() -> None:
    rng = np.random.default_rng(1)
    first, second = (rng.integers(0, 4, (9, 9, 9)).astype(np.uint8) for _ in range(2))

    one, other = (
        score_case(*pair, voxel_volume_mm3=2.0) for pair in ((first, second), (second, first))
    )

    assert (one.dice, one.nested) == (other.dice, other.nested)
    assert one.reference_ml == other.predicted_ml


def test_a_region_absent_on_both_sides_has_no_dice() -> None:
    reference, prediction = empty(), empty()
    reference[3:6, 3:6, 3:6] = prediction[3:6, 3:6, 3:6] = ED

    score = score_case(reference, prediction, voxel_volume_mm3=1.0)

    assert score.dice == {"ET": None, "ED": 1.0, "NCR": None}
    assert score.nested == {"TC": None, "WT": 1.0}


def test_a_region_absent_on_one_side_scores_nothing() -> None:
    reference, prediction = empty(), empty()
    reference[3, 3, 3] = ET
    prediction[5, 5, 5] = NCR

    score = score_case(reference, prediction, voxel_volume_mm3=1.0)

    assert (score.dice["ET"], score.dice["NCR"], score.nested["TC"]) == (0.0, 0.0, 0.0)


def test_swapping_core_labels_leaves_the_nested_regions_alone() -> None:
    reference = empty()
    reference[3:9, 3:9, 3:9] = NCR
    reference[5:7, 5:7, 5:7] = ET
    swapped = np.choose(reference, [0, ET, ED, NCR]).astype(np.uint8)

    score = score_case(reference, swapped, voxel_volume_mm3=1.0)

    assert score.nested == {"TC": 1.0, "WT": 1.0}
    assert score.dice["ET"] == 0.0


def test_volumes_are_in_millilitres() -> None:
    reference, prediction = empty(), empty()
    reference[:10, :10, :10] = NCR
    prediction[:5, :10, :10] = NCR

    score = score_case(reference, prediction, voxel_volume_mm3=3.375)

    assert score.reference_ml["NCR"] == pytest.approx(3.375)
    assert score.predicted_ml == {"ET": 0.0, "ED": 0.0, "NCR": pytest.approx(3.375 / 2)}


def test_every_voxel_is_counted_once() -> None:
    rng = np.random.default_rng(2)
    first, second = (rng.integers(0, 4, (6, 5, 4)).astype(np.uint8) for _ in range(2))

    joint = confusion(first, second)

    assert joint.sum() == first.size
    assert joint[ED, ET] == ((first == ED) & (second == ET)).sum()


@pytest.mark.parametrize(
    ("prediction", "field"),
    [
        (np.full((20, 20, 20), 4, np.uint8), "labels"),
        (np.zeros((20, 20, 20), np.int16), "labels"),
        (np.zeros((20, 20, 19), np.uint8), "shape"),
    ],
)
def test_a_label_map_that_does_not_fit_is_refused(prediction: Labels, field: str) -> None:
    with pytest.raises(InvalidVolume) as refusal:
        score_case(empty(), prediction, voxel_volume_mm3=1.0)

    assert (refusal.value.file, refusal.value.field) == ("prediction", field)


def test_a_voxel_without_volume_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        score_case(empty(), empty(), voxel_volume_mm3=0.0)
