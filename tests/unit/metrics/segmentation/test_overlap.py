"""Overlap against geometry, symmetry, plain set arithmetic and MONAI."""

import math

import numpy as np
import pytest
import torch
from monai.metrics.meandice import compute_dice
from numpy.typing import NDArray

from syntrust_core.errors import InvalidVolume
from syntrust_metrics.segmentation.case_metrics import score_case
from syntrust_metrics.segmentation.overlap import confusion_matrix, precision, sensitivity

pytestmark = pytest.mark.numeric

Labels = NDArray[np.uint8]
NCR, ED, ET = 1, 2, 3
ONE = (1.0, 1.0, 1.0)


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

    score = score_case(reference, prediction, spacing_mm=ONE)

    assert score.dice["ED"] == 0.75


def test_two_balls_overlap_as_spherical_caps_do() -> None:
    radius, shift = 20.0, 10
    reference = np.where(ball(radius), ET, 0).astype(np.uint8)
    prediction = np.where(ball(radius, shift=shift), ET, 0).astype(np.uint8)

    score = score_case(reference, prediction, spacing_mm=ONE)

    lens = math.pi * (4 * radius + shift) * (2 * radius - shift) ** 2 / 12
    assert score.dice["ET"] == pytest.approx(lens / (4 / 3 * math.pi * radius**3), abs=2e-3)


def test_dice_agrees_with_set_arithmetic_for_every_region() -> None:
    rng = np.random.default_rng(0)
    reference = rng.integers(0, 4, (7, 8, 9)).astype(np.uint8)
    prediction = rng.integers(0, 4, (7, 8, 9)).astype(np.uint8)

    score = score_case(reference, prediction, spacing_mm=ONE)

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
        score_case(*pair, spacing_mm=(1.0, 2.0, 1.0)) for pair in ((first, second), (second, first))
    )

    assert (one.dice, one.nested) == (other.dice, other.nested)
    assert one.reference_ml == other.predicted_ml


def test_a_region_absent_on_both_sides_has_no_dice() -> None:
    reference, prediction = empty(), empty()
    reference[3:6, 3:6, 3:6] = prediction[3:6, 3:6, 3:6] = ED

    score = score_case(reference, prediction, spacing_mm=ONE)

    assert score.dice == {"ET": None, "ED": 1.0, "NCR": None}
    assert score.nested == {"TC": None, "WT": 1.0}


def test_a_region_absent_on_one_side_scores_nothing() -> None:
    reference, prediction = empty(), empty()
    reference[3, 3, 3] = ET
    prediction[5, 5, 5] = NCR

    score = score_case(reference, prediction, spacing_mm=ONE)

    assert (score.dice["ET"], score.dice["NCR"], score.nested["TC"]) == (0.0, 0.0, 0.0)


def test_swapping_core_labels_leaves_the_nested_regions_alone() -> None:
    reference = empty()
    reference[3:9, 3:9, 3:9] = NCR
    reference[5:7, 5:7, 5:7] = ET
    swapped = np.choose(reference, [0, ET, ED, NCR]).astype(np.uint8)

    score = score_case(reference, swapped, spacing_mm=ONE)

    assert score.nested == {"TC": 1.0, "WT": 1.0}
    assert score.dice["ET"] == 0.0


def test_volumes_are_in_millilitres() -> None:
    reference, prediction = empty(), empty()
    reference[:10, :10, :10] = NCR
    prediction[:5, :10, :10] = NCR

    score = score_case(reference, prediction, spacing_mm=(1.5, 1.5, 1.5))

    assert score.reference_ml["NCR"] == pytest.approx(3.375)
    half = pytest.approx(3.375 / 2)
    assert score.predicted_ml == {"ET": 0.0, "ED": 0.0, "NCR": half, "TC": half, "WT": half}
    assert score.volume_difference_ml["NCR"] == pytest.approx(-3.375 / 2)


@pytest.mark.parametrize("shape", [(6, 5, 4), (3, 3, 3), (8, 8, 8), (1, 1, 1), (0, 4, 4)])
def test_every_pair_of_labels_is_counted_whatever_the_number_of_voxels(
    shape: tuple[int, int, int],
) -> None:
    rng = np.random.default_rng(2)
    first, second = (rng.integers(0, 4, shape).astype(np.uint8) for _ in range(2))

    confusion = confusion_matrix(first, second)

    counted = [[((first == a) & (second == b)).sum() for b in range(4)] for a in range(4)]
    assert confusion.tolist() == counted


def test_the_memory_layout_of_a_label_map_changes_no_count() -> None:
    rng = np.random.default_rng(3)
    first, second = (rng.integers(0, 4, (7, 9, 11)).astype(np.uint8) for _ in range(2))

    turned = confusion_matrix(np.asfortranarray(first), second)
    strided = confusion_matrix(np.repeat(first, 2, axis=1)[:, ::2], second)

    assert (turned == confusion_matrix(first, second)).all()
    assert (strided == confusion_matrix(first, second)).all()


def test_sensitivity_and_precision_are_the_shares_of_each_side() -> None:
    reference, prediction = empty(), empty()
    reference[4:12, 4:12, 4:12] = ED
    prediction[4:8, 4:12, 4:12] = ED
    prediction[:4, :2, :2] = ED

    confusion = confusion_matrix(reference, prediction)

    assert sensitivity(confusion, (ED,)) == 0.5
    assert precision(confusion, (ED,)) == 256 / 272


def test_a_side_that_is_empty_has_no_share() -> None:
    reference = empty()
    reference[3, 3, 3] = ET

    score = score_case(reference, empty(), spacing_mm=ONE)

    assert (score.sensitivity["ET"], score.precision["ET"]) == (0.0, None)
    assert (score.sensitivity["ED"], score.precision["ED"]) == (None, None)


def test_swapping_reference_and_prediction_swaps_sensitivity_and_precision() -> None:
    rng = np.random.default_rng(4)
    first, second = (rng.integers(0, 4, (9, 9, 9)).astype(np.uint8) for _ in range(2))

    one, other = (score_case(*pair, spacing_mm=ONE) for pair in ((first, second), (second, first)))

    assert one.sensitivity == other.precision
    assert one.volume_difference_ml == {
        name: -value for name, value in other.volume_difference_ml.items()
    }


def test_dice_is_that_of_monai_where_the_reference_is_not_empty() -> None:
    rng = np.random.default_rng(5)
    reference, prediction = (rng.integers(0, 4, (12, 11, 10)).astype(np.uint8) for _ in range(2))
    tensors = [
        torch.from_numpy(np.stack([labels == one for one in (ET, ED, NCR)])[None])
        for labels in (prediction, reference)
    ]

    theirs = compute_dice(tensors[0], tensors[1], include_background=True)[0]

    ours = score_case(reference, prediction, spacing_mm=ONE).dice
    assert [ours[name] for name in ("ET", "ED", "NCR")] == pytest.approx(theirs.tolist(), rel=1e-6)


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
        score_case(empty(), prediction, spacing_mm=ONE)

    assert (refusal.value.file, refusal.value.field) == ("prediction", field)


def test_a_voxel_without_volume_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        score_case(empty(), empty(), spacing_mm=(1.0, 0.0, 1.0))
