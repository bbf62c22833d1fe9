"""A convolution that avoids a fault of oneDNN in bfloat16, and a slow kernel in float32."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SafeConv3d(nn.Conv3d):
    """A convolution that uses float32 where oneDNN's bfloat16 weight gradient is wrong.

    With fewer than 3 voxels along an axis, that kernel reads uninitialised memory: the gradient
    differs between runs and is at times NaN (torch 2.13.0, CPUs with avx512_bf16).

    A prediction in float32 always uses oneDNN. For one sample of few channels torch chooses a
    kernel of its own, with which a window of `tiny` takes 1.8 times as long.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        if _is_float32_inference(input) and not isinstance(self.padding, str):
            return torch.mkldnn_convolution(
                input,
                self.weight,
                self.bias,
                self.padding,
                self.stride,
                self.dilation,
                self.groups,
            )
        if input.device.type != "cpu" or min(input.shape[2:]) >= 3:
            return super().forward(input)
        with torch.autocast("cpu", enabled=False):
            return super().forward(input.float())


def _is_float32_inference(x: Tensor) -> bool:
    """Whether this is a forward pass on a CPU, without gradients, in float32 throughout."""
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and bool(torch.backends.mkldnn.enabled)
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
    )


def use_safe_convolutions(network: nn.Module) -> nn.Module:
    """Make every convolution of a network a `SafeConv3d`; the weights stay."""
    for module in network.modules():
        if type(module) is nn.Conv3d:
            module.__class__ = SafeConv3d  # keeps names, weights and the random state
    return network
