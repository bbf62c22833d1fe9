from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.tolerances import of_sum

from syntrust_core.segmenter_presets import Head
from syntrust_segmenter.network.heads import (
    bias_from_priors,
    classify,
    label_probabilities,
    labels_to_regions,
    regions_to_labels,
)

pytestmark = pytest.mark.numeric

LABEL_MAPS = arrays.arrays(np.uint8, (1, 3, 2, 2), elements=st.integers(0, 3))


@settings(max_examples=30, deadline=None)
@given(LABEL_MAPS)
def test_labels_come_back_from_their_regions(label_map: np.ndarray) -> None:
    labels = torch.from_numpy(label_map)

    assert torch.equal(regions_to_labels(labels_to_regions(labels)), labels)


@settings(max_examples=30, deadline=None)
@given(LABEL_MAPS)
def test_regions_within_each_other_come_back_from_their_labels(label_map: np.ndarray) -> None:
    regions = labels_to_regions(torch.from_numpy(label_map))

    assert torch.equal(labels_to_regions(regions_to_labels(regions)), regions)


def test_regions_are_those_of_the_released_checkpoints() -> None:
    labels = torch.tensor([0, 1, 2, 3], dtype=torch.uint8).reshape(1, 4, 1, 1)

    core, whole, enhancing = labels_to_regions(labels).flatten(2)[0].int().tolist()

    assert (core, whole, enhancing) == ([0, 1, 0, 1], [0, 1, 1, 1], [0, 0, 0, 1])


def test_masks_that_are_not_within_each_other_are_read_as_monai_reads_them() -> None:
    # TC, WT, ET of: ET alone, TC alone, ET and WT without TC.
    masks = torch.tensor([[0, 1, 0], [0, 0, 1], [1, 0, 1]]).reshape(1, 3, 3, 1, 1)

    assert regions_to_labels(masks).flatten().tolist() == [3, 1, 3]


@pytest.mark.parametrize("head", ["labels", "regions"])
def test_probabilities_sum_to_one_and_are_none_below_zero(head: Head) -> None:
    torch.manual_seed(0)
    logits = 3 * torch.randn(2, 4 if head == "labels" else 3, 3, 3, 3)

    chances = label_probabilities(logits, head)

    torch.testing.assert_close(chances.sum(1), torch.ones(2, 3, 3, 3))
    assert chances.min() >= 0


def test_probabilities_of_regions_within_each_other_give_back_those_of_the_regions() -> None:
    core, whole, enhancing = 0.6, 0.9, 0.2
    logits = torch.tensor([core, whole, enhancing]).logit().reshape(1, 3, 1, 1, 1)

    chances = label_probabilities(logits, "regions").flatten().tolist()

    assert chances == pytest.approx([0.1, 0.4, 0.3, 0.2], abs=of_sum(16))


@pytest.mark.parametrize("head", ["labels", "regions"])
def test_the_first_bias_makes_probabilities_of_the_shares(head: Head) -> None:
    shares = (0.9, 0.02, 0.05, 0.03)

    bias = bias_from_priors(shares, head).reshape(1, -1, 1, 1, 1)

    assert label_probabilities(bias, head).flatten().tolist() == pytest.approx(
        shares, abs=of_sum(16)
    )


def test_a_voxel_gets_the_likeliest_label() -> None:
    logits = torch.tensor([[0.0, 3.0, 1.0, 2.0], [5.0, 0.0, 0.0, 0.0]]).T.reshape(1, 4, 2, 1, 1)

    assert classify(logits, "labels").flatten().tolist() == [1, 0]


def test_a_voxel_is_in_a_region_above_one_half() -> None:
    logits = torch.tensor([[0.1, 0.1, -0.1], [-0.1, 0.1, -9.0]]).T.reshape(1, 3, 2, 1, 1)

    assert classify(logits, "regions").flatten().tolist() == [1, 2]
