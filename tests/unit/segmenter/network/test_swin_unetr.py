"""The network's arithmetic under mixed precision."""

from __future__ import annotations

import pytest
import torch
from monai.networks.nets.swin_unetr import BasicLayer
from torch import Tensor, nn

from syntrust_core.segmenter_presets import TINY
from syntrust_segmenter.network.swin_unetr import autocast, build_network
from syntrust_segmenter.network.unshifted_stage import UnshiftedStage
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


@pytest.mark.numeric
@pytest.mark.parametrize("stride", [1, 2])
def test_a_float32_prediction_avoids_the_slow_kernel_and_has_the_convolution_of_float64(
    stride: int,
) -> None:
    torch.manual_seed(0)
    layer = SafeConv3d(4, 12, kernel_size=3, stride=stride, padding=1)
    x = torch.randn(1, 4, 16, 16, 16)

    with torch.no_grad(), torch.profiler.profile() as ours:
        found = layer(x)

    assert "aten::slow_conv3d_forward" not in {event.key for event in ours.key_averages()}
    expected = layer.double()(x.double())
    # Each value is a sum of 108 products.
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=108 * 1e-7)


def test_a_stage_without_a_mask_leaves_every_bit_of_output_and_gradients() -> None:
    torch.manual_seed(0)
    lean, plain = build_network(TINY), build_network(TINY)
    plain.load_state_dict(lean.state_dict())
    images = torch.randn(2, 4, 64, 32, 32)
    for module in plain.modules():
        if isinstance(module, UnshiftedStage):
            module.__class__ = BasicLayer  # type: ignore[assignment]  # back to its base

    found, expected = output_and_gradients(lean, images), output_and_gradients(plain, images)

    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def output_and_gradients(network: nn.Module, images: Tensor) -> list[Tensor]:
    with autocast("bfloat16", images.device):
        out = network(images)
    loss = out.float().square().mean()
    return [out, *torch.autograd.grad(loss, list(network.parameters()))]


def test_only_stages_without_shifted_windows_go_without_a_mask() -> None:
    deep = build_network(TINY.model_copy(update={"depths": (1, 2, 1, 1)}))

    stages = [module for module in deep.modules() if isinstance(module, BasicLayer)]

    assert [type(stage) is UnshiftedStage for stage in stages] == [True, False, True, True]
