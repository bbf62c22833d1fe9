"""The 3-D U-Net of Med-DDPM: predicts the noise in four MRI modalities, given a label map.

Written from a description of the published model (Dorjsembe et al., IEEE JBHI 28(7), 2024,
doi:10.1109/JBHI.2024.3385504). Parameter names are those of its released checkpoints without the
prefix `denoise_fn.`, so that they load unchanged. Tensors are (N, C, Z, Y, X) in this module.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from syntrust_generator.atlas.atlas import Atlas, MeanBrain
from syntrust_generator.diffusion.layers import Conv3d, Norm, conv, zero_initialise

MAX_PERIOD = 1000.0  # of the timestep embedding; not the 10000 of Vaswani et al.
MAX_GROUPS = 32  # of the released models; fewer for narrow ones, see `Architecture.groups`
EMBEDDING_FACTOR = 4  # width of the time embedding over the base channels


@dataclass(frozen=True)
class Architecture:
    """Everything that decides the names and shapes of a network's parameters.

    `attention_factors` are downsampling factors (1 = full resolution) whose levels have attention.
    `groups` is the most groups that a normalisation has. The released models have 32. A network of
    at most 32 channels would then have one channel per group, and its norms would remove the time
    embedding, which is a constant per channel. Narrow networks therefore need fewer groups.
    `anatomy` is the shape of the network's atlas, if it has one; see `atlas.atlas`.
    """

    base_channels: int
    multipliers: tuple[int, ...]
    residual_blocks: int
    attention_factors: tuple[int, ...] = ()
    middle_attention: bool = True
    heads: int = 1
    in_channels: int = 8
    out_channels: int = 4
    groups: int = MAX_GROUPS
    anatomy: tuple[int, int, int] | None = None

    def __post_init__(self) -> None:
        widths = [self.base_channels * multiplier for multiplier in self.multipliers]
        counts = (
            self.residual_blocks,
            self.heads,
            self.in_channels,
            self.out_channels,
            self.groups,
        )
        if not widths or min(*widths, *counts) < 1 or self.base_channels % 2:
            msg = f"widths and counts are positive and base_channels is even: {self}"
            raise ValueError(msg)
        if any(width % self.heads for width in self.attention_widths):
            msg = f"heads={self.heads} does not divide a width that has attention: {self}"
            raise ValueError(msg)

    @property
    def attention_widths(self) -> tuple[int, ...]:
        """Channel widths of the blocks with attention."""
        widths = [self.base_channels * multiplier for multiplier in self.multipliers]
        levels = [w for i, w in enumerate(widths) if 2**i in self.attention_factors]
        return (*levels, *(widths[-1:] if self.middle_attention else ()))

    @property
    def divisor(self) -> int:
        """Every spatial axis must be a multiple of this many voxels."""
        return int(2 ** (len(self.multipliers) - 1))


BRATS = Architecture(base_channels=64, multipliers=(1, 1, 2, 3, 4), residual_blocks=2)
"""The released four-modality model. Its configured attention resolution matches no level."""

WHOLE_HEAD = Architecture(
    base_channels=64,
    multipliers=(1, 1, 2, 3, 4),
    residual_blocks=1,
    attention_factors=(8,),
    in_channels=3,
    out_channels=1,
)


def build_network(  # noqa: PLR0917 - the published signature
    base_channels: int,
    multipliers: Sequence[int],
    residual_blocks: int,
    attention_factors: Sequence[int] = (),
    middle_attention: bool = True,  # noqa: FBT001
    heads: int = 1,
    in_channels: int = 8,
    out_channels: int = 4,
    groups: int = MAX_GROUPS,
    anatomy: tuple[int, int, int] | None = None,
) -> UNet:
    """A network with fresh weights from torch's default generator; see `Architecture`."""
    return UNet(
        Architecture(
            base_channels=base_channels,
            multipliers=tuple(multipliers),
            residual_blocks=residual_blocks,
            attention_factors=tuple(attention_factors),
            middle_attention=middle_attention,
            heads=heads,
            in_channels=in_channels,
            out_channels=out_channels,
            groups=groups,
            anatomy=anatomy,
        )
    )


def channels_last(network: UNet) -> UNet:
    """Lay the weights of a network out for the fast convolution kernels; returns the network."""
    for parameter in network.parameters():
        if parameter.dim() == 5:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last_3d)
    return network


def bfloat16_convolutions(network: UNet) -> UNet:
    """The same network, inference only, with everything that costs time in bfloat16.

    Norms sum in float32 and time embeddings stay there. Faster than autocast, which converts every
    weight and many activations anew at each call.
    """
    for module in network.modules():
        if isinstance(module, (nn.Conv3d, nn.Conv1d)):
            module.to(torch.bfloat16)
    return network


