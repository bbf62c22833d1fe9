"""Dice of label maps, region by region."""

from __future__ import annotations

import numpy as np
import pytest

from syntrust_segmenter.training.validation_dice import nested_dice, region_dice


def test_nested_dice_joins_the_regions_as_brats_does() -> None:
    labels = np.array([[[1, 3, 2, 0]]], np.uint8)
    predicted = np.array([[[3, 3, 0, 0]]], np.uint8)

    assert nested_dice(labels, predicted) == {
        "TC": 1.0,
        "WT": pytest.approx(0.8),
        "ET": pytest.approx(2 / 3),
    }


def test_dice_of_two_empty_masks_has_no_value() -> None:
    labels = np.array([[[1, 1, 2, 0]]], np.uint8)
    predicted = np.array([[[1, 2, 2, 0]]], np.uint8)

    assert region_dice(labels, predicted) == {
        "NCR": pytest.approx(2 / 3),
        "ED": pytest.approx(2 / 3),
        "ET": None,
    }
