"""A convolution that avoids a fault of oneDNN in bfloat16."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SafeConv3d(nn.Conv3d):
    """A convolution that uses float32 where oneDNN's bfloat16 weight gradient is wrong.

    With fewer than 3 voxels along an axis, that kernel reads uninitialised memory: the gradient
    differs between runs and is at times NaN (torch 2.13.0, CPUs with avx512_bf16).
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        if input.device.type != "cpu" or min(input.shape[2:]) >= 3:
            return super().forward(input)
        with torch.autocast("cpu", enabled=False):
            return super().forward(input.float())


def use_safe_convolutions(network: nn.Module) -> nn.Module:
    """Make every convolution of a network a `SafeConv3d`; the weights stay."""
    for module in network.modules():
        if type(module) is nn.Conv3d:
            module.__class__ = SafeConv3d  # keeps names, weights and the random state
    return network
