"""Decode the network's output to a label map. Tensors are (N, C, X, Y, Z)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

Region = Literal["NCR", "ED", "ET"]


def regions_to_labels(regions: Tensor, values: Mapping[Region, int]) -> Tensor:
    """Convert the masks TC, WT and ET (in this order) to a label map (N, X, Y, Z), uint8.

    `values` are the labels of NCR, ED and ET. Where masks do not lie within
    each other, ET wins over TC and TC over WT, as in MONAI's tutorials.
    """
    core, whole, enhancing = regions.bool().unbind(1)
    labels = torch.zeros_like(core, dtype=torch.uint8)
    for mask, value in ((whole, values["ED"]), (core, values["NCR"]), (enhancing, values["ET"])):
        labels.masked_fill_(mask, value)
    return labels


def classify(logits: Tensor, head: str, values: Mapping[Region, int]) -> Tensor:
    """Decode the network's output, uint8: the most likely label, or sigmoid above 0.5."""
    if head == "labels":
        return logits.argmax(1).to(torch.uint8)
    return regions_to_labels(logits > 0, values)
