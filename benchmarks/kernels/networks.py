"""The networks that `bench_kernels.py` measures, each with the inputs of one call."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from benchmarks.kernels.variants import Precision
from torch import Tensor, nn

from syntrust_core.segmenter_presets import TINY
from syntrust_generator.checkpoints.store import find_shipped_model, load_model
from syntrust_generator.diffusion.network import (
    BRATS,
    UNet,
    activate_in_place,
    bfloat16_convolutions,
    channels_last,
)
from syntrust_segmenter.network.swin_unetr import autocast, build_network
from syntrust_segmenter.training.checkpoints import TrainingState
from syntrust_segmenter.training.loop import train_step
from syntrust_segmenter.training.sampling import Sample

CPU, STEP = torch.device("cpu"), 100
TINY_SHAPE, MED_SHAPE = (48, 64, 48), (48, 64, 64)  # z, y, x
SEGMENTER_PRECISION = {"fp32": "float32", "bf16": "bfloat16"}
PRIORS = (0.9, 0.03, 0.04, 0.03)


class Estimate(nn.Module):
    """One estimate of noise, of inputs that have the atlas's planes already."""

    def __init__(self, network: UNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        return self.network.predict(x, embedding)


@dataclass(frozen=True)
class Generator:
    """A generator's network and the inputs of one denoising step."""

    network: UNet
    inputs: tuple[Tensor, Tensor]

    def place(self, precision: Precision) -> tuple[Estimate, tuple[Tensor, Tensor]]:
        """Lay it out as the platform's engine does."""
        network = copy.deepcopy(self.network)
        x, embedding = self.inputs
        if precision == "bf16":
            network, x = bfloat16_convolutions(network), x.bfloat16()
        placed = channels_last(activate_in_place(network))
        return Estimate(placed).eval(), (
            x.contiguous(memory_format=torch.channels_last_3d),
            embedding,
        )

    def contiguous(self) -> tuple[Estimate, tuple[Tensor, Tensor]]:
        return Estimate(copy.deepcopy(self.network)).eval(), self.inputs


def make_generator(name: str) -> Generator:
    """`tiny` as shipped, or Med-DDPM's architecture with random weights."""
    torch.manual_seed(0)
    if name == "tiny":
        network, shape = load_model(find_shipped_model("tiny")).network, TINY_SHAPE
    else:
        network, shape = UNet(BRATS), MED_SHAPE
        for parameter in network.parameters():
            nn.init.normal_(parameter, std=0.03)
    network.eval().requires_grad_(requires_grad=False)
    x = network.add_atlas(torch.randn(1, network.architecture.in_channels, *shape))
    return Generator(network, (x, network.embed(torch.tensor([STEP]))))


def make_segmenter() -> tuple[nn.Module, Tensor]:
    """`tiny` with fresh weights, as a worker predicts with it, and one window."""
    torch.manual_seed(0)
    network = build_network(TINY, priors=PRIORS).eval()
    network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]  # no stub
    return network, torch.randn(1, 4, *TINY.inference_roi)


def without_safety(network: nn.Module) -> nn.Module:
    """A copy with torch's own convolutions: float32 alone needs no `SafeConv3d`."""
    plain = copy.deepcopy(network)
    for module in plain.modules():
        if isinstance(module, nn.Conv3d):
            module.__class__ = nn.Conv3d
    return plain


def predict(network: Callable[[Tensor], Tensor], window: Tensor, precision: Precision) -> Tensor:
    with autocast(SEGMENTER_PRECISION[precision], CPU):  # type: ignore[arg-type]
        return network(window)


def make_iteration(precision: Precision, *, compile_network: bool) -> Callable[[], Tensor]:
    """One training iteration of `tiny`: forward, loss, backward, optimiser; returns the loss."""
    torch.manual_seed(0)
    network = build_network(TINY, priors=PRIORS)
    network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]  # no stub
    optimizer = torch.optim.AdamW(network.parameters(), lr=TINY.learning_rate, fused=True)
    used = torch.compile(network, dynamic=False) if compile_network else network
    state = TrainingState(used, optimizer, SEGMENTER_PRECISION[precision], average=None)  # type: ignore[arg-type]
    images = torch.randn(TINY.batch, 4, *TINY.patch)
    sample = Sample(images, torch.randint(0, 4, (TINY.batch, *TINY.patch), dtype=torch.uint8))
    return lambda: torch.tensor(train_step(state, sample, TINY, CPU)[0])
