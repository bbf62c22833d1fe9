"""What the network is built of: a norm and a convolution that take the fast way on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

THINNEST_BF16 = 3  # voxels along an axis; below it oneDNN's bfloat16 gradient is wrong


def group_count(channels: int, most: int) -> int:
    """The largest divisor of `channels` up to `most`; min(most, channels) where that divides it."""
    return max(g for g in range(1, min(most, channels) + 1) if channels % g == 0)


class Norm(nn.GroupNorm):
    """Group normalisation, computed in float32 and given back in the working type."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__(group_count(channels, groups), channels)

    def forward(self, x: Tensor) -> Tensor:
        if _is_inference(x):
            # On a CPU the kernel itself reads bfloat16 and sums in float32.
            return super().forward(x)
        weight, bias = self.weight.float(), self.bias.float()
        normed = functional.group_norm(x.float(), self.num_groups, weight, bias, self.eps)
        return normed.to(x.dtype)


class Conv3d(nn.Conv3d):
    """A convolution that takes oneDNN's kernels on a CPU whatever the size of its input.

    Torch's own choice falls back to a loop ten times slower at batch 1 and few channels. Thin
    inputs leave bfloat16: oneDNN's weight gradient then reads memory that nobody wrote.
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
    """Whether nothing but the values of a CPU's forward pass in the type of `x` is wanted."""
    return (
        x.device.type == "cpu"
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()  # which chooses kernels itself
    )


def conv(channels_in: int, channels_out: int, *, stride: int = 1) -> Conv3d:
    return Conv3d(channels_in, channels_out, kernel_size=3, stride=stride, padding=1)


def zero_initialise(module: nn.Conv3d | nn.Conv1d) -> nn.Module:
    """A branch that starts as nothing: its last layer is zero until training moves it."""
    nn.init.zeros_(module.weight)
    if module.bias is not None:
        nn.init.zeros_(module.bias)
    return module
