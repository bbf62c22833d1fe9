"""What an entry shows the network: whose images, whose labels, and what names both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.segmenter.tiny_training import with_twin

from syntrust_core.cases.model import read_case, read_images, read_mask, write_case
from syntrust_core.imaging.geometry import Geometry
from syntrust_segmenter.preprocessing.case_cache import PreparedCache, prepare_case
from syntrust_segmenter.preprocessing.image_entry import ImageEntry, load_prepared


@pytest.fixture
def cache(tmp_path: Path) -> PreparedCache:
    return PreparedCache(tmp_path / "prepared", limit_bytes=1 << 30)


@pytest.fixture
def shuffled(cases: list[ImageEntry]) -> ImageEntry:
    """The twin of the first case with the labels of the second."""
    return replace(with_twin(cases[0]), labels_folder=cases[1].folder)


def test_labels_of_another_case_stand_beside_its_own_images_and_brain(
    shuffled: ImageEntry, cache: PreparedCache
) -> None:
    found = load_prepared(shuffled, cache)

    case, _ = read_case(shuffled.folder)
    other, _ = read_mask(shuffled.labels_folder or Path())
    assert shuffled.twin_folder is not None
    twin = read_images(shuffled.twin_folder, case.geometry)
    expected = prepare_case(twin, other.labels, case.brain)
    assert not np.array_equal(other.labels, case.labels)
    assert np.array_equal(found.labels, expected.labels)
    assert np.array_equal(found.images, expected.images)
    assert np.array_equal(found.brain, expected.brain)


def test_whose_labels_are_trained_on_is_part_of_the_content(
    shuffled: ImageEntry, cases: list[ImageEntry]
) -> None:
    own = replace(shuffled, labels_folder=shuffled.folder)

    assert own.content_digest() == with_twin(cases[0]).content_digest()
    assert shuffled.content_digest() != own.content_digest()


def test_labels_of_a_smaller_grid_lie_in_the_middle(
    shuffled: ImageEntry, cases: list[ImageEntry], cache: PreparedCache, tmp_path: Path
) -> None:
    other, record = read_case(cases[1].folder)
    inner = (slice(3, -3), slice(1, -1), slice(2, -2))
    geometry = Geometry(
        shape=other.labels[inner].shape,
        spacing_mm=other.geometry.spacing_mm,
        origin_mm=other.geometry.origin_mm,
    )
    small = replace(
        other,
        images=other.images[(slice(None), *inner)],
        labels=other.labels[inner],
        brain=other.brain[inner],
        geometry=geometry,
    )
    frame = record.model_copy(update={"canonical": geometry.to_frame()})
    write_case(small, frame, tmp_path / "small")

    cropped = load_prepared(replace(shuffled, labels_folder=tmp_path / "small"), cache)

    whole = np.zeros_like(other.labels)
    whole[inner] = other.labels[inner]
    case, _ = read_case(shuffled.folder)
    expected = prepare_case(case.images, whole, case.brain)
    assert np.array_equal(cropped.labels, expected.labels)


def test_an_entry_with_labels_of_another_case_says_so_where_it_is_named(
    shuffled: ImageEntry,
) -> None:
    assert shuffled.label == "a (twin, labels of another case)"
    assert replace(shuffled, labels_folder=None).label == "a (twin)"