def activate_in_place(network: UNet) -> UNet:
    """The same network, inference only, whose activations overwrite the norm before them.

    Nothing else reads that norm's result, so no number changes.
    """
    for module in network.modules():
        if isinstance(module, nn.Sequential):
            for before, after in pairwise(module):
                if isinstance(before, Norm) and isinstance(after, nn.SiLU):
                    after.inplace = True
    return network


def timestep_embedding(t: Tensor, dim: int) -> Tensor:
    """Sinusoids of the raw step index, cosines first.

    With half = dim / 2 and f_k = exp(-ln(1000) k / half): [cos(t f_k)] and then
    [sin(t f_k)], k = 0..half-1.

    Parameters
    ----------
    t : (N,) integer or float tensor; 0..T-1, not rescaled.
    dim : even number of features.

    Returns
    -------
    (N, dim) float32
    """
    half = dim // 2
    steps = torch.arange(half, dtype=torch.float32, device=t.device)
    angles = t.float()[:, None] * torch.exp(-math.log(MAX_PERIOD) * steps / half)[None]
    return torch.cat([torch.cos(angles), torch.sin(angles)], dim=-1)


class ResidualBlock(nn.Module):
    """x + conv(norm(conv(norm(x)) + projected time embedding)); no scale-shift."""

    def __init__(self, channels_in: int, channels_out: int, embedding: int, groups: int) -> None:
        super().__init__()
        self.in_layers = nn.Sequential(
            Norm(channels_in, groups), nn.SiLU(), conv(channels_in, channels_out)
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(embedding, channels_out))
        # The identity keeps the place of a dropout of rate 0, hence the parameter names.
        self.out_layers = nn.Sequential(
            Norm(channels_out, groups),
            nn.SiLU(),
            nn.Identity(),
            zero_initialise(conv(channels_out, channels_out)),
        )
        self.skip_connection: nn.Module = (
            nn.Identity()
            if channels_in == channels_out
            else Conv3d(channels_in, channels_out, kernel_size=1)
        )

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        h = self.in_layers(x)
        h = h + self.emb_layers(embedding)[:, :, None, None, None].to(h.dtype)
        skip: Tensor = self.skip_connection(x)
        change: Tensor = self.out_layers(h)
        return skip + change


