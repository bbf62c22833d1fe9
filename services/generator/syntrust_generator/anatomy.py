"""The mean healthy anatomy of a generator's training cases, by place in the brain.

A label map says where the tumour is and nothing of ventricles or cortex. A large network learns
from thousands of cases where they are due; a small one, trained for minutes, draws texture instead.
It is therefore shown the mean image at each voxel's place and has only the individual to draw.
Tensors are (N, C, Z, Y, X) in this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from syntrust_generator.card import MASK_PLANES, POSITION_PLANES

if TYPE_CHECKING:
    from syntrust_generator.data import TrainingCase, TrainingCases

Shape = tuple[int, int, int]
_LEAST_WEIGHT = 1e-3  # of a node that any case's healthy brain has reached


class Anatomy(nn.Module):
    """Looks the mean images up at the places that the last three input planes give.

    `shape` counts nodes along z, y and the distance from the middle along x, over the brain's box.
    """

    mean: Tensor

    def __init__(self, modalities: int, shape: Shape) -> None:
        super().__init__()
        self.modalities = modalities
        self.register_buffer("mean", torch.zeros(modalities, *shape))

    def forward(self, x: Tensor) -> Tensor:
        """Noisy images and condition (N, C, Z, Y, X) → mean images (N, 4, Z, Y, X); 0 outside."""
        side, *rest = x[:, -POSITION_PLANES:].float().unbind(1)
        places = torch.stack([2 * side - 1, *rest], dim=-1)
        means = self.mean.expand(len(x), *self.mean.shape)
        found = functional.grid_sample(means, places, padding_mode="border", align_corners=True)
        planes = x[:, self.modalities : self.modalities + MASK_PLANES]
        return (found * planes.amax(dim=1, keepdim=True)).to(x.dtype)


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
    parts = [_sums(cases[index], shape) for index in range(len(cases))]
    images, weight = (np.sum(side, axis=0) for side in zip(*parts, strict=True))
    overall = images.sum(axis=(1, 2, 3), keepdims=True) / weight.sum()
    known = weight > _LEAST_WEIGHT
    mean = np.where(known, images / np.where(known, weight, 1), overall)
    return torch.from_numpy(mean.astype(np.float32))


def _sums(case: TrainingCase, shape: Shape) -> tuple[NDArray[Any], NDArray[Any]]:
    """Images times weight (4, *shape) and weight (*shape) of one case; left and right added."""
    healthy = case.condition[MASK_PLANES - 1].astype(np.float64)
    head = np.asarray(case.condition[:MASK_PLANES].any(axis=0))
    layers = np.concatenate([case.images * healthy, healthy[None]])
    (top, length), (front, depth), (middle, half) = (_middle_and_half(head, a) for a in range(3))
    z = _interpolation(top + length * np.linspace(-1, 1, shape[0]), head.shape[0])
    y = _interpolation(front + depth * np.linspace(-1, 1, shape[1]), head.shape[1])
    distances = half * np.linspace(0, 1, shape[2])
    left, right = (_interpolation(middle + side * distances, head.shape[2]) for side in (-1, 1))
    sums = np.einsum("az,by,cx,mzyx->mabc", z, y, left + right, layers, optimize=True)
    return sums[:-1], sums[-1]


def _middle_and_half(head: NDArray[np.bool_], axis: int) -> tuple[float, float]:
    inside = np.flatnonzero(head.any(axis=tuple(a for a in range(3) if a != axis)))
    return (inside[0] + inside[-1]) / 2, (inside[-1] - inside[0]) / 2


def _interpolation(points: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """(P, size) weights of linear interpolation at `points`, in voxels."""
    low = np.clip(np.floor(points), 0, size - 1)
    share = points - low
    columns = np.arange(size)
    near = (columns == low[:, None]) * (1 - share)[:, None]
    far = (columns == np.minimum(low + 1, size - 1)[:, None]) * share[:, None]
    return np.asarray(near + far)
