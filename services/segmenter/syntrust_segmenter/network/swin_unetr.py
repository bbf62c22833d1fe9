"""SwinUNETR as this platform builds it. Tensors are (N, C, X, Y, Z)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager

import torch
from monai.networks.nets.swin_unetr import SwinUNETR
from torch import Tensor, nn

from syntrust_core.contracts.vocabulary import MODALITIES, SegmenterPrecision
from syntrust_core.segmenter_presets import SegmenterConfig
from syntrust_segmenter.network.heads import bias_from_priors, count_channels
from syntrust_segmenter.network.unshifted_stage import skip_unread_masks
from syntrust_segmenter.portable.layers import use_safe_convolutions

CHANNELS = len(MODALITIES)
GROUPS = 4  # divides feature_size, which is a multiple of 12


def build_network(config: SegmenterConfig, *, priors: tuple[float, ...] | None = None) -> nn.Module:
    """Build a SwinUNETR, initialised from torch's global generator.

    `priors` are the shares of the four classes; they set the last layer's bias.
    """
    network = SwinUNETR(
        in_channels=CHANNELS,
        out_channels=count_channels(config.head),
        feature_size=config.feature_size,
        depths=config.depths,
        num_heads=config.heads,
        window_size=config.window,
        norm_name=monai_norm(config),
        use_checkpoint=config.gradient_checkpointing,
    )
    skip_unread_masks(use_safe_convolutions(network))
    if priors is not None:
        with torch.no_grad():
            network.out.conv.conv.bias.copy_(bias_from_priors(priors, config.head))
    return network


def monai_norm(config: SegmenterConfig) -> str | tuple[str, dict[str, int]]:
    """Name the normalisation as MONAI does."""
    return ("group", {"num_groups": GROUPS}) if config.norm == "group" else config.norm


def autocast(precision: SegmenterPrecision, device: torch.device) -> AbstractContextManager[None]:
    """Return the context in which forward passes compute."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def weights_digest(weights: Mapping[str, Tensor]) -> str:
    """Compute SHA-256 over names, types, shapes and little-endian bytes, by name."""
    sha = hashlib.sha256()
    for name in sorted(weights):
        tensor = weights[name].detach().cpu().contiguous()
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        array = tensor.numpy()
        sha.update(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
    return sha.hexdigest()
