"""The mean healthy anatomy of a generator's training cases, by place in the brain.

A label map says where the tumour is and nothing of ventricles or cortex. A large network learns
from thousands of cases where they are due; a small one, trained for minutes, draws texture instead.
It is therefore shown the mean image at each voxel's place, and what is diffused and drawn is the
difference to it: the individual. In a tumour nothing is expected, and the image itself is drawn.
Tensors are (N, C, Z, Y, X) in this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from syntrust_generator.card import MASK_PLANES, POSITION_PLANES
from syntrust_generator.data import CaseFolders, TrainingCase, TrainingCases
from syntrust_generator.places import Shape, outline_of, spread

if TYPE_CHECKING:
    from syntrust_generator.network import UNet

_OUTLINED_CASES = 64  # are enough for a mean outline
_LEAST_WEIGHT = 1e-3  # of a node that any case's healthy brain has reached


class Anatomy(nn.Module):
    """Looks the mean images up at the places that the last three input planes give.

    `shape` counts nodes along z, y and the distance from the middle along x. `outline` is the mean
    brain's, from which places.py tells the place of a voxel.
    """

    mean: Tensor
    outline: Tensor

    def __init__(self, modalities: int, shape: Shape) -> None:
        super().__init__()
        self.modalities = modalities
        self.register_buffer("mean", torch.zeros(modalities, *shape))
        self.register_buffer("outline", torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        """Noisy images and condition (N, C, Z, Y, X) → mean images (N, 4, Z, Y, X); 0 outside."""
        condition = x[:, self.modalities :]
        head = condition[:, :MASK_PLANES].amax(dim=1, keepdim=True)
        return (self._at_places(condition) * head).to(x.dtype)

    def expected(self, condition: Tensor) -> Tensor:
        """Mean images where a condition (N, C, Z, Y, X) has healthy brain, else 0; float32."""
        return self._at_places(condition) * condition[:, MASK_PLANES - 1 : MASK_PLANES].float()

    def _at_places(self, condition: Tensor) -> Tensor:
        side, *rest = condition[:, -POSITION_PLANES:].float().unbind(1)
        places = torch.stack([2 * side - 1, *rest], dim=-1)
        means = self.mean.expand(len(condition), *self.mean.shape)
        return functional.grid_sample(means, places, padding_mode="border", align_corners=True)


def outline_in(network: UNet) -> NDArray[np.float32] | None:
    """The mean outline that a network was trained with, if it has one, (*shape)."""
    return None if network.anatomy is None else network.anatomy.outline.cpu().numpy()


def learn_anatomy(seen_as: Callable[..., CaseFolders], shape: Shape) -> Anatomy:
    """Mean outline and mean images of training cases.

    Parameters
    ----------
    seen_as
        Gives the cases, seen with the `outline` it is given or without places.
    shape
        Nodes along z, y and the distance from the middle along x.
    """
    bare = seen_as(kept=1)
    every = max(1, len(bare) // _OUTLINED_CASES)
    heads = (_head(bare[index].condition) for index in range(0, len(bare), every))
    outline = outline_of(heads, shape)
    mean = mean_anatomy(seen_as(outline=outline), shape)
    anatomy = Anatomy(len(mean), shape)
    anatomy.mean.copy_(mean)
    anatomy.outline.copy_(torch.from_numpy(outline))
    return anatomy


def _head(condition: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(C, Z, Y, X) planes → (X, Y, Z)."""
    return np.asarray(condition[:MASK_PLANES].any(axis=0)).T


def mean_anatomy(cases: TrainingCases, shape: Shape) -> Tensor:
    """Mean over the healthy brain of all cases, both sides of the head together.

    Parameters
    ----------
    cases
        With position planes; the images in the numbers that the network sees.
    shape
        Nodes along z, y and the distance from the middle along x.

    Returns
    -------
    (4, *shape) float32. A node that lies in no case's healthy brain has the mean of all others.
    """
    total = sum((_sums(cases[index], shape) for index in range(len(cases))), np.zeros(()))
    images, weight = total[:-1], total[-1]
    overall = images.sum(axis=(1, 2, 3), keepdims=True) / weight.sum()
    known = weight > _LEAST_WEIGHT
    mean = np.where(known, images / np.where(known, weight, 1), overall)
    return torch.from_numpy(mean.astype(np.float32))


def _sums(case: TrainingCase, shape: Shape) -> NDArray[np.float64]:
    """Images and 1, summed over the healthy voxels next to each node: (5, *shape)."""
    healthy = case.condition[MASK_PLANES - 1] > 0
    images = case.images[:, healthy].astype(np.float64)
    places = case.condition[-POSITION_PLANES:, healthy].astype(np.float64)
    return spread(places, np.vstack([images, np.ones_like(images[:1])]), shape)
