from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from syntrust_core.segmenter_presets import SegmenterConfig, configure
from syntrust_segmenter.preprocessing.case_cache import PreparedCase, prepare_case
from syntrust_segmenter.preprocessing.patch import extract_patch
from syntrust_segmenter.training.sampling import (
    Samples,
    count_class_shares,
    draw_patch_start,
    load_batches,
    pick_case,
)

pytestmark = pytest.mark.numeric

CONFIG = configure("tiny", {"patch": 32, "norm": "group", "batch": 3, "roi": 32})


def _case(seed: int = 0, *, et: bool = True, side: int = 40) -> PreparedCase:
    rng = np.random.default_rng(seed)
    brain = np.zeros((side + 4,) * 3, bool)
    brain[2:-2, 2:-2, 2:-2] = True
    labels = np.zeros(brain.shape, np.uint8)
    labels[6:20, 6:20, 6:20] = 2
    labels[8:14, 8:14, 8:14] = 1
    labels[9:10, 9:10, 9:10] = 3 if et else 1
    images = rng.normal(100, 20, (4, *brain.shape)).astype(np.float32)
    return prepare_case(images, labels, brain)


def _drawn(loaders: int, first: int = 0, last: int = 4) -> list[torch.Tensor]:
    samples = Samples([_case(0), _case(1), _case(2, et=False)], CONFIG, seed=5)
    return [
        tensor
        for batch in load_batches(samples, first=first, last=last, loaders=loaders)
        for tensor in (batch.images, batch.labels)
    ]


def test_samples_do_not_depend_on_the_number_of_loading_threads() -> None:
    alone, shared = _drawn(loaders=0), _drawn(loaders=3)

    assert all(torch.equal(a, b) for a, b in zip(alone, shared, strict=True))


def test_samples_do_not_depend_on_where_the_training_was_resumed() -> None:
    assert all(
        torch.equal(a, b)
        for a, b in zip(_drawn(0, first=0, last=4)[4:], _drawn(0, first=2, last=4), strict=True)
    )


def test_a_training_that_stops_leaves_no_loading_thread_behind() -> None:
    samples = load_batches(Samples([_case()], CONFIG, seed=5), first=0, last=100, loaders=2)
    next(samples)

    samples.close()  # type: ignore[attr-defined]  # an iterator that is a generator

    assert not [t for t in threading.enumerate() if t.name.startswith("samples")]


def test_samples_leave_the_generator_of_training_alone() -> None:
    before = torch.get_rng_state()

    _drawn(loaders=0)

    assert torch.equal(torch.get_rng_state(), before)


def test_another_seed_gives_other_samples() -> None:
    one, two = (Samples([_case()], CONFIG, seed=seed)[0].images for seed in (1, 2))

    assert not torch.equal(one, two)


def test_the_real_image_and_its_twin_are_cut_at_the_same_place() -> None:
    real, twin = _case(0), _case(9)

    cuts = [Samples([case], CONFIG, seed=3)[4].labels for case in (real, twin)]

    assert torch.equal(*cuts)


def test_every_case_is_drawn_once_per_epoch_in_an_order_of_the_epoch() -> None:
    epochs = [[pick_case(7 * epoch + i, count=7, seed=1) for i in range(7)] for epoch in range(3)]

    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_images_and_labels_are_mirrored_together() -> None:
    config = configure(
        "tiny", {"patch": 32, "norm": "group", "flip": 1.0, "intensity": 0.0, "roi": 32}
    )
    case = _case()
    copies = np.broadcast_to(case.labels.astype(np.float32), (4, *case.shape)).copy()
    marked = replace(case, images=copies)

    sample = Samples([marked], config, seed=0)[0]

    assert torch.equal(sample.images[0], sample.labels.float())


def test_patches_are_centred_on_each_region_as_often_as_on_the_others() -> None:
    config = configure("tiny", {"tumour_share": 0.75, "patch": 64})
    labels = np.zeros((256, 64, 64), np.uint8)
    for value, x in ((1, 96), (2, 160), (3, 192)):
        labels[x, 32, 32] = value
    healthy = np.array([np.ravel_multi_index((40, 32, 32), labels.shape)])
    centres = (healthy, *(np.flatnonzero(labels == value) for value in (1, 2, 3)))
    case = PreparedCase(np.zeros((4, *labels.shape), np.float32), labels, labels, centres, ())
    rng = np.random.RandomState(0)

    starts = [draw_patch_start(case, config, rng)[0] for _ in range(4000)]

    counts = np.array([starts.count(x - 32) for x in (40, 96, 160, 192)])
    # Binomial sd is below 0.007 at n = 4000.
    np.testing.assert_allclose(counts / len(starts), 0.25, atol=0.03)


@pytest.mark.parametrize("absent", ["ET", "healthy brain", "tumour"])
def test_a_patch_is_drawn_although_a_class_is_absent(absent: str) -> None:
    labels: NDArray[np.uint8] = np.zeros((64, 64, 64), np.uint8)
    here = np.array([5])
    none = np.array([], np.int64)
    centres = {
        "ET": (here, here, here, none),
        "healthy brain": (none, here, here, here),
        "tumour": (here, none, none, none),
    }[absent]
    case = PreparedCase(np.zeros((4, 64, 64, 64), np.float32), labels, labels, centres, ())

    starts = {
        draw_patch_start(case, configure("tiny", {"patch": 64}), np.random.RandomState(seed))
        for seed in range(9)
    }

    assert starts == {(0, 0, 0)}


def test_a_case_smaller_than_a_patch_lies_in_its_middle() -> None:
    small = _case(side=20)

    start = draw_patch_start(small, CONFIG, np.random.RandomState(0))
    patch = extract_patch(small.labels, start, CONFIG.patch)

    assert start == (-6, -6, -6)
    np.testing.assert_array_equal(patch, np.pad(small.labels, 6))


def test_the_samples_of_a_small_case_are_those_of_the_same_case_padded() -> None:
    small = _case(side=24)
    padded = replace(
        small,
        images=np.pad(small.images, [(0, 0), *[(4, 4)] * 3]),
        labels=np.pad(small.labels, 4),
        brain=np.pad(small.brain, 4),
        centres=tuple(
            np.flatnonzero(np.pad(mask, 4))
            for mask in (
                (small.brain != 0) & (small.labels == 0),
                *(small.labels == value for value in (1, 2, 3)),
            )
        ),
    )
    whole = replace(
        small,
        centres=tuple(
            np.flatnonzero(mask)
            for mask in (
                (small.brain != 0) & (small.labels == 0),
                *(small.labels == value for value in (1, 2, 3)),
            )
        ),
    )

    one, other = (Samples([case], CONFIG, 0) for case in (whole, padded))

    for position in range(3):
        assert torch.equal(one[position].images, other[position].images)
        assert torch.equal(one[position].labels, other[position].labels)


def test_class_shares_are_those_of_the_padded_label_map_and_none_is_zero() -> None:
    case = _case(et=False, side=20)

    shares = count_class_shares([case], CONFIG.patch)

    counts = np.maximum(np.bincount(np.pad(case.labels, 6).ravel(), minlength=4), 1)
    assert shares == pytest.approx(counts / counts.sum())
    assert min(shares) > 0


def test_the_share_of_tumour_patches_is_a_setting() -> None:
    config: SegmenterConfig = configure("tiny", {"tumour_share": 0.0})
    case = _case(side=80)

    starts = [draw_patch_start(case, config, np.random.RandomState(seed))[0] for seed in range(50)]

    assert len(set(starts)) > 10
