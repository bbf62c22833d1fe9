"""Intensity conventions: the numbers that generators are trained on and twins are written in.

A convention maps four modalities (4, X, Y, Z) to [-1, 1], with exactly `BACKGROUND` outside the
brain. MRI intensities have no unit, and readers of a twin normalise it again within the brain. Only
the shape of the mapping matters: it must clip no lesion, and no hot voxel may squeeze the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from syntrust_generator.model_card import Convention

Images = NDArray[np.float32]
Mask = NDArray[np.bool_]

BACKGROUND = -1.0
# z-scores from -4.5 to 7.5 fit: the darkest fluid is at -5, the brightest enhancement at 7.
CENTRE_SD, HALF_RANGE_SD = 1.5, 6.0
_KNEE_SD = 0.8  # below this `expand` is nearly linear, above it nearly a logarithm
_MOST = float(np.arcsinh((CENTRE_SD + HALF_RANGE_SD) / _KNEE_SD))
_PERCENTILES = (0.5, 99.5)  # mean and sd are taken over the values between


def brain_z(images: Images, brain: Mask) -> Images:
    """Map (4, X, Y, Z) to (z - 1.5) / 6, clipped to [-1, 1]; z is the z-score within the brain.

    Mean and sd are those of the values between the brain's 0.5 and 99.5 percentiles, so a few hot
    voxels change nothing. A modality that is constant within the brain has z = 0.
    """
    out = np.full(images.shape, BACKGROUND, dtype=np.float32)
    for index, image in enumerate(images):
        values = image[brain].astype(np.float64)
        low, high = np.percentile(values, _PERCENTILES)
        kept = values[(values >= low) & (values <= high)]
        z = (values - kept.mean()) / (kept.std() or 1.0)
        out[index][brain] = np.clip((z - CENTRE_SD) / HALF_RANGE_SD, -1, 1)
    return out


def expand(values: Images, brain: Mask) -> Images:
    """Stretch healthy tissue and compress lesions in `brain_z` values (4, X, Y, Z).

    u = asinh(z / 0.8) / asinh(7.5 / 0.8). In `brain_z` healthy tissue has an sd of only 0.17,
    because enhancement must fit too. With few steps, noise of that size remains until the last
    step, which must then draw all anatomy. Here the sd is 0.33. Exactly `BACKGROUND` outside
    `brain`.
    """
    z = values * HALF_RANGE_SD + CENTRE_SD
    stretched = np.arcsinh(z / _KNEE_SD) / _MOST
    return np.where(brain, stretched, BACKGROUND).astype(np.float32)


def contract(values: Images) -> Images:
    """Undo `expand`: `brain_z` values, clipped to [-1, 1]."""
    z = _KNEE_SD * np.sinh(values.astype(np.float64) * _MOST)
    return np.clip((z - CENTRE_SD) / HALF_RANGE_SD, -1, 1).astype(np.float32)


def min_max(images: Images, brain: Mask) -> Images:
    """Map the minimum and maximum of each modality (4, X, Y, Z) to -1 and 1, as Med-DDPM does.

    One hot voxel squeezes everything else. Use it to continue training the released weights.
    """
    out = np.full(images.shape, BACKGROUND, dtype=np.float32)
    for index, image in enumerate(images):
        low, high = float(image.min()), float(image.max())
        scaled = (image - low) / ((high - low) or 1.0) * 2 - 1
        out[index][brain] = scaled[brain]
    return out


CONVENTIONS: Mapping[Convention, Callable[[Images, Mask], Images]] = {
    "brain-z": brain_z,
    "min-max": min_max,
}
