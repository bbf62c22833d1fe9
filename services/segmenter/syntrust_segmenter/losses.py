"""The training loss: soft Dice and cross-entropy on one-hot targets. Tensors (N, C, X, Y, Z)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from syntrust_segmenter.network import CLASSES

SMOOTH = 1e-5  # of MONAI's DiceLoss: keeps an absent region's term defined


def one_hot(labels: Tensor) -> Tensor:
    """Labels (N, X, Y, Z) of 0..3 as float32 (N, 4, X, Y, Z).

    Targets are one-hot because the gradient of cross-entropy with class indices is not
    deterministic on a GPU.
    """
    return torch.stack([labels == value for value in range(CLASSES)], dim=1).float()


def dice_loss(log_probabilities: Tensor, target: Tensor) -> Tensor:
    r"""1 - soft Dice, mean over NCR, ED and ET; sums run over the whole batch.

    Summing over the batch makes a region that one sample lacks count through the others.

    .. math:: 1 - \frac{2\sum p y + s}{\sum p + \sum y + s}

    Milletari et al. 2016, doi:10.1109/3DV.2016.79, with plain sums in the denominator.
    """
    probabilities = log_probabilities[:, 1:].exp()
    foreground = target[:, 1:]
    axes = (0, 2, 3, 4)
    overlap = (probabilities * foreground).sum(axes)
    total = probabilities.sum(axes) + foreground.sum(axes)
    return (1 - (2 * overlap + SMOOTH) / (total + SMOOTH)).mean()


def cross_entropy(log_probabilities: Tensor, target: Tensor) -> Tensor:
    """Mean over voxels of -Σ y log p, in nats."""
    return -(log_probabilities * target).sum(1).mean()


def segmentation_loss(
    logits: Tensor, labels: Tensor, *, dice_weight: float, cross_entropy_weight: float
) -> Tensor:
    """Weighted sum of the two, in float32 whatever the forward pass was computed in."""
    log_probabilities = functional.log_softmax(logits.float(), dim=1)
    target = one_hot(labels)
    dice = dice_loss(log_probabilities, target)
    return dice_weight * dice + cross_entropy_weight * cross_entropy(log_probabilities, target)
