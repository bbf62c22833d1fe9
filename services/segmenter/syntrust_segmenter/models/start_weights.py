"""Weights to start a training from: a trained segmenter, or an imported checkpoint.

Two layouts of checkpoints are read. `brats21` was released for BraTS 2021: a whole SwinUNETR under
`state_dict`, with three sigmoid channels TC, WT, ET. `encoder` is a Swin encoder trained without
labels, as MONAI's `SwinUNETR.load_from` reads it: the names of `swinViT`, one channel or four.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import torch
from pydantic import BaseModel, ConfigDict
from safetensors.torch import save_file
from torch import Tensor, nn

from syntrust_core.checkpoint_files import check_stored_size, explain_unreadable, numpy_numbers
from syntrust_core.contracts.vocabulary import MODALITIES, Modality
from syntrust_core.errors import InvalidRequest, ObjectDamaged
from syntrust_core.files import file_sha256
from syntrust_core.segmenter_presets import Head, SegmenterConfig
from syntrust_segmenter.model_card import StartRecord
from syntrust_segmenter.models.weights import WEIGHTS_FILE, first_mismatch, read_weights
from syntrust_segmenter.network.heads import count_channels
from syntrust_segmenter.network.swin_unetr import build_network, weights_digest

Layout = Literal["brats21", "encoder"]
START_FILE: Final = "start.json"
ENCODER: Final = "swinViT."
OUTPUT: Final = ("out.conv.conv.weight", "out.conv.conv.bias")
INPUTS: Final = (
    "swinViT.patch_embed.proj.weight",
    "encoder1.layer.conv1.conv.weight",
    "encoder1.layer.conv3.conv.weight",
)
"""The convolutions that see the images: (outputs, modalities, x, y, z)."""
RELEASED_ORDER: Final[tuple[Modality, ...]] = ("flair", "t1ce", "t1", "t2")
"""Of the released checkpoints' inputs: the images of `brats21_folds.json`, in their order."""
RENAMED: Final = {".mlp.fc1.": ".mlp.linear1.", ".mlp.fc2.": ".mlp.linear2."}
# What self-supervision needs beside the encoder, in MONAI's pre-training and after it.
PRETEXT: Final = ("rotation_head", "contrastive_head", "conv.", "norm.", "mask_token")


class StartCard(BaseModel):
    """The card of imported weights. Their inputs are in this platform's order of modalities."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["syntrust-start-weights/1"] = "syntrust-start-weights/1"
    layout: Layout
    preset: str | None = None
    head: Head | None
    source: str
    source_sha256: str
    order: tuple[Modality, ...] | None
    weights_digest: str


@dataclass(frozen=True)
class StartWeights:
    """Weights by the network's own names; `head` is what their last layer means."""

    source: str
    digest: str
    tensors: Mapping[str, Tensor]
    head: Head | None
    encoder_alone: bool

    def load_into(self, network: nn.Module) -> None:
        """Load these weights into a network; tensors that they lack stay as initialised.

        Raises
        ------
        InvalidRequest
            A tensor is missing, unknown or of another shape; the first is named.
        """
        own = network.state_dict()
        fresh = self.list_fresh(own)
        expected = {name: value for name, value in own.items() if name not in fresh}
        found = {name: value for name, value in self.tensors.items() if name not in fresh}
        mismatch = first_mismatch(expected, found)
        if mismatch:
            raise InvalidRequest(
                f"The start weights are those of another network: {mismatch}.", pointer="/start"
            )
        network.load_state_dict({**own, **found})

    def list_fresh(self, names: Mapping[str, Tensor]) -> tuple[str, ...]:
        """List the tensors of a network that these weights do not set."""
        if self.encoder_alone:
            return tuple(name for name in names if not name.startswith(ENCODER))
        # Three sigmoid channels say nothing of four softmax channels: that layer is learnt anew.
        wanted = names[OUTPUT[1]].shape[0]
        return OUTPUT if self.head is not None and count_channels(self.head) != wanted else ()

    def make_record(self, network: nn.Module) -> StartRecord:
        fresh = self.list_fresh(network.state_dict())
        return StartRecord(source=self.source, weights_digest=self.digest, fresh=fresh)


