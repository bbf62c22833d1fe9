"""Scores of poor predictions, bit for bit those of the measures written out plainly."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from tests.unit.metrics.segmentation.plain_scores import (
    Mask,
    measure_surfaces_plainly,
    score_lesions_plainly,
)

from syntrust_metrics.segmentation.case_metrics import score_case
from syntrust_metrics.segmentation.overlap import ALL_LABELS

pytestmark = pytest.mark.numeric

LabelMap = NDArray[np.uint8]
SHAPE = (64, 72, 60)


def smooth(rng: np.random.Generator, sigma: float) -> NDArray[np.float64]:
    field = ndimage.gaussian_filter(rng.normal(size=SHAPE), sigma)
    cut: NDArray[np.float64] = field / field.std()
    return cut


def tumour(seed: int) -> LabelMap:
    """A tumour of three labels and some satellites."""
    rng = np.random.default_rng(seed)
    x, y, z = np.indices(SHAPE)
    radius = np.sqrt((x - 30) ** 2 + (y - 34) ** 2 + 1.3 * (z - 30) ** 2) + 2 * smooth(rng, 4)
    labels = np.zeros(SHAPE, np.uint8)
    for limit, label in ((19, 2), (12, 3), (8, 1)):
        labels[radius < limit] = label
    labels[(smooth(rng, 2) > 3.2) & (labels == 0)] = 2
    return labels


def misplaced(labels: LabelMap, seed: int) -> LabelMap:
    """Move a tumour, and scatter false parts of every label and single voxels."""
    rng = np.random.default_rng(seed)
    prediction = np.roll(labels, rng.integers(-9, 10, 3), (0, 1, 2))
    false = smooth(rng, 1.5)
    prediction[false > 2.8] = 2
    prediction[false < -2.9] = 3
    prediction[rng.random(SHAPE) < 0.0005] = 1
    return prediction


def pad(first: Mask, second: Mask) -> tuple[Mask, Mask]:
    """Give masks an empty border: beyond the array is outside."""
    return np.pad(first, 1), np.pad(second, 1)


@pytest.mark.parametrize(
    "spacing_mm", [(1.0, 1.0, 1.0), (0.9375, 0.9375, 1.5), (0.21, 0.21, 0.6)], ids=str
)
@pytest.mark.parametrize("seed", range(4))
def test_poor_predictions_are_scored_to_the_last_bit(
    seed: int, spacing_mm: tuple[float, float, float]
) -> None:
    reference = tumour(seed)
    prediction = misplaced(reference, seed + 100)

    score = score_case(reference, prediction, spacing_mm=spacing_mm)

    is_fine = spacing_mm[0] == 0.21  # squares of such lengths are rounded, and by each in its way
    for region, labels in ALL_LABELS.items():
        masks = np.isin(reference, labels), np.isin(prediction, labels)
        hd95, surface_dice = measure_surfaces_plainly(*pad(*masks), spacing_mm)
        assert score.hd95_mm[region] == (pytest.approx(hd95, rel=1e-12) if is_fine else hd95)
        assert score.surface_dice[region] == surface_dice
        lesions = score_lesions_plainly(*masks, float(np.prod(spacing_mm)))
        assert score.lesion_dice[region] == lesions


def test_a_percentile_between_two_far_places_is_interpolated_as_numpy_does() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        reference, prediction = np.zeros((2, 50, 50, 50), np.uint8)
        reference[tuple(rng.integers(0, 50, (3, int(rng.integers(1, 40)))))] = 1
        prediction[tuple(rng.integers(0, 50, (3, int(rng.integers(1, 40)))))] = 1

        score = score_case(reference, prediction, spacing_mm=(1.0, 1.0, 1.0))

        masks = pad(reference == 1, prediction == 1)
        assert score.hd95_mm["NCR"] == measure_surfaces_plainly(*masks, (1.0, 1.0, 1.0))[0]


def test_lesions_are_told_apart_at_every_distance() -> None:
    for step in np.ndindex(10, 10, 10):
        if sum(step) % 7:
            continue
        reference = np.zeros((24, 24, 24), np.uint8)
        reference[:4, :4, :4] = 1
        found = reference.copy()
        reference[tuple(slice(3 + by, 7 + by) for by in step)] = 1

        score = score_case(reference, found, spacing_mm=(1.0, 1.0, 1.0))

        padded = np.pad(reference == 1, 4), np.pad(found == 1, 4)
        assert score.lesion_dice["NCR"] == score_lesions_plainly(*padded, 1.0)
