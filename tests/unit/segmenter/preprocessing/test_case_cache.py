from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from syntrust_core.errors import InvalidVolume
from syntrust_segmenter.preprocessing.case_cache import PreparedCache, PreparedCase, prepare_case

BIG = 1 << 30


def _case(seed: int = 0) -> PreparedCase:
    rng = np.random.default_rng(seed)
    brain = np.zeros((20, 18, 16), bool)
    brain[3:15, 4:16, 2:14] = True
    labels = np.zeros(brain.shape, np.uint8)
    labels[6:10, 6:10, 6:10] = rng.integers(1, 4, (4, 4, 4))
    labels[0, 0, 0] = 2  # outside the brain
    return prepare_case(rng.normal(9, 2, (4, *brain.shape)).astype(np.float32), labels, brain)


def _never() -> PreparedCase:
    pytest.fail("prepared again")


def _counting(calls: list[int], seed: int = 0) -> Callable[[], PreparedCase]:
    def prepare() -> PreparedCase:
        calls.append(seed)
        return _case(seed)

    return prepare


def test_a_case_is_cut_to_its_brain_and_knows_where_it_was() -> None:
    case = _case()

    assert case.images.shape == (4, 12, 12, 12)
    assert case.box == (slice(3, 15), slice(4, 16), slice(2, 14))
    assert (case.images[:, case.brain == 0] == 0).all()


def test_voxels_count_each_class_within_the_brain() -> None:
    case = _case()

    assert case.voxels == tuple(np.bincount(case.labels.ravel(), minlength=4))
    assert sum(case.voxels[1:]) == 64


def test_a_label_that_is_none_of_ours_is_refused_by_its_value() -> None:
    case = _case()
    labels = np.array(case.labels)
    labels[0, 0, :2] = 4, 7

    with pytest.raises(InvalidVolume, match=r"holds 4, 7; .* 1 NCR, 2 ED, 3 ET") as refusal:
        prepare_case(case.images, labels, case.brain != 0)

    assert (refusal.value.file, refusal.value.field) == ("labels", "values")


def test_a_label_map_of_another_shape_is_refused() -> None:
    case = _case()

    with pytest.raises(InvalidVolume, match=r"label map has shape \(12, 12, 11\)"):
        prepare_case(case.images, case.labels[..., 1:], case.brain != 0)


def test_a_kept_case_is_the_prepared_one_read_by_the_patch(tmp_path: Path) -> None:
    kept = PreparedCache(tmp_path, limit_bytes=BIG).case("a", _case)

    again = PreparedCache(tmp_path, limit_bytes=BIG).case("a", _never)

    fresh = _case()
    assert isinstance(again.images, np.memmap)
    for case in (kept, again):
        for name in ("images", "labels", "brain"):
            np.testing.assert_array_equal(getattr(case, name), getattr(fresh, name))
        for one, other in zip(case.centres, fresh.centres, strict=True):
            np.testing.assert_array_equal(one, other)
        assert (case.voxels, case.origin) == (fresh.voxels, fresh.origin)


def test_each_content_is_prepared_once(tmp_path: Path) -> None:
    calls: list[int] = []
    cache = PreparedCache(tmp_path, limit_bytes=BIG)

    for key, seed in (("a", 0), ("b", 1), ("a", 0), ("b", 1)):
        cache.case(key, _counting(calls, seed))

    assert calls == [0, 1]


def test_what_was_used_longest_ago_goes_first_and_stays_readable_to_who_has_it(
    tmp_path: Path,
) -> None:
    one = sum(file.stat().st_size for file in _kept(tmp_path / "probe"))
    cache = PreparedCache(tmp_path / "cache", limit_bytes=int(2.5 * one))
    old = cache.case("a", _case)
    cache.case("b", _counting([], 1))
    os.utime(tmp_path / "cache" / "a", (1, 1))

    cache.case("c", _counting([], 2))

    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["b", "c"]
    np.testing.assert_array_equal(old.images, _case().images)


def _kept(root: Path) -> list[Path]:
    PreparedCache(root, limit_bytes=BIG).case("a", _case)
    return list((root / "a").iterdir())


@pytest.mark.parametrize("damage", ["entry.json", "images.npy"])
def test_a_case_that_is_not_whole_is_prepared_again(tmp_path: Path, damage: str) -> None:
    cache = PreparedCache(tmp_path, limit_bytes=BIG)
    cache.case("a", _case)
    whole = (tmp_path / "a" / damage).read_bytes()
    (tmp_path / "a" / damage).write_bytes(whole[: len(whole) // 2])

    again = cache.case("a", _case)

    np.testing.assert_array_equal(again.images, _case().images)
    assert PreparedCache(tmp_path, limit_bytes=BIG).case("a", _never).voxels == again.voxels


def test_a_case_that_cannot_be_prepared_leaves_nothing_behind(tmp_path: Path) -> None:
    def refuse() -> PreparedCase:
        raise InvalidVolume("no", file="t1", field="values")

    with pytest.raises(InvalidVolume):
        PreparedCache(tmp_path, limit_bytes=BIG).case("a", refuse)

    assert list(tmp_path.iterdir()) == []


def _work(root: Path, worker: int) -> float:
    """Use and evict the same few cases as the other workers do."""
    cache = PreparedCache(root, limit_bytes=200_000)  # about two of the four cases
    total = 0.0
    for turn in range(12):
        seed = (turn + worker) % 4
        total += float(cache.case("abcd"[seed], partial(_case, seed)).images.sum())
    return total


def test_several_workers_share_one_small_cache(tmp_path: Path) -> None:
    expected = 3 * sum(float(_case(seed).images.sum()) for seed in range(4))

    with ProcessPoolExecutor(3, mp_context=get_context("fork")) as pool:
        totals = list(pool.map(_work, [tmp_path] * 3, range(3)))

    np.testing.assert_allclose(totals, expected, atol=1e-2)
    assert not list(tmp_path.glob("part-*"))
    shutil.rmtree(tmp_path)