class Attention(nn.Module):
    """Self-attention over all voxels of a level, added to its un-normalised input."""

    def __init__(self, channels: int, heads: int, groups: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = Norm(channels, groups)
        self.qkv = nn.Conv1d(channels, 3 * channels, kernel_size=1)
        self.proj_out = zero_initialise(nn.Conv1d(channels, channels, kernel_size=1))

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        del embedding
        tokens = x.flatten(2)  # (N, C, Z*Y*X)
        mixed = self._attend(self.qkv(self.norm(tokens)))
        out: Tensor = self.proj_out(mixed)
        attended = tokens + out
        return attended.reshape(x.shape)

    def _attend(self, qkv: Tensor) -> Tensor:
        """(N, 3C, tokens) → (N, C, tokens); heads outermost, then q, k, v within each head."""
        batch, width, count = qkv.shape
        q, k, v = qkv.reshape(batch * self.heads, width // self.heads, count).chunk(3, dim=1)
        scale = q.shape[1] ** -0.25
        weights = torch.einsum("bct,bcs->bts", q * scale, k * scale)
        weights = torch.softmax(weights.float(), dim=-1).to(v.dtype)
        return torch.einsum("bts,bcs->bct", weights, v).reshape(batch, width // 3, count)


class Downsample(nn.Module):
    """Halve every axis."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.op = conv(channels, channels, stride=2)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        del embedding
        out: Tensor = self.op(x)
        return out


class Upsample(nn.Module):
    """Double every axis, trilinear, then one convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = conv(channels, channels)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        del embedding
        doubled = functional.interpolate(x, scale_factor=2, mode="trilinear", align_corners=False)
        out: Tensor = self.conv(doubled)
        return out


class Stem(Conv3d):
    """The first convolution, called like every other layer."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(channels_in, channels_out, kernel_size=3, padding=1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:  # type: ignore[override]
        del embedding
        return super().forward(x)


class Stage(nn.Sequential):
    """Layers in a row that all see the time embedding."""

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:  # type: ignore[override]
        for layer in self:
            x = layer(x, embedding)
        return x


class UNet(nn.Module):
    """eps(x_t, condition, t). Use `build_network`."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        a = self.architecture = architecture
        widths = [a.base_channels * multiplier for multiplier in a.multipliers]
        self.embedding_width = EMBEDDING_FACTOR * a.base_channels
        self.time_embed = nn.Sequential(
            nn.Linear(a.base_channels, self.embedding_width),
            nn.SiLU(),
            nn.Linear(self.embedding_width, self.embedding_width),
        )
        # Published models hold its buffers as `anatomy.…`, hence the attribute's name.
        self.anatomy = None if a.anatomy is None else Atlas(a.out_channels, a.anatomy)
        self.input_blocks, skips = self._encoder(widths)
        self.middle_block = self._middle(widths[-1])
        self.output_blocks = self._decoder(widths, skips)
        self.out = nn.Sequential(
            Norm(widths[0], a.groups), nn.SiLU(), zero_initialise(conv(widths[0], a.out_channels))
        )

    @property
    def atlas(self) -> Atlas | None:
        """The network's atlas; None if its card has no `anatomy`."""
        return self.anatomy

    def mean_brain(self) -> MeanBrain | None:
        """The brain that heads are registered to, if the network has an atlas."""
        return None if self.atlas is None else self.atlas.mean_brain()

    def _layers(self, channels_in: int, channels_out: int, level: int) -> list[nn.Module]:
        block = self._residual(channels_in, channels_out)
        if 2**level in self.architecture.attention_factors:
            return [block, self._attention(channels_out)]
        return [block]

    def _residual(self, channels_in: int, channels_out: int) -> ResidualBlock:
        groups = self.architecture.groups
        return ResidualBlock(channels_in, channels_out, self.embedding_width, groups)

    def _attention(self, channels: int) -> Attention:
        return Attention(channels, self.architecture.heads, self.architecture.groups)

    def _encoder(self, widths: list[int]) -> tuple[nn.ModuleList, list[int]]:
        """The stages going down, and the width each leaves on the skip stack."""
        h = self.architecture.base_channels
        atlas_channels = 0 if self.architecture.anatomy is None else self.architecture.out_channels
        stages, skips = [Stage(Stem(self.architecture.in_channels + atlas_channels, h))], [h]
        for level, width in enumerate(widths):
            for _ in range(self.architecture.residual_blocks):
                stages.append(Stage(*self._layers(h, width, level)))
                skips.append(h := width)
            if level < len(widths) - 1:
                stages.append(Stage(Downsample(h)))
                skips.append(h)
        return nn.ModuleList(stages), skips

    def _middle(self, width: int) -> Stage:
        first, last = self._residual(width, width), self._residual(width, width)
        if not self.architecture.middle_attention:
            return Stage(first, last)
        return Stage(first, self._attention(width), last)

    def _decoder(self, widths: list[int], skips: list[int]) -> nn.ModuleList:
        stages, h, waiting = [], widths[-1], list(skips)
        for level, width in reversed(list(enumerate(widths))):
            for i in range(self.architecture.residual_blocks + 1):
                layers = self._layers(h + waiting.pop(), width, level)
                if level > 0 and i == self.architecture.residual_blocks:
                    layers.append(Upsample(width))
                stages.append(Stage(*layers))
                h = width
        return nn.ModuleList(stages)

    def embed(self, t: Tensor) -> Tensor:
        """(N,) raw steps → (N, 4 base channels) time embeddings; reusable for equal steps."""
        out: Tensor = self.time_embed(timestep_embedding(t, self.architecture.base_channels))
        return out

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Predicted noise.

        Parameters
        ----------
        x : (N, in_channels, Z, Y, X); noisy image first, then the condition planes.
        t : (N,) raw steps 0..T-1.

        Returns
        -------
        (N, out_channels, Z, Y, X)
        """
        return self.predict(self.add_atlas(x), self.embed(t))

    def add_atlas(self, x: Tensor) -> Tensor:
        """The input of `forward` with the atlas's images behind it, if the network has an atlas.

        They depend on the condition alone, so they are the same in all steps.
        """
        return x if self.atlas is None else torch.cat([x, self.atlas(x)], dim=1)

    def predict(self, x: Tensor, embedding: Tensor) -> Tensor:
        """`forward` of what `add_atlas` gives, with an embedding from `embed`.

        The embedding is (N, …), or (1, …) if all have the same step.
        """
        h, skips = x, []
        for stage in self.input_blocks:
            h = stage(h, embedding)
            skips.append(h)
        h = self.middle_block(h, embedding)
        for stage in self.output_blocks:
            h = stage(torch.cat([h, skips.pop()], dim=1), embedding)
        out: Tensor = self.out(h)
        return out
