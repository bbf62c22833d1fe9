from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from syntrust_segmenter.inference import predict_box, predict_labels
from syntrust_segmenter.presets import configure

CONFIG = configure("tiny", {"patch": 32, "roi": 32, "norm": "group", "windows": 2})


class Thresholds(nn.Module):
    """Class 2 where the first channel is above 0, else class 0: voxel by voxel."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.seen: list[tuple[int, ...]] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(tuple(images.shape))
        first = images[:, :1] * self.scale
        nothing = torch.full_like(first, -9.0)
        return torch.cat([-first, nothing, first, nothing], dim=1)


def test_overlapping_windows_give_what_one_window_gives_for_a_local_rule() -> None:
    images = np.random.default_rng(0).normal(size=(4, 45, 33, 20)).astype(np.float32)

    labels = predict_box(Thresholds(), images, CONFIG, precision="float32")

    np.testing.assert_array_equal(labels, np.where(images[0] > 0, 2, 0))
    assert labels.dtype == np.uint8


def test_prediction_is_zero_outside_the_brain() -> None:
    images = np.random.default_rng(0).normal(size=(4, 40, 40, 40)).astype(np.float32)
    brain = np.zeros((40, 40, 40), bool)
    brain[5:30, 5:30, 5:30] = True
    brain[10:12, 10:12, 10:12] = False

    labels = predict_labels(Thresholds(), images, brain, CONFIG, precision="float32")

    assert labels.shape == brain.shape
    assert (labels[~brain] == 0).all()
    assert (labels[brain] == 2).any()


def test_only_the_box_of_the_brain_is_computed() -> None:
    images = np.random.default_rng(0).normal(size=(4, 96, 96, 96)).astype(np.float32)
    brain = np.zeros((96, 96, 96), bool)
    brain[60:90, 60:90, 60:90] = True
    network = Thresholds()

    predict_labels(network, images, brain, CONFIG, precision="float32")

    assert network.seen == [(1, 4, 32, 32, 32)]
