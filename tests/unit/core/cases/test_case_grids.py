"""The working grid: what a case is resampled to, and the way back to the uploaded one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.core.cases.case_reading import the_problem, warned

from syntrust_core.cases.export import to_uploaded_grid
from syntrust_core.cases.inspect import inspect_case
from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.imaging.nifti import write_volume
from syntrust_core.testing.casemaker import (
    SHAPE,
    SPACING_MM,
    write_nifti,
    write_upload,
)

pytestmark = pytest.mark.numeric

nib: Any = nibabel  # its classes carry no types
Volumes = dict[str, NDArray[Any]]
COARSE = Grid(shape=(16, 16, 16), spacing_mm=(8.0, 8.0, 8.0))


@pytest.mark.parametrize("grid", ["native", COARSE])
def test_outside_the_brain_every_modality_is_exactly_its_background(
    tmp_path: Path, volumes: Volumes, grid: Any
) -> None:
    for offset, role in enumerate(MODALITIES):
        volumes[role] = (volumes[role] / 100 - 3.6 - offset).astype(np.float32)

    case, record = inspect_case(write_upload(tmp_path, volumes), grid=grid)

    for index, role in enumerate(MODALITIES):
        outside = np.unique(case.images[index][~case.brain])
        assert outside.tolist() == [record.background[role]]
        assert record.background[role] == np.float32(-3.6 - index)


def test_a_coarse_grid_keeps_volumes_and_intensities(tmp_path: Path, volumes: Volumes) -> None:
    fine, native = inspect_case(write_upload(tmp_path, volumes))
    coarse, record = inspect_case(write_upload(tmp_path, volumes), grid=COARSE)

    assert coarse.images.shape == (4, 16, 16, 16)
    assert (record.resampling, record.tumour_voxels_outside_grid) == ("linear", 0)
    assert record.brain_ml == pytest.approx(native.brain_ml, rel=0.05)
    assert sum(record.region_volumes_ml.values()) == pytest.approx(
        sum(native.region_volumes_ml.values()), rel=0.2
    )
    inner = coarse.images[0][coarse.brain]
    assert inner.mean() == pytest.approx(fine.images[0][fine.brain].mean(), rel=0.05)
    assert record.fingerprint == native.fingerprint
    assert record.uploaded_region_voxels == native.region_voxels


def test_background_does_not_bleed_into_the_brain(tmp_path: Path, volumes: Volumes) -> None:
    x = np.indices(SHAPE)[0]
    ramp = np.where(volumes["t1"] != 0, 1000 + 10 * x, -5000).astype(np.float32)

    case, _ = inspect_case(write_upload(tmp_path, {**volumes, "t2": ramp}), grid=COARSE)

    inside = case.images[2][case.brain]
    assert 1000 <= inside.min() < inside.max() <= 1000 + 10 * SHAPE[0]


def test_a_map_from_a_coarse_grid_returns_to_the_uploaded_grid(
    tmp_path: Path, volumes: Volumes
) -> None:
    case, record = inspect_case(write_upload(tmp_path, volumes), grid=COARSE)

    back = to_uploaded_grid(case.labels, record)

    truth = volumes["seg"] > 0
    found = back.values > 0
    assert back.values.shape == SHAPE
    assert set(np.unique(back.values)) <= {0, 1, 2, 4}
    assert 2 * (truth & found).sum() / (truth.sum() + found.sum()) > 0.75


def test_a_crop_returns_the_uploaded_mask_exactly(tmp_path: Path, volumes: Volumes) -> None:
    grid = Grid(shape=(22, 30, 18), spacing_mm=SPACING_MM)

    case, record = inspect_case(write_upload(tmp_path, volumes), grid=grid)

    assert record.resampling == "crop"
    np.testing.assert_array_equal(to_uploaded_grid(case.labels, record).values, volumes["seg"])


def test_tumour_outside_the_grid_is_counted(tmp_path: Path, volumes: Volumes) -> None:
    grid = Grid(shape=(11, 24, 20), spacing_mm=SPACING_MM)

    case, record = inspect_case(write_upload(tmp_path, volumes), grid=grid)

    lost = int((volumes["seg"] > 0).sum()) - int((case.labels > 0).sum())
    assert record.tumour_voxels_outside_grid == lost > 0
    assert warned(record, "seg", "grid")
    assert warned(record, "brain", "grid")


@pytest.mark.parametrize(("sform_code", "qform_code"), [(2, 0), (0, 1), (1, 1)])
def test_a_returned_map_is_written_with_the_header_of_the_upload(
    tmp_path: Path, volumes: Volumes, sform_code: int, qform_code: int
) -> None:
    affine = np.diag([4.0, -5.0, 6.0, 1.0])
    codes = {"sform_code": sform_code, "qform_code": qform_code}
    (tmp_path / "up").mkdir()
    files = {
        role: write_nifti(tmp_path / "up" / f"{role}.nii.gz", array, affine, codes)
        for role, array in volumes.items()
    }
    case, record = inspect_case(files)

    back = to_uploaded_grid(case.labels, record)
    write_volume(
        tmp_path / "back.nii.gz",
        back.values,
        back.affine,
        sform_code=back.frame.sform_code,
        qform_code=back.frame.qform_code,
    )

    ours, theirs = nib.load(tmp_path / "back.nii.gz"), nib.load(files["seg"])
    assert (int(ours.header["sform_code"]), int(ours.header["qform_code"])) == (
        sform_code,
        qform_code,
    )
    np.testing.assert_array_equal(ours.affine, theirs.affine)
    np.testing.assert_array_equal(np.asarray(ours.dataobj), np.asarray(theirs.dataobj))


def test_a_grid_that_leaves_out_most_of_the_tumour_is_refused(
    tmp_path: Path, volumes: Volumes
) -> None:
    grid = Grid(shape=(8, 8, 8), spacing_mm=(1.0, 1.0, 1.0))

    problem = the_problem(write_upload(tmp_path, volumes), grid=grid)

    assert (problem.file, problem.field) == ("seg", "grid")


def test_a_region_that_the_grid_swallows_is_noted(tmp_path: Path, volumes: Volumes) -> None:
    volumes["seg"][volumes["seg"] == 4] = 1
    volumes["seg"][tuple(np.argwhere(volumes["seg"] == 1)[0])] = 4

    _, record = inspect_case(
        write_upload(tmp_path, volumes), grid=Grid(shape=(8, 8, 8), spacing_mm=(16.0, 17.0, 18.0))
    )

    assert record.region_voxels["ET"] == 0
    assert "ET has 1 voxels in the upload and none on the grid." in warned(record, "seg", "grid")
