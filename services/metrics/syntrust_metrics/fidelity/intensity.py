"""Bring the intensities of an image to a common scale, and describe them area by area.

Values have the shape (voxels,): one modality over the compared voxels.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syntrust_core.contracts.results import Feature
from syntrust_core.errors import InvalidVolume

Vector = NDArray[np.floating[Any]]

LOW_PERCENTILE, HIGH_PERCENTILE = 0.5, 99.5
Z_LIMIT: Final = 10.0
FEWEST_VOXELS: Final = 20
"""A smaller area has no first-order features: the kurtosis of a few voxels is noise."""


class ScaledIntensities(NamedTuple):
    """One modality over the brain, on two scales.

    `z` is what a segmenter is given: mean and sd are those of the values between the percentiles,
    bounded to [-10, 10]. `stretched` is only moved and stretched, so that the percentiles lie at 0
    and 1: intensities have no unit, and twins are drawn on a scale of their own. `data_range` is
    the distance of the percentiles in z.
    """

    z: NDArray[np.float32]
    stretched: NDArray[np.float32]
    data_range: float


def scale_intensities(values: Vector, *, name: str) -> ScaledIntensities:
    """Bring the values of one modality over the brain, (voxels,), to common scales.

    The result is the same for a·x + b with a > 0. The percentiles are observed values, so that no
    voxel is in or out because of a rounding.

    Raises
    ------
    InvalidVolume
        If the values are constant: there is no image in them.
    """
    values = values.astype(np.float64)
    low = np.percentile(values, LOW_PERCENTILE, method="lower")
    high = np.percentile(values, HIGH_PERCENTILE, method="higher")
    inner = values[(values >= low) & (values <= high)]
    mean, sd = inner.mean(), inner.std()
    if sd == 0:
        raise InvalidVolume(
            f"{name} is constant within the brain; it must hold an image.",
            file=name,
            field="values",
        )
    z = np.clip((values - mean) / sd, -Z_LIMIT, Z_LIMIT)
    stretched = (values - low) / (high - low)
    return ScaledIntensities(
        z.astype(np.float32), stretched.astype(np.float32), float((high - low) / sd)
    )


def first_order_features(z: Vector) -> dict[Feature, float] | None:
    """Compute moments and percentiles of z-scores, (voxels,).

    None for fewer than 20 voxels or a constant area. Kurtosis is that in excess of a normal
    distribution's; sd, skewness and kurtosis are those of the population (IBSI, Zwanenburg et al.,
    Radiology 295(2), 2020, doi:10.1148/radiol.2020191145).
    """
    if z.size < FEWEST_VOXELS:
        return None
    values = z.astype(np.float64)
    mean = float(values.mean())
    centred = values - mean
    square = centred * centred
    variance = float(square.mean())
    if variance == 0:
        return None
    p10, median, p90 = (float(p) for p in np.percentile(values, (10, 50, 90)))
    return {
        "mean": mean,
        "sd": variance**0.5,
        "skewness": float((square * centred).mean()) / variance**1.5,
        "kurtosis": float((square * square).mean()) / variance**2 - 3,
        "p10": p10,
        "median": median,
        "p90": p90,
    }


def lesion_contrast(lesion: Vector, healthy: Vector) -> float | None:
    """Compute how far the mean of a lesion lies above that of healthy tissue, in its sds.

    Both have the shape (voxels,). The result is the same for a·x + b with a > 0. None where either
    is empty or healthy tissue is constant.
    """
    if not lesion.size or not healthy.size:
        return None
    sd = float(healthy.std(dtype=np.float64))
    difference = float(lesion.mean(dtype=np.float64) - healthy.mean(dtype=np.float64))
    return difference / sd if sd else None
