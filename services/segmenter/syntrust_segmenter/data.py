"""From prepared cases to training samples: which case, which patch, which augmentation.

Every choice is a function of (seed, iteration, place in the batch) and of nothing else, so neither
the number of loader processes nor an interruption changes a sample.
Arrays are (C, X, Y, Z); tensors (N, C, X, Y, Z).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from monai.transforms.compose import Compose
from monai.transforms.intensity.dictionary import (
    RandGaussianNoised,
    RandScaleIntensityd,
    RandShiftIntensityd,
)
from monai.transforms.spatial.dictionary import RandFlipd
from monai.transforms.utils import generate_label_classes_crop_centers
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from syntrust_core.geometry import bounding_box
from syntrust_segmenter.network import CLASSES
from syntrust_segmenter.preprocessing import OUTSIDE, normalise
from syntrust_segmenter.presets import Patch, SegmenterConfig

CENTRES_PER_CLASS: Final = 4096
_ORDER, _SAMPLE = range(2)  # separate random streams of one seed


@dataclass(frozen=True)
class PreparedCase:
    """A case cut to its brain, at least one patch large; the arrays may lie on disk.

    `images` (4, X, Y, Z) float32 z-scores, `labels` and `brain` (X, Y, Z) uint8. `centres` holds,
    per class, flat indices of voxels a patch may be centred on (background: healthy brain).
    """

    images: NDArray[np.float32]
    labels: NDArray[np.uint8]
    brain: NDArray[np.uint8]
    centres: tuple[NDArray[np.int64], ...]


class Sample(NamedTuple):
    images: Tensor  # (4, *patch) float32
    labels: Tensor  # patch, uint8


def prepare_case(
    images: NDArray[np.float32],
    labels: NDArray[np.uint8],
    brain: NDArray[np.bool_],
    *,
    patch: Patch,
) -> PreparedCase:
    """Normalise a case, cut it to its brain, and pad what is smaller than `patch`."""
    box = bounding_box(brain)
    cut = normalise(images, brain)[(slice(None), *box)]
    widths = [_padding(n, side) for n, side in zip(cut.shape[1:], patch, strict=True)]
    cut = np.pad(cut, [(0, 0), *widths], constant_values=OUTSIDE)
    inside = np.pad(brain[box].astype(np.uint8), widths)
    # Tumour outside the brain cannot be predicted: predictions are 0 there.
    tumour = np.pad(labels[box], widths) * inside
    return PreparedCase(cut, tumour, inside, _centres(tumour, inside))


def keep_on_disk(case: PreparedCase, folder: Path) -> PreparedCase:
    """The same case with its arrays memory-mapped, so that memory does not grow with cases."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.npy" for name in ("images", "labels", "brain")]
    for path, array in zip(paths, (case.images, case.labels, case.brain), strict=True):
        np.save(path, np.asarray(array), allow_pickle=False)
    images, labels, brain = (np.load(path, mmap_mode="r", allow_pickle=False) for path in paths)
    return PreparedCase(images, labels, brain, case.centres)


def class_shares(cases: Sequence[PreparedCase]) -> tuple[float, ...]:
    """Share of each class among all voxels of the cases; an absent class counts one voxel."""
    counts = np.zeros(CLASSES, np.int64)
    for case in cases:
        counts += np.bincount(case.labels.ravel(), minlength=CLASSES)
    counts = np.maximum(counts, 1)
    return tuple(float(share) for share in counts / counts.sum())


class Samples(Dataset[Sample]):
    """Endless training samples by position; a position is iteration · batch + place."""

    def __init__(self, cases: Sequence[PreparedCase], config: SegmenterConfig, seed: int) -> None:
        self._cases = cases
        self._config = config
        self._augment = _augmentation(config)
        self._seed = seed

    def __getitem__(self, position: int) -> Sample:
        case = self._cases[case_at(position, count=len(self._cases), seed=self._seed)]
        seed = _seed_of(self._seed, _SAMPLE, *divmod(position, self._config.batch))
        box = patch_box(case, self._config, np.random.RandomState(seed))
        self._augment.set_random_state(seed=seed)
        changed = self._augment(
            {
                "images": torch.from_numpy(np.array(case.images[(slice(None), *box)])),
                "labels": torch.from_numpy(np.array(case.labels[box])[None]),
            }
        )
        return Sample(changed["images"].as_tensor(), changed["labels"].as_tensor()[0])


def batches(
    samples: Samples, *, first: int, last: int, batch: int, workers: int
) -> Iterator[Sample]:
    """Batches of the iterations first … last - 1, computed by `workers` processes (0: this one)."""
    loader = DataLoader(
        samples,
        batch_size=batch,
        sampler=range(first * batch, last * batch),
        num_workers=workers,
        # Its own generator: the loader would otherwise draw from the one that training uses.
        generator=torch.Generator(),
    )
    return iter(loader)


def case_at(position: int, *, count: int, seed: int) -> int:
    """Index of the case at a position: every case once per epoch, in an order of that epoch."""
    epoch, place = divmod(position, count)
    order = np.random.default_rng([_ORDER, seed, epoch]).permutation(count)
    return int(order[place])


def patch_box(
    case: PreparedCase, config: SegmenterConfig, rng: np.random.RandomState
) -> tuple[slice, slice, slice]:
    """Draw where to cut: a class first, then a voxel of that class as the centre.

    `config.tumour_share` of the patches are centred on tumour, each region that the case has as
    often as the others; the box is moved to lie within the case.
    """
    present = [len(indices) > 0 for indices in case.centres]
    regions = sum(present[1:])
    tumour = config.tumour_share if present[0] else 1.0
    ratios = [
        1 - tumour if regions else 1.0,
        *(tumour * has / max(regions, 1) for has in present[1:]),
    ]
    (centre,) = generate_label_classes_crop_centers(
        config.patch, 1, case.labels.shape, case.centres, ratios, rng, warn=False
    )
    x, y, z = (
        slice(int(c) - side // 2, int(c) - side // 2 + side)
        for c, side in zip(centre, config.patch, strict=True)
    )
    return x, y, z


def _augmentation(config: SegmenterConfig) -> Compose:
    flips = [RandFlipd(["images", "labels"], config.flip, axis) for axis in range(3)]
    prob, images = config.intensity, ["images"]
    return Compose(
        [
            *flips,
            RandScaleIntensityd(images, config.scale, prob=prob, channel_wise=True),
            RandShiftIntensityd(images, config.shift, prob=prob, channel_wise=True),
            RandGaussianNoised(images, prob=prob, std=config.noise),
        ]
    )


def _centres(labels: NDArray[np.uint8], brain: NDArray[np.uint8]) -> tuple[NDArray[np.int64], ...]:
    healthy = np.flatnonzero((brain != 0) & (labels == 0))
    tumour = (np.flatnonzero(labels == value) for value in range(1, CLASSES))
    return tuple(_thinned(indices) for indices in (healthy, *tumour))


def _thinned(indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """At most `CENTRES_PER_CLASS` of them, evenly: a full-size case has a million."""
    return indices[:: -(-len(indices) // CENTRES_PER_CLASS) or 1]


def _padding(length: int, side: int) -> tuple[int, int]:
    missing = max(0, side - length)
    return missing // 2, missing - missing // 2


def _seed_of(*words: int) -> int:
    return int(np.random.SeedSequence(words).generate_state(1)[0])
