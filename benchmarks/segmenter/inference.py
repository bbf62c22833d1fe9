"""A full-size case predicted here, beside MONAI's `sliding_window_inference` with its defaults.

One network predicts, at one overlap, a phantom that it was trained on and one that it has not seen.
It is trained on patches of whole volumes, so that it knows windows with much background, which the
plain call has and ours has not. What differs besides speed is taken apart: from the plain call to
ours one thing changes at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from benchmarks.segmenter import plain
from benchmarks.segmenter.cohort import KEPT, Cohort, trained
from benchmarks.segmenter.precision import advised
from monai.inferers.utils import sliding_window_inference
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from syntrust_core.cases.model import Case, read_case
from syntrust_core.contracts.canonical import digest
from syntrust_core.contracts.vocabulary import MODALITIES, Region, SegmenterPrecision
from syntrust_core.segmenter_presets import configure
from syntrust_segmenter.inference.predict_case import predict_case
from syntrust_segmenter.network.heads import CLASSES
from syntrust_segmenter.network.swin_unetr import build_network
from syntrust_segmenter.preprocessing.case_cache import FORMAT, PreparedCase
from syntrust_segmenter.training.validation_dice import region_dice

CPU = torch.device("cpu")
TRAINING, ITERATIONS = 2, 1400
OVERLAP = 0.25  # MONAI's default
CONFIG = configure("tiny", {"overlap": OVERLAP, "iterations": ITERATIONS, "precision": advised()})
Labels = NDArray[np.uint8]


class Comparison(NamedTuple):
    """Seconds of both ways, and the label maps on the way from one to the other."""

    ours_s: float
    plain_s: float
    truth: Labels
    plain: Labels
    blended: Labels
    placed: Labels
    ours: Labels

    def agreement(self) -> dict[Region, float | None]:
        return region_dice(self.plain, self.ours)


def learned(cohort: Cohort) -> nn.Module:
    """A network that has learned what a tumour looks like; trained once and kept."""
    folders = cohort.folders[:TRAINING]
    named = [FORMAT, CONFIG.model_dump(mode="json"), [folder.name for folder in folders]]
    path = KEPT / f"learned-{digest(named)[:16]}.safetensors"
    if not path.is_file():
        save_file(_trained([_uncut(cohort, folder) for folder in folders]), path)
    network = build_network(CONFIG)
    network.load_state_dict(load_file(path))
    return network.eval()


def _uncut(cohort: Cohort, folder: Path) -> PreparedCase:
    """A prepared case on its whole grid; healthy patches are centred anywhere on it."""
    case, (whole, _) = cohort.case(folder), read_case(folder)
    images = _on_grid(case, whole)[0].numpy()
    labels = np.zeros(whole.labels.shape, np.uint8)
    labels[case.box] = case.labels
    centres = [np.flatnonzero(labels == value) for value in range(CLASSES)]
    voxels = tuple(len(indices) for indices in centres)
    return PreparedCase(images, labels, whole.brain.astype(np.uint8), tuple(centres), voxels)


def _on_grid(case: PreparedCase, whole: Case) -> Tensor:
    images = torch.zeros(1, len(MODALITIES), *whole.labels.shape)
    images[(0, slice(None), *case.box)] = torch.from_numpy(np.array(case.images))
    return images


def _trained(cases: Sequence[PreparedCase]) -> dict[str, Tensor]:
    state = trained(cases, CONFIG, ITERATIONS, seed=0)
    return {name: value.contiguous() for name, value in state.result.state_dict().items()}


def compare(network: nn.Module, cohort: Cohort, folder: Path) -> Comparison:
    """Predict a case in both ways, and in those between."""
    whole, _ = read_case(folder)
    prepared = cohort.case(folder)
    images = _on_grid(prepared, whole)
    model = plain.network(CONFIG)
    model.load_state_dict(network.state_dict())
    model.eval()

    def here(precision: SegmenterPrecision) -> Labels:
        grid = whole.geometry.shape
        return predict_case(network, prepared, CONFIG, grid=grid, precision=precision).labels

    ours_s, ours = _timed(lambda: here(CONFIG.named_precision))
    plain_s, theirs = _timed(lambda: _monai(model, images, whole, "constant"))
    blended = _monai(model, images, whole, "gaussian")
    return Comparison(ours_s, plain_s, whole.labels, theirs, blended, here("float32"), ours)


def _monai(model: nn.Module, images: Tensor, whole: Case, mode: str) -> Labels:
    with torch.no_grad():
        logits: Any = sliding_window_inference(
            images, CONFIG.inference_roi, 1, model, overlap=OVERLAP, mode=mode
        )
    return np.asarray(logits.argmax(1)[0].numpy() * whole.brain, np.uint8)


def _timed(work: Callable[[], Labels]) -> tuple[float, Labels]:
    start = time.process_time()
    found = work()
    return time.process_time() - start, found
