"""Sliding-window prediction of label maps. Arrays are (C, X, Y, Z); tensors (N, C, X, Y, Z)."""

from __future__ import annotations

import numpy as np
import torch
from monai.inferers.utils import sliding_window_inference
from numpy.typing import NDArray
from torch import Tensor, nn

from syntrust_core.geometry import bounding_box
from syntrust_segmenter.network import autocast
from syntrust_segmenter.preprocessing import normalise
from syntrust_segmenter.presets import Precision, SegmenterConfig


def predict_labels(
    network: nn.Module,
    images: NDArray[np.float32],
    brain: NDArray[np.bool_],
    config: SegmenterConfig,
    *,
    precision: Precision,
) -> NDArray[np.uint8]:
    """Label map (X, Y, Z) of a case or twin, 0 outside the brain.

    Parameters
    ----------
    images : float32, shape (4, X, Y, Z)
        As the canonical case holds them; they are normalised here.
    brain : bool, shape (X, Y, Z)
        Only its bounding box is computed.

    Raises
    ------
    InvalidVolume
        See `preprocessing.normalise`.
    """
    prepared = normalise(images, brain)
    box = bounding_box(brain)
    labels = np.zeros(brain.shape, np.uint8)
    found = predict_box(network, prepared[(slice(None), *box)], config, precision=precision)
    labels[box] = found * brain[box]
    return labels


def predict_box(
    network: nn.Module,
    images: NDArray[np.float32],
    config: SegmenterConfig,
    *,
    precision: Precision,
) -> NDArray[np.uint8]:
    """The likeliest class per voxel (X, Y, Z) of normalised images (4, X, Y, Z) of any size.

    Windows overlap by `config.overlap` and are blended by a Gaussian (Isensee et al. 2021,
    doi:10.1038/s41592-020-01008-z). What is smaller than a window is padded with 0.
    """
    device = next(network.parameters()).device
    whole = torch.from_numpy(np.array(images))[None]

    def logits(windows: Tensor) -> Tensor:
        with autocast(precision, device):
            out: Tensor = network(windows)
        return out.float()

    network.eval()
    with torch.inference_mode():
        blended = sliding_window_inference(
            whole,
            roi_size=config.inference_roi,
            sw_batch_size=config.windows,
            predictor=logits,
            overlap=config.overlap,
            mode="gaussian",
            sw_device=device,
            device=whole.device,
        )
        classes: NDArray[np.uint8] = blended[0].argmax(0).to(torch.uint8).cpu().numpy()
    return classes
