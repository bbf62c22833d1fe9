"""Denoising as one writes it first: torch's defaults, contiguous float32, one case at a time.

What the generator's speed is compared with. It has the same network and the same answer.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from syntrust_generator.diffusion.network import UNet
from syntrust_generator.diffusion.samplers import Denoiser


def plain_network(network: UNet) -> UNet:
    """A contiguous float32 copy that nothing has laid out for speed."""
    copy = UNet(network.architecture)
    copy.load_state_dict({key: value.contiguous() for key, value in network.state_dict().items()})
    return copy.eval().requires_grad_(requires_grad=False)


def plain_denoiser(network: UNet, planes: NDArray[np.float32]) -> Denoiser:
    """The noise estimate of a network that predicts noise, or what it predicts instead."""
    condition = torch.from_numpy(planes)[None]

    def estimate(x: Tensor, t: int) -> Tensor:
        # With gradients on, every layer is torch's own; as nothing requires one, none is kept.
        with torch.enable_grad():
            output: Tensor = network(torch.cat([x, condition], dim=1), torch.tensor([t]))
        return output

    return estimate
