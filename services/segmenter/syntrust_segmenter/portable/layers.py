"""A convolution that keeps clear of what oneDNN gets wrong in bfloat16."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SafeConv3d(nn.Conv3d):
    """A convolution that leaves bfloat16 where oneDNN's weight gradient is wrong.

    With fewer than 3 voxels along an axis that kernel reads memory that nobody wrote: the gradient
    differs between runs and is at times NaN (torch 2.13.0, CPUs with avx512_bf16).
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        if input.device.type != "cpu" or min(input.shape[2:]) >= 3:
            return super().forward(input)
        with torch.autocast("cpu", enabled=False):
            return super().forward(input.float())


def use_safe_convolutions(network: nn.Module) -> nn.Module:
    """The same network, with the same weights, in which every convolution is a safe one."""
    for module in network.modules():
        if type(module) is nn.Conv3d:
            module.__class__ = SafeConv3d  # keeps names, weights and the random state
    return network
