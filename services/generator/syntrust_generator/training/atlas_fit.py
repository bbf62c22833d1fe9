"""Fitting the atlas of a generator to its training cases; `atlas.atlas` says what it is for.

The heads are averaged to a shape template. Then, three times, each case is deformed to the mean
images of the round before and the mean is taken again. Last, the scale of each region and the modes
of the deformations are computed. Volumes of a case are (C, Z, Y, X) in this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from syntrust_generator.atlas.atlas import Atlas, MeanBrain
from syntrust_generator.atlas.deformation import compute_modes
from syntrust_generator.atlas.registration import Shape, fit_shape_template, splat
from syntrust_generator.model_card import MASK_PLANES, POSITION_PLANES
from syntrust_generator.training.dataset import TrainingCase, TrainingCases

_TEMPLATE_CASES = 64  # are enough for a shape template
_ROUNDS = 3  # of deforming the cases to their mean and taking the mean again
_LEAST_WEIGHT = 1e-3  # of a node that lies in the healthy brain of some case
_LOCAL_ROUGHNESS = 0.5  # rms difference of neighbouring voxels, once divided by the scale
_LEAST_SCALE = 0.02  # a region without any roughness would divide by zero


def fit_atlas(
    read_cases: Callable[..., TrainingCases],
    shape: Shape,
    on_case: Callable[[], None] = lambda: None,
) -> Atlas:
    """Fit shape template, mean images, region scale and deformation modes to training cases.

    Parameters
    ----------
    read_cases : callable
        Returns the cases, registered to the mean `brain` that it is given, or not registered.
    shape : (int, int, int)
        Nodes along z, y and the distance from the middle along x.
    on_case : callable
        Called each time a case is read; may raise to stop.
    """
    bare = read_cases(kept=1)
    every = max(1, len(bare) // _TEMPLATE_CASES)
    heads = (_head_mask(case.condition) for case in _visit_cases(bare, on_case, every))
    shape_template = fit_shape_template(heads, shape)
    brain = MeanBrain(shape_template)
    for _ in range(_ROUNDS):
        mean = average_healthy_images(_visit_cases(read_cases(brain=brain), on_case), shape)
        brain = MeanBrain(shape_template, mean.numpy())
    return _build_atlas(mean, shape_template, _visit_cases(read_cases(brain=brain), on_case))


def _visit_cases(
    cases: TrainingCases, on_case: Callable[[], None], every: int = 1
) -> Iterator[TrainingCase]:
    for index in range(0, len(cases), every):
        on_case()
        yield cases[index]


def _build_atlas(
    mean: Tensor, shape_template: NDArray[np.float32], cases: Iterable[TrainingCase]
) -> Atlas:
    shape = (mean.shape[1], mean.shape[2], mean.shape[3])
    atlas = Atlas(len(mean), shape)
    atlas.mean.copy_(mean)
    atlas.shape_template.copy_(torch.from_numpy(shape_template))
    measured = (
        (case.deformation, _sum_lesions(case), _sum_squared_differences(atlas, case))
        for case in cases
    )
    deformations, sums, differences = zip(*measured, strict=True)
    atlas.lesions.copy_(torch.from_numpy(_average_lesions(sums)))
    atlas.region_scale.copy_(torch.from_numpy(_compute_region_scale(differences)))
    atlas.deformation_modes.copy_(torch.from_numpy(compute_modes(deformations)))
    return atlas


def _sum_lesions(case: TrainingCase) -> NDArray[np.float64]:
    """Images and 1, summed over each tumour region: (5, 3)."""
    masks = case.condition[: MASK_PLANES - 1].astype(np.float64)
    ones = np.ones_like(case.images[:1])
    values = np.concatenate([case.images, ones]).astype(np.float64)
    sums: NDArray[np.float64] = np.einsum("mzyx,lzyx->ml", values, masks)
    return sums


def _average_lesions(sums: Iterable[NDArray[np.float64]]) -> NDArray[np.float32]:
    """(4, 3); 0 for a region that no case has."""
    total = np.sum(list(sums), axis=0)
    means: NDArray[np.float32] = (total[:-1] / np.maximum(total[-1], 1)).astype(np.float32)
    return means


def _sum_squared_differences(atlas: Atlas, case: TrainingCase) -> NDArray[np.float64]:
    """Squared differences of neighbours and 1, summed over each plane of the masks: (5, 4).

    Of the images less the atlas, along all three axes. Both voxels lie in the plane.
    """
    masks = case.condition[:MASK_PLANES] > 0
    expected = atlas.expected_images(torch.from_numpy(case.condition)[None])[0].numpy()
    rest = case.images - expected * masks[-1]
    total = np.zeros((len(rest) + 1, MASK_PLANES))
    for axis in (1, 2, 3):
        squares = np.diff(rest, axis=axis).astype(np.float64) ** 2
        pairs = np.logical_and(*(np.delete(masks, end, axis=axis) for end in (0, -1)))
        both = np.concatenate([squares, np.ones_like(squares[:1])])
        total += np.einsum("mzyx,lzyx->ml", both, pairs.astype(np.float64))
    return total


def _compute_region_scale(differences: Iterable[NDArray[np.float64]]) -> NDArray[np.float32]:
    """Scale of each modality in each plane of the masks, (4, 4), at least `_LEAST_SCALE`.

    A region that no case has takes the scale of healthy brain.
    """
    total = np.sum(list(differences), axis=0)
    scale = np.sqrt(total[:-1] / np.maximum(total[-1], 1)) / _LOCAL_ROUGHNESS
    found = np.where(total[-1] > 0, scale, scale[:, -1:])
    kept: NDArray[np.float32] = np.maximum(found, _LEAST_SCALE).astype(np.float32)
    return kept


def _head_mask(condition: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(C, Z, Y, X) planes → (X, Y, Z)."""
    return np.asarray(condition[:MASK_PLANES].any(axis=0)).T


def average_healthy_images(cases: Iterable[TrainingCase], shape: Shape) -> Tensor:
    """Average the images over the healthy brain of all cases, both sides of the head together.

    Parameters
    ----------
    cases : iterable of TrainingCase
        With coordinate planes, and images in the numbers that the network sees.
    shape : (int, int, int)
        Nodes along z, y and the distance from the middle along x.

    Returns
    -------
    float32 tensor, shape (4, *shape)
        A node outside every case's healthy brain has the mean of all other nodes.
    """
    total = sum((_splat_case(case, shape) for case in cases), np.zeros(()))
    images, weight = total[:-1], total[-1]
    overall = images.sum(axis=(1, 2, 3), keepdims=True) / weight.sum()
    known = weight > _LEAST_WEIGHT
    mean = np.where(known, images / np.where(known, weight, 1), overall)
    return torch.from_numpy(mean.astype(np.float32))


def _splat_case(case: TrainingCase, shape: Shape) -> NDArray[np.float64]:
    """Images and 1, summed over the healthy voxels next to each node: (5, *shape)."""
    healthy = case.condition[MASK_PLANES - 1] > 0
    images = case.images[:, healthy].astype(np.float64)
    coordinates = case.condition[-POSITION_PLANES:, healthy].astype(np.float64)
    return splat(coordinates, np.vstack([images, np.ones_like(images[:1])]), shape)
