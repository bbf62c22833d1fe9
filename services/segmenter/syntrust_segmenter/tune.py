"""Measure in which precision this machine trains fastest.

The shapes are those of a preset: an iteration, forward and backward, on a batch of its patches.
The optimiser computes in float32 in any case.
Predictions follow the precision of their model's training.
"""

from __future__ import annotations

from typing import Final, get_args

import torch
from torch import nn

from syntrust_core.contracts.vocabulary import MODALITIES, SegmenterPrecision
from syntrust_core.precision.tuning import Limits, Step, Tuning, Work, conclude, measure
from syntrust_core.segmenter_presets import DIVISOR, SegmenterConfig
from syntrust_segmenter.compute import reproducible
from syntrust_segmenter.network.heads import CLASSES
from syntrust_segmenter.network.swin_unetr import autocast, build_network
from syntrust_segmenter.training.losses import segmentation_loss
from syntrust_segmenter.training.sampling import Sample

SETTING: Final = "SYNTRUST_GATEWAY__SEGMENTER_PRECISION"
PRECISIONS: Final[tuple[SegmenterPrecision, ...]] = get_args(SegmenterPrecision)
_SMALL_PATCH: Final = (2 * DIVISOR, DIVISOR, DIVISOR)  # the least that has an instance norm


def tune_segmenter(
    config: SegmenterConfig, *, threads: int, device: torch.device, limits: Limits | None = None
) -> Tuning:
    """Measure an iteration of a config, and choose the precision of an installation."""
    with reproducible(threads, deterministic=config.deterministic):
        timings = measure([_make_work(config, device)], limits)
    return conclude(timings, setting=SETTING, threads=threads, device=device)


def _make_work(config: SegmenterConfig, device: torch.device) -> Work:
    network = build_network(config).to(device)
    network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]  # no stub
    sides = "x".join(map(str, config.patch))
    return Work(
        f"one training iteration of {config.preset} at {config.batch} x {sides}",
        _make_iterations(network, config, device, _make_sample(config.batch, config.patch)),
        _make_iterations(network, config, device, _make_sample(1, _SMALL_PATCH)),
    )


def _make_sample(count: int, patch: tuple[int, int, int]) -> Sample:
    chance = torch.Generator().manual_seed(0)
    images = torch.randn((count, len(MODALITIES), *patch), generator=chance)
    labels = torch.randint(CLASSES, (count, *patch), generator=chance, dtype=torch.uint8)
    return Sample(images, labels)


def _make_iterations(
    network: nn.Module, config: SegmenterConfig, device: torch.device, sample: Sample
) -> dict[str, Step]:
    images = sample.images.to(device, memory_format=torch.channels_last_3d)
    labels = sample.labels.to(device)

    def make(precision: SegmenterPrecision) -> Step:
        def iterate() -> float:
            network.zero_grad(set_to_none=True)
            with autocast(precision, device):
                logits = network(images)
            loss = segmentation_loss(
                logits,
                labels,
                head=config.head,
                dice_weight=config.dice_weight,
                cross_entropy_weight=config.cross_entropy_weight,
            )
            loss.backward()  # type: ignore[no-untyped-call]
            return loss.item()  # waits for a GPU

        return iterate

    return {precision: make(precision) for precision in PRECISIONS}
