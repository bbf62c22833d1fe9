"""A MONAI pipeline for BraTS as its tutorials write it, to measure the segmenter against.

LoadImage, NormalizeIntensity over non-zero voxels, a random crop, mirroring, intensity changes;
`Dataset` or `CacheDataset`; SwinUNETR in float32, DiceCELoss, AdamW; `sliding_window_inference`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from monai.data.dataloader import DataLoader
from monai.data.dataset import CacheDataset, Dataset
from monai.inferers.utils import sliding_window_inference
from monai.losses.dice import DiceCELoss
from monai.networks.nets.swin_unetr import SwinUNETR
from monai.transforms.compose import Compose
from monai.transforms.croppad.dictionary import RandCropByLabelClassesd
from monai.transforms.intensity.dictionary import (
    NormalizeIntensityd,
    RandScaleIntensityd,
    RandShiftIntensityd,
)
from monai.transforms.io.dictionary import LoadImaged
from monai.transforms.spatial.dictionary import Orientationd, RandFlipd
from monai.transforms.utility.dictionary import ConcatItemsd, DeleteItemsd
from torch import Tensor, nn

from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.segmenter_presets import SegmenterConfig

KEYS = ("image", "label")
ORIENTATION_LABELS = (("L", "R"), ("P", "A"), ("I", "S"))


def reading() -> list[Any]:
    """The part of the pipeline that is the same for every sample of a case."""
    files = [*MODALITIES, "label"]
    return [
        LoadImaged(files, ensure_channel_first=True),
        Orientationd(files, axcodes="LPS", labels=ORIENTATION_LABELS),
        ConcatItemsd(list(MODALITIES), "image"),
        DeleteItemsd(list(MODALITIES)),
        NormalizeIntensityd("image", nonzero=True, channel_wise=True),
    ]


def drawing(config: SegmenterConfig) -> list[Any]:
    """The part that differs between samples."""
    return [
        RandCropByLabelClassesd(
            KEYS, "label", config.patch, ratios=[1, 1, 1, 1], num_classes=4, warn=False
        ),
        *(RandFlipd(KEYS, 0.5, axis) for axis in range(3)),
        RandScaleIntensityd("image", 0.1, prob=1.0),
        RandShiftIntensityd("image", 0.1, prob=1.0),
    ]


def item(folder: Path) -> dict[str, str]:
    files: dict[str, str] = {name: str(folder / f"{name}.nii.gz") for name in MODALITIES}
    return files | {"label": str(folder / "labels.nii.gz")}


def image(folder: Path) -> Tensor:
    """A whole case as the network was trained to see it, (1, 4, X, Y, Z)."""
    read: Tensor = Compose(reading())(item(folder))["image"].as_tensor()
    return read[None]


def dataset(folders: Sequence[Path], config: SegmenterConfig, *, cached: bool) -> Dataset:
    items = [item(folder) for folder in folders]
    whole = Compose([*reading(), *drawing(config)])
    if cached:
        return CacheDataset(items, whole, progress=False)
    return Dataset(items, whole)


def endless(data: Dataset, batch: int) -> Iterator[Any]:
    while True:
        for drawn in DataLoader(data, batch_size=batch, shuffle=True):
            # The crop gives a list of one sample per case.
            yield {key: torch.cat([item[key] for item in [drawn]]) for key in KEYS}


def network(config: SegmenterConfig) -> SwinUNETR:
    torch.manual_seed(0)
    return SwinUNETR(
        in_channels=len(MODALITIES),
        out_channels=4,
        feature_size=config.feature_size,
        depths=config.depths,
        num_heads=config.heads,
        window_size=config.window,
    )


class Trainer:
    """One optimisation step after another, in float32."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model.train()
        self.loss = DiceCELoss(to_onehot_y=True, softmax=True)
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=1e-5)

    def set_rate(self, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def step(self, drawn: Any) -> None:  # noqa: ANN401 - whatever MONAI's loader gives
        self.optimizer.zero_grad()
        loss = self.loss(self.model(drawn["image"]), drawn["label"])
        loss.backward()
        self.optimizer.step()


def predict(model: nn.Module, images: Tensor, config: SegmenterConfig) -> Tensor:
    """Label map (X, Y, Z) of a whole normalised volume (1, 4, X, Y, Z)."""
    model.eval()
    with torch.no_grad():
        logits: Any = sliding_window_inference(
            images, config.inference_roi, 1, model, overlap=config.overlap
        )
    labels: Tensor = logits.argmax(1)[0]
    return labels
