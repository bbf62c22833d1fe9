"""The only preprocessing: real images and twins reach the network through this one function.

If real images and twins were prepared differently, the trust factors would measure that.
Arrays are (X, Y, Z), or (4, X, Y, Z) in the order of `MODALITIES`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.errors import InvalidVolume
from syntrust_segmenter.portable.zscore import z_scores

OUTSIDE: Final = 0.0
RECIPE: Final = "zscore-brain/1"
"""Stored with every model: a model is applied only to images prepared as it was trained on."""


def normalise(images: NDArray[np.floating[Any]], brain: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Z-score each modality over the brain, the tumour included.

    Mean and standard deviation (population, float64) are taken over the brain voxels whose value
    lies between the brain's 0.5th and 99.5th percentiles, both included, so that saturated or
    broken voxels do not set the scale. No voxel is clipped to the percentiles (that erases
    enhancing tumour); z is bounded to [-10, 10]. No label is used: at inference there is none.
    Outside the brain the result is 0, the brain's mean, whatever the image holds there.

    Invariant, per modality, to any change of intensity a·x + b with a > 0 and to any change
    outside the brain.

    Parameters
    ----------
    images : float32 or float64, shape (4, X, Y, Z)
        Any intensity unit; negative values are allowed.
    brain : bool, shape (X, Y, Z)

    Returns
    -------
    float32, shape (4, X, Y, Z)
        In [-10, 10]; a new array.

    Raises
    ------
    InvalidVolume
        A channel is missing, the shapes differ, the brain is empty, or a modality is not finite
        or constant within it.
    """
    _check(images, brain)
    prepared = np.full(images.shape, OUTSIDE, np.float32)
    for name, image, target in zip(MODALITIES, images, prepared, strict=True):
        target[brain] = _z_scores(image[brain].astype(np.float64), name)
    return prepared


def _check(images: NDArray[np.floating[Any]], brain: NDArray[np.bool_]) -> None:
    if images.ndim != 4 or images.shape[0] != len(MODALITIES):
        raise InvalidVolume(
            f"Four channels ({', '.join(MODALITIES)}) of three axes are needed, not an array of "
            f"shape {images.shape}.",
            file="images",
            field="shape",
        )
    if images.shape[1:] != brain.shape:
        raise InvalidVolume(
            f"The brain mask has shape {brain.shape}, the images {images.shape[1:]}.",
            file="brain",
            field="shape",
        )
    if not brain.any():
        raise InvalidVolume("The brain mask is empty.", file="brain", field="values")


def _z_scores(values: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    try:
        return z_scores(values)
    except ValueError as error:
        raise InvalidVolume(f"{name} {error}.", file=name, field="values") from error
