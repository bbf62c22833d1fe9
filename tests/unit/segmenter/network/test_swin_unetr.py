"""The network's arithmetic under mixed precision."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from syntrust_core.segmenter_presets import TINY
from syntrust_segmenter.network.swin_unetr import autocast, build_network
from syntrust_segmenter.portable.layers import SafeConv3d


@pytest.mark.parametrize("shape", [(2, 2, 2), (2, 4, 4), (1, 1, 1)])
def test_the_bfloat16_gradient_of_a_thin_input_is_that_of_float32(
    shape: tuple[int, int, int],
) -> None:
    torch.manual_seed(0)
    layer, x = SafeConv3d(16, 16, kernel_size=3, padding=1), torch.randn(1, 16, *shape)

    gradients = [weight_gradient(layer, x) for _ in range(4)]

    plain = nn.functional.conv3d(x, layer.weight, layer.bias, padding=1)
    (expected,) = torch.autograd.grad(plain.square().sum(), layer.weight)
    for gradient in gradients:
        torch.testing.assert_close(gradient, expected)


def weight_gradient(layer: SafeConv3d, x: Tensor) -> Tensor:
    """After memory was left full of NaN, which a read of unset memory would find."""
    for count in (10**3, 10**4, 10**5):
        torch.full((count,), torch.nan)
    with autocast("bfloat16", x.device):
        out = layer(x)
    (gradient,) = torch.autograd.grad(out.float().square().sum(), layer.weight)
    return gradient


def test_every_convolution_of_the_network_is_a_safe_one() -> None:
    convolutions = [m for m in build_network(TINY).modules() if isinstance(m, nn.Conv3d)]

    assert convolutions
    assert all(isinstance(layer, SafeConv3d) for layer in convolutions)
