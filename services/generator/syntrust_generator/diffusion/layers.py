"""Building blocks of the network: a norm and a convolution that are fast on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

THINNEST_BF16 = 3  # voxels along an axis; below it oneDNN's bfloat16 gradient is wrong


def group_count(channels: int, most: int) -> int:
    """The largest divisor of `channels` that is at most `most`."""
    return max(g for g in range(1, min(most, channels) + 1) if channels % g == 0)


class Norm(nn.GroupNorm):
    """Group normalisation, computed in float32 and given back in the working type."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__(group_count(channels, groups), channels)

    def forward(self, x: Tensor) -> Tensor:
        if _is_inference(x):
            # On a CPU the kernel itself reads bfloat16 and sums in float32. Converting first takes
            # 6 % more of a step, and would change the last bits of twins.
            return super().forward(x)
        weight, bias = self.weight.float(), self.bias.float()
        normed = functional.group_norm(x.float(), self.num_groups, weight, bias, self.eps)
        return normed.to(x.dtype)


class Conv3d(nn.Conv3d):
    """A convolution that always uses oneDNN's kernels on a CPU.

    At batch 1 and few channels torch chooses a slower kernel of its own: with the shipped model in
    float32 a step then takes 0.595 instead of 0.449 CPU seconds. Thin inputs are not computed in
    bfloat16, because oneDNN's weight gradient then reads memory that was never written.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not _is_inference(x) or not torch.backends.mkldnn.enabled:
            return self._general(x)
        padding = [size // 2 for size in self.kernel_size]
        return torch.mkldnn_convolution(
            x, self.weight, self.bias, padding, self.stride, self.dilation, 1
        )

    def _general(self, x: Tensor) -> Tensor:
        if x.device.type != "cpu" or min(x.shape[2:]) >= THINNEST_BF16:
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            return super().forward(x.float())


def _is_inference(x: Tensor) -> bool:
    """Whether this is a forward pass on a CPU, without gradients, in the type of `x`."""
    return (
        x.device.type == "cpu"
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()  # which chooses kernels itself
    )


def conv(channels_in: int, channels_out: int, *, stride: int = 1) -> Conv3d:
    return Conv3d(channels_in, channels_out, kernel_size=3, stride=stride, padding=1)


def zero_initialise(module: nn.Conv3d | nn.Conv1d) -> nn.Module:
    """Set a branch's last layer to zero, so that the branch adds nothing before training."""
    nn.init.zeros_(module.weight)
    if module.bias is not None:
        nn.init.zeros_(module.bias)
    return module
