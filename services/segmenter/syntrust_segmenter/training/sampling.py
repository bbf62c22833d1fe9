"""Draw training samples from prepared cases: the case, the patch, and the augmentation.

Every choice depends on (seed, iteration, place in the batch) alone. Neither the number of loading
threads nor an interruption changes a sample.
Arrays are (C, X, Y, Z); tensors (N, C, X, Y, Z).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

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

from syntrust_core.segmenter_presets import Patch, SegmenterConfig
from syntrust_segmenter.preprocessing.case_cache import Ints3, PreparedCase
from syntrust_segmenter.preprocessing.patch import extract_patch

_ORDER, _SAMPLE = range(2)  # separate random streams of one seed


class Sample(NamedTuple):
    images: Tensor  # (4, *patch) float32
    labels: Tensor  # patch, uint8


class Samples:
    """Endless training samples by position; a position is iteration · batch + place.

    Batches have the samples of `places`, by default of every place.
    """

    def __init__(
        self,
        cases: Sequence[PreparedCase],
        config: SegmenterConfig,
        seed: int,
        places: Sequence[int] | None = None,
    ) -> None:
        self._cases = cases
        self._config = config
        self._seed = seed
        self._places = range(config.batch) if places is None else places

    def __getitem__(self, position: int) -> Sample:
        case = self._cases[pick_case(position, count=len(self._cases), seed=self._seed)]
        seed = _derive_seed(self._seed, _SAMPLE, *divmod(position, self._config.batch))
        start = draw_patch_start(case, self._config, np.random.RandomState(seed))
        # Its random state is its own: several threads draw samples at once.
        augment = _build_augmentation(self._config)
        augment.set_random_state(seed=seed)
        changed = augment(
            {
                "images": torch.from_numpy(extract_patch(case.images, start, self._config.patch)),
                "labels": torch.from_numpy(
                    extract_patch(case.labels, start, self._config.patch)[None]
                ),
            }
        )
        return Sample(changed["images"].as_tensor(), changed["labels"].as_tensor()[0])

    def batch(self, iteration: int) -> Sample:
        """Stack the samples of one iteration."""
        size = self._config.batch
        drawn = [self[iteration * size + place] for place in self._places]
        images, labels = zip(*drawn, strict=True)
        return Sample(torch.stack(images), torch.stack(labels))


def load_batches(samples: Samples, *, first: int, last: int, loaders: int) -> Iterator[Sample]:
    """Yield the batches of iterations first … last - 1; `loaders` threads compute them ahead.

    These are threads because a worker's child process may not have children. Reading, mirroring
    and drawing noise release the interpreter's lock. With 0 the caller's thread does the work.
    """
    if loaders == 0:
        yield from map(samples.batch, range(first, last))
        return
    pool = ThreadPoolExecutor(loaders, thread_name_prefix="samples")
    ahead: deque[Future[Sample]] = deque()
    try:
        for iteration in range(first, last):
            ahead.append(pool.submit(samples.batch, iteration))
            if len(ahead) > loaders:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def pick_case(position: int, *, count: int, seed: int) -> int:
    """Return the index of the case at a position. Every epoch takes each case once, reordered."""
    epoch, place = divmod(position, count)
    order = np.random.default_rng([_ORDER, seed, epoch]).permutation(count)
    return int(order[place])


def draw_patch_start(
    case: PreparedCase, config: SegmenterConfig, rng: np.random.RandomState
) -> Ints3:
    """Draw where a patch begins: a class first, then a voxel of that class as the centre.

    A share of `config.tumour_share` is centred on tumour, on each region of the case equally often.
    The patch is moved to lie within the case. If the case is smaller, it lies in the middle of the
    patch, and the start is negative.
    """
    present = [len(indices) > 0 for indices in case.centres]
    regions = sum(present[1:])
    tumour = config.tumour_share if present[0] else 1.0
    ratios = [
        1 - tumour if regions else 1.0,
        *(tumour * has / max(regions, 1) for has in present[1:]),
    ]
    shape, before = _pad_shape(case.shape, config.patch)
    (centre,) = generate_label_classes_crop_centers(
        config.patch, 1, shape, _shift_centres(case, shape, before), ratios, rng, warn=False
    )
    x, y, z = (
        int(c) - side // 2 - low for c, side, low in zip(centre, config.patch, before, strict=True)
    )
    return x, y, z


def count_class_shares(cases: Sequence[PreparedCase], patch: Patch) -> tuple[float, ...]:
    """Return each class's share of all voxels of the cases, padded to at least one patch.

    A class without a voxel counts as one voxel.
    """
    counts = np.array([case.voxels for case in cases], np.int64).sum(0)
    for case in cases:
        shape, _ = _pad_shape(case.shape, patch)
        counts[0] += math.prod(shape) - math.prod(case.shape)
    counts = np.maximum(counts, 1)
    return tuple(float(share) for share in counts / counts.sum())


def _pad_shape(shape: Ints3, patch: Patch) -> tuple[Ints3, Ints3]:
    """Pad a shape to at least one patch; return it, and where the case starts within it."""
    x, y, z = (max(n, side) for n, side in zip(shape, patch, strict=True))
    i, j, k = (max(0, side - n) // 2 for n, side in zip(shape, patch, strict=True))
    return (x, y, z), (i, j, k)


def _shift_centres(case: PreparedCase, shape: Ints3, before: Ints3) -> tuple[NDArray[Any], ...]:
    """Convert flat indices of a case to those of the same voxels in its padded shape."""
    if shape == case.shape:
        return case.centres
    steps = np.array(before)[:, None]
    return tuple(
        np.ravel_multi_index(tuple(np.array(np.unravel_index(flat, case.shape)) + steps), shape)
        for flat in case.centres
    )


def _build_augmentation(config: SegmenterConfig) -> Compose:
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


def _derive_seed(*words: int) -> int:
    return int(np.random.SeedSequence(words).generate_state(1)[0])
