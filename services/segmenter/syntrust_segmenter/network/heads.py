"""The meaning of the network's last layer, and exact conversion between labels and regions.

`labels` is a softmax over background, NCR, ED and ET: regions that exclude each other. `regions` is
a sigmoid for each of TC = NCR + ET, WT = TC + ED and ET, which lie within each other (BraTS
practice, in the order of MONAI's tutorials). Tensors are (N, C, X, Y, Z), label maps (N, X, Y, Z).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

import torch
from torch import Tensor
from torch.nn import functional

from syntrust_core.contracts.vocabulary import LABELS
from syntrust_core.segmenter_presets import Head
from syntrust_segmenter.portable import decode

NestedRegion = Literal["TC", "WT", "ET"]

CLASSES: Final = 1 + len(LABELS)
NCR, ED, ET = LABELS["NCR"], LABELS["ED"], LABELS["ET"]
NESTED: Final[Mapping[NestedRegion, tuple[int, ...]]] = MappingProxyType(
    {"TC": (NCR, ET), "WT": (NCR, ED, ET), "ET": (ET,)}
)
"""Labels of each channel of the head `regions`, in its order."""


def count_channels(head: Head) -> int:
    """Count the outputs of the network."""
    return CLASSES if head == "labels" else len(NESTED)


def one_hot(labels: Tensor) -> Tensor:
    """Encode labels of 0..3 as float32 (N, 4, X, Y, Z).

    Targets are one-hot because the gradient of cross-entropy with class indices is not
    deterministic on a GPU.
    """
    return torch.stack([labels == value for value in range(CLASSES)], dim=1).float()


def labels_to_regions(labels: Tensor) -> Tensor:
    """Convert labels of 0..3 to the masks TC, WT and ET, bool (N, 3, X, Y, Z)."""
    masks = [torch.isin(labels, labels.new_tensor(values)) for values in NESTED.values()]
    return torch.stack(masks, dim=1)


def regions_to_labels(regions: Tensor) -> Tensor:
    """Convert the masks TC, WT and ET to labels of 0..3, uint8; inverse of `labels_to_regions`."""
    return decode.regions_to_labels(regions, LABELS)


def encode_target(labels: Tensor, head: Head) -> Tensor:
    """Encode labels as the target of the network's output, float32."""
    return one_hot(labels) if head == "labels" else labels_to_regions(labels).float()


def classify(logits: Tensor, head: Head) -> Tensor:
    """Decode the network's output, uint8: the most likely label, or sigmoid above 0.5."""
    return decode.classify(logits, head, LABELS)


def label_probabilities(logits: Tensor, head: Head) -> Tensor:
    """Compute the probability of each label, float32 (N, 4, X, Y, Z); they sum to 1.

    For `regions`, p(ET), p(NCR) = p(TC) - p(ET), p(ED) = p(WT) - p(TC) and 1 - p(WT): exact where
    the regions lie within each other. Where they do not, p(TC) is lifted to p(ET) and p(WT) to
    p(TC), as `regions_to_labels` reads their masks.
    """
    if head == "labels":
        return functional.softmax(logits.float(), dim=1)
    core, whole, enhancing = torch.sigmoid(logits.float()).unbind(1)
    core = torch.maximum(core, enhancing)
    whole = torch.maximum(whole, core)
    return torch.stack([1 - whole, core - enhancing, whole - core, enhancing], dim=1)


def bias_from_priors(shares: Sequence[float], head: Head) -> Tensor:
    """Return the last layer's bias that gives every voxel the classes' shares as probabilities.

    The first iterations are then not spent on learning that tumour is rare.
    """
    if head == "labels":
        return torch.tensor(shares).log()
    return torch.tensor([sum(shares[value] for value in NESTED[name]) for name in NESTED]).logit()