def import_checkpoint(
    path: Path,
    out: Path,
    *,
    layout: Layout,
    config: SegmenterConfig,
    order: Sequence[str] | None = None,
) -> StartCard:
    """Check a foreign checkpoint and write it as a folder of start weights.

    Parameters
    ----------
    path : Path
        A file written by `torch.save`. Nothing in it is executed.
    config : SegmenterConfig
        The network that the checkpoint belongs to.
    order : sequence of str, optional
        The modality of each input channel. If left out, `brats21` takes the released order; an
        `encoder` with one input channel needs none.

    Raises
    ------
    InvalidRequest
        The file is not such a checkpoint, or belongs to another network; the first tensor that
        differs is named. Nothing is written.
    """
    named = order if order is not None or layout == "encoder" else RELEASED_ORDER
    weights = _rename_tensors(_read_state_dict(path), layout)
    weights, known = _reorder_inputs(weights, named)
    head: Head | None = "regions" if layout == "brats21" else None
    digest = weights_digest(weights)
    start = StartWeights(path.name, digest, weights, head, encoder_alone=layout == "encoder")
    start.load_into(build_network(config.model_copy(update={"head": head or config.head})))
    card = StartCard(
        layout=layout,
        preset=config.preset,
        head=head,
        source=path.name,
        source_sha256=file_sha256(path),
        order=known,
        weights_digest=digest,
    )
    out.mkdir(parents=True, exist_ok=True)
    save_file(dict(weights), out / WEIGHTS_FILE)
    (out / START_FILE).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return card


def read_imported(folder: Path) -> StartWeights:
    """Read what `import_checkpoint` wrote.

    Raises
    ------
    ObjectDamaged
        The weights are not those that the card names.
    """
    card = StartCard.model_validate_json((folder / START_FILE).read_bytes())
    tensors = read_weights(folder / WEIGHTS_FILE)
    if weights_digest(tensors) != card.weights_digest:
        raise ObjectDamaged("The weights are not those that start.json names.", file=WEIGHTS_FILE)
    return StartWeights(
        card.source,
        card.weights_digest,
        tensors,
        card.head,
        encoder_alone=card.layout == "encoder",
    )


def _read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read the tensors under `state_dict`, without the `module.` of data-parallel training."""
    content = _load_file(path)
    entries = content.get("state_dict") if isinstance(content, Mapping) else None
    if not isinstance(entries, Mapping):
        raise InvalidRequest(f"{path.name}: holds no state_dict.", pointer="/start")
    for name, value in entries.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise InvalidRequest(
                f"{path.name}: state_dict.{name} is not a tensor.", pointer="/start"
            )
        check_stored_size(f"state_dict.{name}", value, pointer="/start")
    return {name.removeprefix("module."): value.contiguous() for name, value in entries.items()}


def _load_file(path: Path) -> object:
    with (
        explain_unreadable(path, pointer="/start"),
        torch.serialization.safe_globals(numpy_numbers()),
    ):
        # Torch's older format cannot be mapped.
        mmap = zipfile.is_zipfile(path)
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)


def _rename_tensors(weights: Mapping[str, Tensor], layout: Layout) -> dict[str, Tensor]:
    """Rename tensors to the names of MONAI's SwinUNETR today."""
    if layout == "brats21":
        return dict(weights)
    named = {}
    for name, value in weights.items():
        short = name.removeprefix(ENCODER)
        if short.startswith(PRETEXT):
            continue
        for old, new in RENAMED.items():
            short = short.replace(old, new)
        named[ENCODER + short] = value
    return named


def _reorder_inputs(
    weights: Mapping[str, Tensor], order: Sequence[str] | None
) -> tuple[dict[str, Tensor], tuple[Modality, ...] | None]:
    """Reorder the channels of the input convolutions to the order of `MODALITIES`.

    An encoder with one channel sees the mean of the modalities: a quarter of its weight for each.
    """
    found = dict(weights)
    inputs = [name for name in INPUTS if name in found and found[name].ndim == 5]
    if order is None:
        for name in inputs:
            if found[name].shape[1] != 1:
                raise InvalidRequest(
                    f"{name} has {found[name].shape[1]} inputs; order must name each.",
                    pointer="/order",
                )
            share = found[name] / len(MODALITIES)
            found[name] = share.repeat(1, len(MODALITIES), 1, 1, 1)
        return found, None
    if sorted(order) != sorted(MODALITIES):
        raise InvalidRequest(
            f"order names each of {', '.join(MODALITIES)} once, not {', '.join(order)}.",
            pointer="/order",
        )
    picked = [list(order).index(name) for name in MODALITIES]
    for name in inputs:
        if found[name].shape[1] == len(picked):  # else the network's check names it
            found[name] = found[name][:, picked].contiguous()
    by_name: dict[str, Modality] = {name: name for name in MODALITIES}
    return found, tuple(by_name[name] for name in order)
