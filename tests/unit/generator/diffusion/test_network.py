from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from tests.tolerances import of_chain, roundings_of
from torch import Tensor, nn
from torch.nn import functional

from syntrust_generator.diffusion.layers import Conv3d, group_count
from syntrust_generator.diffusion.network import (
    Architecture,
    ResidualBlock,
    UNet,
    activate_in_place,
    build_network,
    channels_last,
)

pytestmark = pytest.mark.numeric


def randomised(network: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.3
    return network.eval()


def image(channels: int, size: int = 4) -> Tensor:
    return torch.randn((1, channels, size, size, size), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("channels", "most", "groups"),
    [(16, 32, 16), (32, 32, 32), (64, 32, 32), (448, 32, 32), (48, 32, 24), (48, 4, 4), (6, 4, 3)],
)
def test_groups_are_the_largest_divisor_up_to_the_most(
    channels: int, most: int, groups: int
) -> None:
    assert group_count(channels, most) == groups


@torch.no_grad()
def test_one_channel_per_group_makes_a_block_blind_to_time_and_fewer_groups_do_not() -> None:
    x, times = image(16), torch.randn((2, 1, 8), generator=torch.Generator().manual_seed(2))

    changes = {}
    for groups in (32, 4):
        block = randomised(ResidualBlock(16, 16, embedding=8, groups=groups))
        changes[groups] = float((block(x, times[0]) - block(x, times[1])).abs().max())

    assert changes[32] < 1e-4
    assert changes[4] > 0.1


@torch.no_grad()
def test_activations_in_place_leave_every_bit_and_the_input_as_they_are() -> None:
    architecture = Architecture(base_channels=8, multipliers=(1, 2), residual_blocks=1, groups=4)
    network, x, t = UNet(architecture), image(8), torch.tensor([100])
    randomised(network)
    expected, before = network(x, t), x.clone()

    found = activate_in_place(network)(x, t)

    assert torch.equal(found, expected)
    assert torch.equal(x, before)
    # The embedding is read by every block, so none may overwrite it.
    silus = [layer for layer in network.modules() if isinstance(layer, nn.SiLU)]
    blocks = [layer for layer in network.modules() if isinstance(layer, ResidualBlock)]
    assert sum(layer.inplace for layer in silus) == 2 * len(blocks) + 1


@torch.no_grad()
def test_memory_layout_and_batch_do_not_change_the_estimate() -> None:
    network = build_network(base_channels=8, multipliers=(1, 2), residual_blocks=1, groups=4)
    randomised(network)
    x, t = image(8, size=8), torch.tensor([7])

    plain = network(x, t)
    pair = network(torch.cat([x, 2 * x]), torch.tensor([7, 9]))
    laid_out = channels_last(network)(x.contiguous(memory_format=torch.channels_last_3d), t)

    bound = of_chain(roundings_of(network.parameters()), float(plain.abs().max()))
    torch.testing.assert_close(pair[:1], plain, atol=bound, rtol=0)
    torch.testing.assert_close(laid_out, plain, atol=bound, rtol=0)


@torch.no_grad()
def test_the_fast_convolutions_agree_with_torchs_own() -> None:
    network = randomised(build_network(base_channels=8, multipliers=(1, 2), residual_blocks=1))
    x, t = image(8, size=8), torch.tensor([7])

    fast = network(x, t)
    with torch.enable_grad():
        slow = network(x, t)

    bound = of_chain(roundings_of(network.parameters()), float(slow.abs().max()))
    torch.testing.assert_close(fast, slow, atol=bound, rtol=0)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"multipliers": ()}, "widths and counts are positive"),
        ({"base_channels": 7}, "base_channels is even"),
        ({"groups": 0}, "widths and counts are positive"),
        ({"heads": 3}, "heads=3 does not divide"),
    ],
)
def test_an_architecture_that_cannot_be_built_is_refused(
    wrong: dict[str, Any], reason: str
) -> None:
    fine: dict[str, Any] = {"base_channels": 8, "multipliers": (1, 2), "residual_blocks": 1}

    with pytest.raises(ValueError, match=reason):
        Architecture(**{**fine, **wrong})


def test_every_level_but_the_first_doubles_the_divisor() -> None:
    architecture = Architecture(base_channels=8, multipliers=(1, 1, 2), residual_blocks=1)

    with torch.device("meta"):
        out = UNet(architecture)(torch.zeros(1, 8, 4, 8, 12), torch.zeros(1))

    assert architecture.divisor == 4
    assert out.shape == (1, 4, 4, 8, 12)


@pytest.mark.parametrize("shape", [(2, 2, 2), (2, 4, 4), (1, 1, 1)])
def test_the_bfloat16_gradient_of_a_thin_input_is_that_of_float32(
    shape: tuple[int, int, int],
) -> None:
    torch.manual_seed(0)
    layer, x = Conv3d(16, 16, kernel_size=3, padding=1), torch.randn(1, 16, *shape)
    plain = functional.conv3d(x, layer.weight, layer.bias, padding=1)
    (expected,) = torch.autograd.grad(plain.square().sum(), layer.weight)

    for _ in range(4):
        torch.full((10**5,), torch.nan)  # what a read of unset memory would find
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = layer(x)
        (gradient,) = torch.autograd.grad(out.float().square().sum(), layer.weight)
        torch.testing.assert_close(gradient, expected)


def test_the_network_module_reads_no_images() -> None:
    code = "import sys, syntrust_generator.diffusion.network; sys.exit('nibabel' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], check=False)

    assert done.returncode == 0
