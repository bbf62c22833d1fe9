"""The training loss: soft Dice and cross-entropy. Tensors (N, C, X, Y, Z)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from syntrust_core.ranks.collectives import ALONE, Ranks
from syntrust_core.segmenter_presets import Head
from syntrust_segmenter.network.heads import encode_target

SMOOTH = 1e-5  # of MONAI's DiceLoss: keeps an absent region's term defined


def dice_loss(probabilities: Tensor, target: Tensor, ranks: Ranks = ALONE) -> Tensor:
    r"""Compute 1 - soft Dice, mean over channels; sums run over the whole batch.

    Because the sums run over the batch, a region that one sample lacks counts in the others, on
    whichever rank they are.

    .. math:: 1 - \frac{2\sum p y + s}{\sum p + \sum y + s}

    Milletari et al. 2016, doi:10.1109/3DV.2016.79, with plain sums in the denominator.
    """
    axes = (0, 2, 3, 4)
    overlap = ranks.sum_of_batch((probabilities * target).sum(axes))
    total = ranks.sum_of_batch(probabilities.sum(axes) + target.sum(axes))
    return (1 - (2 * overlap + SMOOTH) / (total + SMOOTH)).mean()


def cross_entropy(log_probabilities: Tensor, target: Tensor) -> Tensor:
    """Compute the mean over voxels of -Σ y log p, in nats."""
    return -(log_probabilities * target).sum(1).mean()


def segmentation_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    head: Head,
    dice_weight: float,
    cross_entropy_weight: float,
    ranks: Ranks = ALONE,
) -> Tensor:
    """Sum Dice and cross-entropy by weight, in float32 whatever the forward pass used.

    The mean of the ranks' losses is that of the whole batch.

    `labels`: Dice over NCR, ED and ET, cross-entropy over them and background. `regions`: Dice and
    binary cross-entropy (mean over voxels and channels) of TC, WT and ET.
    """
    logits, target = logits.float(), encode_target(labels, head)
    if head == "labels":
        log_probabilities = functional.log_softmax(logits, dim=1)
        dice = dice_loss(log_probabilities[:, 1:].exp(), target[:, 1:], ranks)
        entropy = cross_entropy(log_probabilities, target)
    else:
        dice = dice_loss(logits.sigmoid(), target, ranks)
        entropy = functional.binary_cross_entropy_with_logits(logits, target)
    return dice_weight * dice + cross_entropy_weight * entropy
