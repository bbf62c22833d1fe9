"""Predicting label maps. Arrays are (C, X, Y, Z); tensors (N, C, X, Y, Z)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from syntrust_core.contracts.vocabulary import LABELS, Region, SegmenterPrecision
from syntrust_core.segmenter_presets import SegmenterConfig
from syntrust_segmenter.inference.sliding_window import infer_sliding_windows
from syntrust_segmenter.network.heads import CLASSES, classify, label_probabilities
from syntrust_segmenter.network.swin_unetr import autocast
from syntrust_segmenter.preprocessing.case_cache import PreparedCase

FLIPS: tuple[tuple[int, ...], ...] = tuple(
    chain.from_iterable(combinations((2, 3, 4), count) for count in range(4))
)
"""Axes of the eight mirrorings; the first mirrors nothing."""


@dataclass(frozen=True)
class Prediction:
    """The network's prediction for one image, on the grid of its case.

    `labels` (X, Y, Z) are uint8, 0 outside the brain. `entropy` is the mean over a region's
    predicted voxels of -Σ p ln p over the four labels, in nats from 0 to ln 4; None for a region
    without a voxel. `probabilities` (4, X, Y, Z) are float32, of background, NCR, ED and ET, if
    requested; outside the brain background has probability 1.
    """

    labels: NDArray[np.uint8]
    entropy: dict[Region, float | None]
    probabilities: NDArray[np.float32] | None


def predict_case(
    network: nn.Module,
    case: PreparedCase,
    config: SegmenterConfig,
    *,
    grid: tuple[int, int, int],
    precision: SegmenterPrecision,
    probabilities: bool = False,
) -> Prediction:
    """Predict a prepared image; `grid` is the shape of the case that it was cut from."""
    with torch.inference_mode():
        logits = _compute_logits(network, case, config, precision)
        classes = _to_array(classify(logits, config.head)) * case.brain
        chances = label_probabilities(logits, config.head)[0]
        entropy = _region_entropy(torch.special.entr(chances).sum(0).cpu().numpy(), classes)
    labels = np.zeros(grid, np.uint8)
    labels[case.box] = classes
    return Prediction(
        labels, entropy, _place_on_grid(chances, case, grid) if probabilities else None
    )


def predict_box(
    network: nn.Module,
    case: PreparedCase,
    config: SegmenterConfig,
    *,
    precision: SegmenterPrecision,
) -> NDArray[np.uint8]:
    """Predict the label map (X, Y, Z) of a prepared image, on the box that it was cut to."""
    with torch.inference_mode():
        classes = _to_array(
            classify(_compute_logits(network, case, config, precision), config.head)
        )
    return classes * case.brain


def _compute_logits(
    network: nn.Module, case: PreparedCase, config: SegmenterConfig, precision: SegmenterPrecision
) -> Tensor:
    device = next(network.parameters()).device
    network.eval()

    def mirrored(windows: Tensor, axes: tuple[int, ...]) -> Tensor:
        with autocast(precision, device):
            out: Tensor = network(windows.flip(axes) if axes else windows)
        return (out.flip(axes) if axes else out).float()

    def predictor(windows: Tensor) -> Tensor:
        flips: Iterable[tuple[int, ...]] = FLIPS if config.mirrored_inference else FLIPS[:1]
        results = [mirrored(windows, axes) for axes in flips]
        return results[0] if len(results) == 1 else torch.stack(results).mean(0)

    return infer_sliding_windows(
        torch.from_numpy(np.array(case.images))[None].to(device),
        torch.from_numpy(np.array(case.brain)).bool().to(device),
        predictor,
        roi=config.inference_roi,
        overlap=config.overlap,
        batch=config.windows,
    )


def _to_array(classes: Tensor) -> NDArray[np.uint8]:
    found: NDArray[np.uint8] = classes[0].cpu().numpy()
    return found


def _region_entropy(
    entropy: NDArray[np.float32], classes: NDArray[np.uint8]
) -> dict[Region, float | None]:
    within = {region: entropy[classes == value] for region, value in LABELS.items()}
    return {
        region: float(values.mean(dtype=np.float64)) if len(values) else None
        for region, values in within.items()
    }


def _place_on_grid(
    chances: Tensor, case: PreparedCase, grid: tuple[int, int, int]
) -> NDArray[np.float32]:
    whole = np.zeros((CLASSES, *grid), np.float32)
    whole[0] = 1
    inside = case.brain != 0
    whole[(slice(None), *case.box)] = np.where(inside, chances.cpu().numpy(), 0)
    whole[0][case.box] += ~inside
    return whole
