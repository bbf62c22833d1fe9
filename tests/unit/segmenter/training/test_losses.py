from __future__ import annotations

import pytest
import torch
from monai.losses.dice import DiceLoss
from tests.tolerances import of_chain, of_sum
from torch.nn import functional

from syntrust_core.segmenter_presets import Head
from syntrust_segmenter.network.heads import labels_to_regions, one_hot
from syntrust_segmenter.training.losses import cross_entropy, dice_loss, segmentation_loss

pytestmark = pytest.mark.numeric


def _rounding(labels: torch.Tensor) -> float:
    """Of the mean of a loss of about 2 over all voxels, whose softmax is rounded too."""
    return of_chain(labels.numel() + 8, 2)


def _batch() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(2, 4, 5, 6, 7), torch.randint(0, 4, (2, 5, 6, 7), dtype=torch.uint8)


def test_dice_loss_agrees_with_that_of_monai() -> None:
    logits, labels = _batch()
    monai = DiceLoss(
        include_background=False, softmax=True, batch=True, smooth_nr=1e-5, smooth_dr=1e-5
    )

    ours = dice_loss(functional.softmax(logits, 1)[:, 1:], one_hot(labels)[:, 1:])

    assert ours.item() == pytest.approx(
        monai(logits, one_hot(labels)).item(), abs=_rounding(labels)
    )


def test_cross_entropy_agrees_with_that_of_torch() -> None:
    logits, labels = _batch()

    ours = cross_entropy(functional.log_softmax(logits, 1), one_hot(labels))

    assert ours.item() == pytest.approx(
        functional.cross_entropy(logits, labels.long()).item(), abs=_rounding(labels)
    )


def test_the_loss_of_regions_is_that_of_monai_with_sigmoid_and_of_torch() -> None:
    logits, labels = _batch()
    logits, target = logits[:, :3], labels_to_regions(labels).float()
    monai = DiceLoss(sigmoid=True, batch=True, smooth_nr=1e-5, smooth_dr=1e-5)
    entropy = functional.binary_cross_entropy(logits.sigmoid(), target)

    ours = segmentation_loss(logits, labels, head="regions", dice_weight=1, cross_entropy_weight=2)

    expected = monai(logits, target).item() + 2 * entropy.item()
    assert ours.item() == pytest.approx(expected, abs=_rounding(labels))


@pytest.mark.parametrize("head", ["labels", "regions"])
def test_a_perfect_prediction_costs_nothing(head: Head) -> None:
    _, labels = _batch()
    logits = 100 * (
        one_hot(labels) if head == "labels" else 2 * labels_to_regions(labels).float() - 1
    )

    loss = segmentation_loss(logits, labels, head=head, dice_weight=1, cross_entropy_weight=1)

    assert loss.item() == pytest.approx(0, abs=1e-5)


def test_a_region_absent_from_the_batch_and_from_the_prediction_costs_nothing() -> None:
    labels = torch.ones(1, 4, 4, 4, dtype=torch.uint8)

    dice = dice_loss(one_hot(labels)[:, 1:], one_hot(labels)[:, 1:])

    assert dice.item() == pytest.approx(0, abs=1e-5)


def test_the_parts_are_weighted() -> None:
    logits, labels = _batch()
    dice, entropy, both = (
        segmentation_loss(
            logits, labels, head="labels", dice_weight=d, cross_entropy_weight=e
        ).item()
        for d, e in ((1, 0), (0, 1), (2, 3))
    )

    assert both == pytest.approx(2 * dice + 3 * entropy, rel=of_sum(4))


def test_the_loss_is_computed_in_float32_whatever_the_logits_are() -> None:
    logits, labels = _batch()

    loss = segmentation_loss(
        logits.bfloat16(), labels, head="labels", dice_weight=1, cross_entropy_weight=1
    )

    assert loss.dtype == torch.float32
