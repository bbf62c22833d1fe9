"""Dice of label maps (X, Y, Z), for the history of a training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from syntrust_core.contracts.vocabulary import LABELS, Region
from syntrust_segmenter.network.heads import NESTED, NestedRegion

Labels = NDArray[np.uint8]


def region_dice(labels: Labels, predicted: Labels) -> dict[Region, float | None]:
    """Compute Dice 2|y ∩ p| / (|y| + |p|) per region, in [0, 1]; None if both are empty."""
    return {region: _dice(labels == value, predicted == value) for region, value in LABELS.items()}


def nested_dice(labels: Labels, predicted: Labels) -> dict[NestedRegion, float | None]:
    """Compute Dice of TC, WT and ET, the regions that BraTS scores."""
    return {
        region: _dice(np.isin(labels, values), np.isin(predicted, values))
        for region, values in NESTED.items()
    }


def _dice(reference: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> float | None:
    total = np.count_nonzero(reference) + np.count_nonzero(predicted)
    return 2 * np.count_nonzero(reference & predicted) / total if total else None
