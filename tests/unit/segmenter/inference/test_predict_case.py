from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tests.tolerances import of_sum
from torch import Tensor, nn

from syntrust_core.segmenter_presets import SegmenterConfig, configure
from syntrust_segmenter.inference.predict_case import Prediction, predict_box, predict_case
from syntrust_segmenter.preprocessing.case_cache import PreparedCase, prepare_case

pytestmark = pytest.mark.numeric

SMALL = {"patch": 32, "roi": 32, "norm": "group", "windows": 2}
CONFIG = configure("tiny", SMALL)


class Thresholds(nn.Module):
    """ED where the first channel is above 0, else background: voxel by voxel."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.seen: list[tuple[int, ...]] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(tuple(images.shape))
        first = images[:, :1] * self.scale
        nothing = torch.full_like(first, -99.0)
        return torch.cat([-first, nothing, first, nothing], dim=1)


class Leaning(Thresholds):
    """The same, and surer the farther a voxel lies along each axis of its window."""

    def forward(self, images: Tensor) -> Tensor:
        found = super().forward(images)
        slope = torch.linspace(0, 1, images.shape[2])
        lean: Tensor = slope[:, None, None] + slope[:, None] + slope
        return found * (1 + lean)


def scene(side: int = 40) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    images = np.random.default_rng(0).normal(size=(4, side, side, side)).astype(np.float32)
    brain = np.zeros((side,) * 3, bool)
    brain[5:30, 5:30, 5:30] = True
    brain[10:12, 10:12, 10:12] = False
    return images, brain


def predicted(
    network: nn.Module, config: SegmenterConfig = CONFIG, *, probabilities: bool = True
) -> tuple[PreparedCase, Prediction]:
    images, brain = scene()
    case = prepare_case(images, np.zeros(brain.shape, np.uint8), brain)
    found = predict_case(
        network,
        case,
        config,
        grid=(40, 40, 40),
        precision="float32",
        probabilities=probabilities,
    )
    return case, found


def test_a_local_rule_is_predicted_voxel_by_voxel_and_nothing_outside_the_brain() -> None:
    case, found = predicted(Thresholds())

    expected = np.zeros((40, 40, 40), np.uint8)
    expected[case.box] = np.where(case.images[0] > 0, 2, 0) * case.brain
    np.testing.assert_array_equal(found.labels, expected)
    assert found.labels.dtype == np.uint8


def test_the_box_is_predicted_as_the_case_is() -> None:
    case, found = predicted(Thresholds())

    box = predict_box(Thresholds(), case, CONFIG, precision="float32")

    np.testing.assert_array_equal(box, found.labels[case.box])


def test_only_the_box_of_the_brain_is_computed() -> None:
    network = Thresholds()

    predicted(network)

    assert network.seen == [(1, 4, 32, 32, 32)]


def test_entropy_is_the_mean_over_a_region_in_nats() -> None:
    case, found = predicted(Thresholds())

    chosen = (case.images[0] > 0) & (case.brain != 0)
    p = 1 / (1 + np.exp(-2 * case.images[0][chosen].astype(np.float64)))
    expected = float(np.mean(-p * np.log(p) - (1 - p) * np.log1p(-p)))
    assert found.entropy == {"NCR": None, "ED": pytest.approx(expected, rel=1e-4), "ET": None}


def test_a_network_that_knows_nothing_has_the_entropy_of_four_equal_labels() -> None:
    class Nothing(Thresholds):
        def forward(self, images: Tensor) -> Tensor:
            tiny = torch.tensor([0, 0, 1e-6, 0]).reshape(1, 4, 1, 1, 1)
            return torch.zeros_like(images) + tiny

    _, found = predicted(Nothing())

    assert found.entropy["ED"] == pytest.approx(math.log(4))


def test_probabilities_sum_to_one_and_background_is_certain_outside_the_brain() -> None:
    _, brain = scene()

    _, found = predicted(Thresholds())

    assert found.probabilities is not None
    np.testing.assert_allclose(found.probabilities.sum(0), 1, rtol=0, atol=of_sum(16))
    assert (found.probabilities[0][~brain] == 1).all()
    np.testing.assert_array_equal(found.probabilities.argmax(0), found.labels)


def test_probabilities_are_left_out_unless_asked_for() -> None:
    assert predicted(Thresholds(), probabilities=False)[1].probabilities is None


def test_mirrored_inference_averages_eight_views_of_each_window() -> None:
    config = configure("tiny", {**SMALL, "mirrored_inference": True})
    network = Leaning()

    case, found = predicted(network, config)

    # The slopes of the eight views average to 1.5 everywhere: logits of 2.5 times the first image.
    chances = 1 / (1 + np.exp(-2 * 2.5 * case.images[0].astype(np.float64)))
    inside = case.brain != 0
    assert len(network.seen) == 8
    assert found.probabilities is not None
    ed = found.probabilities[2][case.box]
    np.testing.assert_allclose(ed[inside], chances[inside], atol=1e-5)


def test_regions_are_predicted_as_labels() -> None:
    class Regions(Thresholds):
        def forward(self, images: Tensor) -> Tensor:
            return images[:, :3] * self.scale

    config = configure("tiny", {**SMALL, "head": "regions"})

    case, found = predicted(Regions(), config)

    core, whole, enhancing = case.images[:3] > 0
    expected = np.where(enhancing, 3, np.where(core, 1, np.where(whole, 2, 0))) * case.brain
    np.testing.assert_array_equal(found.labels[case.box], expected)
