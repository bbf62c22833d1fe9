"""Images alone: inspected without a mask, and label maps brought back to their grid and labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syntrust_core.cases.export import export_labels, export_volumes
from syntrust_core.cases.inspect import inspect_case
from syntrust_core.cases.model import read_case, write_case
from syntrust_core.contracts.case_record import CaseRefused
from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.vocabulary import Scheme
from syntrust_core.imaging.nifti import read_volume
from syntrust_core.testing.casemaker import (
    SHAPE,
    ellipsoid,
    lps_affine,
    make_volumes,
    write_upload,
)

pytestmark = pytest.mark.numeric

RAS = np.diag([4.0, 5.0, 6.0, 1.0])


def image_files(folder: Path, *, without: str = "seg", **options: Any) -> dict[str, Path]:
    volumes = {name: array for name, array in make_volumes().items() if name != without}
    volumes.pop("seg", None)
    return write_upload(folder, volumes, **options)


def test_images_alone_give_the_images_and_brain_of_the_whole_case(tmp_path: Path) -> None:
    whole, _ = inspect_case(write_upload(tmp_path / "whole"))

    case, record = inspect_case(
        image_files(tmp_path / "images"), scheme="brats2023", purpose="images"
    )

    np.testing.assert_array_equal(case.images, whole.images)
    np.testing.assert_array_equal(case.brain, ellipsoid(SHAPE, (0.48, 0.52, 0.5), 0.38))
    assert not case.labels.any()
    assert "seg" not in record.uploaded_digests
    assert not any(warning.file == "seg" for warning in record.warnings)


def test_images_alone_are_read_again_as_they_were_written(tmp_path: Path) -> None:
    case, record = inspect_case(
        image_files(tmp_path / "images"), scheme="brats2021", purpose="images"
    )

    write_case(case, record, tmp_path / "case")
    again, record_again = read_case(tmp_path / "case")

    np.testing.assert_array_equal(again.images, case.images)
    assert record_again == record


def test_a_missing_modality_is_named(tmp_path: Path) -> None:
    files = image_files(tmp_path, without="t2")

    with pytest.raises(CaseRefused, match="t2 is missing"):
        inspect_case(files, scheme="brats2023", purpose="images")


def test_a_mask_beside_images_alone_is_refused_as_nothing_reads_it(tmp_path: Path) -> None:
    with pytest.raises(CaseRefused, match="known are t1, t1ce, t2, flair, brain"):
        inspect_case(write_upload(tmp_path), scheme="brats2023", purpose="images")


def test_the_labels_of_a_map_that_is_yet_to_be_are_never_guessed(tmp_path: Path) -> None:
    with pytest.raises(CaseRefused, match="Name the scheme of the label map to write"):
        inspect_case(image_files(tmp_path), scheme="auto", purpose="images")


@pytest.mark.parametrize(
    ("scheme", "values"),
    [
        ("brats2021", {0, 1, 2, 4}),
        ("brats2023", {0, 1, 2, 3}),
        ("med_ddpm", {0, 1, 2, 3, 4}),
        ({"NCR": 7, "ED": 8, "ET": 9}, {0, 7, 8, 9}),
    ],
)
def test_a_label_map_comes_back_in_the_frame_and_labels_that_were_named(
    tmp_path: Path, scheme: Scheme, values: set[int]
) -> None:
    case, record = inspect_case(
        image_files(tmp_path / "images", affine=RAS), scheme=scheme, purpose="images"
    )
    labels = np.zeros(case.labels.shape, np.uint8)
    labels[10, 10, 8:11] = (1, 2, 3)
    path = tmp_path / "seg.nii.gz"

    voxels = export_labels(labels, record, path, brain=case.brain)

    written, affine = read_volume(path)
    np.testing.assert_allclose(affine, RAS)
    np.testing.assert_array_equal(written, voxels)
    assert written.shape == SHAPE
    assert set(np.unique(written).tolist()) == values


def test_probabilities_interpolated_back_to_the_upload_still_sum_to_one(tmp_path: Path) -> None:
    grid = Grid(shape=(20, 20, 20), spacing_mm=(6.0, 6.0, 6.0))
    case, record = inspect_case(
        image_files(tmp_path / "images"), scheme="brats2023", grid=grid, purpose="images"
    )
    chances = np.random.default_rng(0).dirichlet([1, 1, 1, 1], case.brain.shape)
    share = np.moveaxis(chances, -1, 0).astype(np.float32)

    paths = export_volumes(
        {f"p{index}": (share[index], float(index == 0)) for index in range(4)},
        brain=case.brain,
        geometry=case.geometry,
        uploaded=record.uploaded,
        folder=tmp_path / "back",
    )

    volumes = [read_volume(path) for path in paths.values()]
    np.testing.assert_allclose(sum(array for array, _ in volumes), 1, atol=1e-5)
    np.testing.assert_allclose(volumes[0][1], lps_affine(), atol=1e-6)
    assert volumes[0][0][0, 0, 0] == 1
