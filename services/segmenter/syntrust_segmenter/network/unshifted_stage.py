"""A stage of MONAI's SwinUNETR without work whose result nobody reads. No bit changes."""

from __future__ import annotations

from einops import rearrange
from monai.networks.nets.swin_unetr import BasicLayer
from torch import Tensor, nn


class UnshiftedStage(BasicLayer):
    """A stage of one block, whose windows are not shifted: it needs no mask of its windows."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, X, Y, Z) → (N, 2C, X/2, Y/2, Z/2)."""
        x = rearrange(x, "n c x y z -> n x y z c")
        for block in self.blocks:
            x = block(x, None)
        if self.downsample is not None:
            x = self.downsample(x)
        out: Tensor = rearrange(x, "n x y z c -> n c x y z")
        return out


def skip_unread_masks(network: nn.Module) -> nn.Module:
    """Make every stage of one block an `UnshiftedStage`; names and weights stay."""
    for module in network.modules():
        if type(module) is BasicLayer and module.depth == 1 and not module.use_hyena:
            module.__class__ = UnshiftedStage
    return network
