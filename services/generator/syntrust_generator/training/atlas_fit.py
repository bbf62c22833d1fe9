"""The mean healthy anatomy of a generator's training cases, by place in the brain.

A label map says where the tumour is and nothing of ventricles or cortex. A large network learns
from thousands of cases where they are due; a small one, trained for minutes, draws texture instead.
It is therefore shown the mean image at each voxel's place, bent as bends.py says, and what is
diffused and drawn is the difference to it: the individual. In a tumour the mean of its region is
expected. Differences are taken in units of their grain, so that they are as large as diffusion
expects (Karras et al., arXiv:2206.00364, sec. 5) and as large everywhere: a network leaves about as
much noise in each voxel, which would be speckle where differences are small.
Tensors are (N, C, Z, Y, X) in this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from syntrust_generator.atlas.deformation import MODES, MeanBrain, bend_shape, modes_of
from syntrust_generator.atlas.registration import Shape, outline_of, spread
from syntrust_generator.model_card import MASK_PLANES, POSITION_PLANES
from syntrust_generator.training.dataset import TrainingCase, TrainingCases

if TYPE_CHECKING:
    from syntrust_generator.diffusion.network import UNet

_OUTLINED_CASES = 64  # are enough for a mean outline
_ROUNDS = 3  # of taking the mean anew, of cases bent to the one before
_LEAST_WEIGHT = 1e-3  # of a node that any case's healthy brain has reached
_GRAIN = 0.5  # root mean square difference of neighbours, in units
_LEAST_UNIT = 0.02  # a region without any grain would divide by zero


class Anatomy(nn.Module):
    """Looks the mean images up at the places that the last three input planes give.

    `shape` counts nodes along z, y and the distance from the middle along x. `outline` is the mean
    brain's, from which places.py tells the place of a voxel. `lesions` is the mean image of each
    tumour region, `units` has what one unit of the network is in the images, for each modality in
    each plane of the masks, and `bends` are the components of bends.py.
    """

    mean: Tensor
    outline: Tensor
    lesions: Tensor
    units: Tensor
    bends: Tensor

    def __init__(self, modalities: int, shape: Shape) -> None:
        super().__init__()
        self.modalities = modalities
        self.register_buffer("mean", torch.zeros(modalities, *shape))
        self.register_buffer("outline", torch.zeros(shape))
        self.register_buffer("lesions", torch.zeros(modalities, MASK_PLANES - 1))
        self.register_buffer("units", torch.ones(modalities, MASK_PLANES))
        # Half the bytes; a bend is rounded to a thousandth of itself.
        bends = torch.zeros(MODES, POSITION_PLANES, *bend_shape(shape), dtype=torch.float16)
        self.register_buffer("bends", bends)

    def forward(self, x: Tensor) -> Tensor:
        """Noisy images and condition (N, C, Z, Y, X) → mean images (N, 4, Z, Y, X); 0 outside."""
        condition = x[:, self.modalities :]
        head = condition[:, :MASK_PLANES].amax(dim=1, keepdim=True)
        return (self._at_places(condition) * head).to(x.dtype)

    def expected(self, condition: Tensor) -> Tensor:
        """Mean images of healthy brain and of tumour regions where a condition (N, C, Z, Y, X) has
        them, else 0; float32.
        """
        masks = condition[:, :MASK_PLANES].float()
        healthy = self._at_places(condition) * masks[:, -1:]
        return healthy + torch.einsum("ml,nlzyx->nmzyx", self.lesions, masks[:, :-1])

    def scale(self, condition: Tensor) -> Tensor:
        """One unit of the network's images in those of a condition: (N, 4, Z, Y, X) float32,
        1 outside the brain.
        """
        masks = condition[:, :MASK_PLANES].float()
        return 1 + torch.einsum("ml,nlzyx->nmzyx", self.units - 1, masks)

    def _at_places(self, condition: Tensor) -> Tensor:
        side, *rest = condition[:, -POSITION_PLANES:].float().unbind(1)
        places = torch.stack([2 * side - 1, *rest], dim=-1)
        means = self.mean.expand(len(condition), *self.mean.shape)
        return functional.grid_sample(means, places, padding_mode="border", align_corners=True)


def brain_in(network: UNet) -> MeanBrain | None:
    """The mean brain that a network was trained with, if it has one."""
    if network.anatomy is None:
        return None
    return MeanBrain(network.anatomy.outline.cpu().numpy(), network.anatomy.mean.cpu().numpy())


def learn_anatomy(
    seen_as: Callable[..., TrainingCases], shape: Shape, on_case: Callable[[], None] = lambda: None
) -> Anatomy:
    """Mean outline, mean images, and bends of training cases.

    Parameters
    ----------
    seen_as
        Gives the cases, seen with the mean `brain` it is given or without places.
    shape
        Nodes along z, y and the distance from the middle along x.
    on_case
        Called as often as a case is looked at; may raise to end it.
    """
    bare = seen_as(kept=1)
    every = max(1, len(bare) // _OUTLINED_CASES)
    heads = (_head(case.condition) for case in _each(bare, on_case, every))
    outline = outline_of(heads, shape)
    brain = MeanBrain(outline)
    for _ in range(_ROUNDS):
        mean = mean_anatomy(_each(seen_as(brain=brain), on_case), shape)
        brain = MeanBrain(outline, mean.numpy())
    return _anatomy(mean, outline, _each(seen_as(brain=brain), on_case))


def _each(
    cases: TrainingCases, on_case: Callable[[], None], every: int = 1
) -> Iterator[TrainingCase]:
    for index in range(0, len(cases), every):
        on_case()
        yield cases[index]


def _anatomy(mean: Tensor, outline: NDArray[np.float32], cases: Iterable[TrainingCase]) -> Anatomy:
    shape = (mean.shape[1], mean.shape[2], mean.shape[3])
    anatomy = Anatomy(len(mean), shape)
    anatomy.mean.copy_(mean)
    anatomy.outline.copy_(torch.from_numpy(outline))
    seen = ((case.bend, _lesion_sums(case), _differences(anatomy, case)) for case in cases)
    bends, sums, differences = zip(*seen, strict=True)
    anatomy.lesions.copy_(torch.from_numpy(_lesion_means(sums)))
    anatomy.units.copy_(torch.from_numpy(_units(differences)))
    anatomy.bends.copy_(torch.from_numpy(modes_of(bends)))
    return anatomy


def _lesion_sums(case: TrainingCase) -> NDArray[np.float64]:
    """Images and 1, summed over each tumour region: (5, 3)."""
    masks = case.condition[: MASK_PLANES - 1].astype(np.float64)
    ones = np.ones_like(case.images[:1])
    values = np.concatenate([case.images, ones]).astype(np.float64)
    sums: NDArray[np.float64] = np.einsum("mzyx,lzyx->ml", values, masks)
    return sums


def _lesion_means(sums: Iterable[NDArray[np.float64]]) -> NDArray[np.float32]:
    """(4, 3); 0 for a region that no case has."""
    total = np.sum(list(sums), axis=0)
    means: NDArray[np.float32] = (total[:-1] / np.maximum(total[-1], 1)).astype(np.float32)
    return means


def _differences(anatomy: Anatomy, case: TrainingCase) -> NDArray[np.float64]:
    """Squared differences of neighbours and 1, summed over each plane of the masks: (5, 4).

    Of the images less the mean anatomy, along all three axes; both voxels are in the plane.
    """
    masks = case.condition[:MASK_PLANES] > 0
    expected = anatomy.expected(torch.from_numpy(case.condition)[None])[0].numpy()
    rest = case.images - expected * masks[-1]
    total = np.zeros((len(rest) + 1, MASK_PLANES))
    for axis in (1, 2, 3):
        squares = np.diff(rest, axis=axis).astype(np.float64) ** 2
        pairs = np.logical_and(*(np.delete(masks, end, axis=axis) for end in (0, -1)))
        both = np.concatenate([squares, np.ones_like(squares[:1])])
        total += np.einsum("mzyx,lzyx->ml", both, pairs.astype(np.float64))
    return total


def _units(differences: Iterable[NDArray[np.float64]]) -> NDArray[np.float32]:
    """One unit of each modality in each plane of the masks, (4, 4), never next to nothing; healthy
    brain's in a region that no case has.
    """
    total = np.sum(list(differences), axis=0)
    units = np.sqrt(total[:-1] / np.maximum(total[-1], 1)) / _GRAIN
    found = np.where(total[-1] > 0, units, units[:, -1:])
    kept: NDArray[np.float32] = np.maximum(found, _LEAST_UNIT).astype(np.float32)
    return kept


def _head(condition: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(C, Z, Y, X) planes → (X, Y, Z)."""
    return np.asarray(condition[:MASK_PLANES].any(axis=0)).T


def mean_anatomy(cases: Iterable[TrainingCase], shape: Shape) -> Tensor:
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
    total = sum((_sums(case, shape) for case in cases), np.zeros(()))
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
