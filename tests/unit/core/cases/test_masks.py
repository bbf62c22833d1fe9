"""A mask alone: inspected without images, and images drawn for it brought back to its grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from syntrust_core.cases.export import export_images
from syntrust_core.cases.inspect import inspect_case
from syntrust_core.cases.model import read_case, write_case
from syntrust_core.contracts.case_record import CaseRecord, CaseRefused
from syntrust_core.contracts.experiment_steps import InspectCase
from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.vocabulary import MODALITIES, Scheme
from syntrust_core.imaging.geometry import Geometry
from syntrust_core.imaging.nifti import read_volume
from syntrust_core.testing.casemaker import (
    SHAPE,
    Affine,
    ellipsoid,
    lps_affine,
    make_volumes,
    write_upload,
)

pytestmark = pytest.mark.numeric

BRAIN = ellipsoid(SHAPE, (0.48, 0.52, 0.5), 0.38)
RAS = np.diag([4.0, 5.0, 6.0, 1.0])


def mask_files(
    folder: Path, *, affine: Affine | None = None, brain: bool = True
) -> dict[str, Path]:
    volumes: dict[str, Any] = {"seg": make_volumes()["seg"]}
    if brain:
        volumes["brain"] = BRAIN.astype(np.uint8)
    return write_upload(folder, volumes, affine)


def med_ddpm_files(folder: Path) -> dict[str, Path]:
    seg = np.where(BRAIN, 4, 0).astype(np.uint8)
    labels = make_volumes()["seg"]
    seg[labels == 1], seg[labels == 2], seg[labels == 4] = 1, 2, 3
    return write_upload(folder, {"seg": seg})


def write_back(
    images: NDArray[np.float32],
    brain: NDArray[np.bool_],
    record: CaseRecord,
    folder: Path,
    geometry: Geometry,
) -> dict[str, Path]:
    """Write images of a mask's twin on the grid of its upload, with background -1."""
    return export_images(
        images,
        brain=brain,
        geometry=geometry,
        uploaded=record.uploaded,
        background=-1,
        folder=folder / "out",
    )


def test_a_mask_gives_the_labels_brain_and_digest_of_the_whole_case_it_is_cut_from(
    tmp_path: Path,
) -> None:
    volumes = {**make_volumes(), "brain": BRAIN.astype(np.uint8)}
    whole, record = inspect_case(write_upload(tmp_path / "whole", volumes))

    mask, alone = inspect_case(mask_files(tmp_path / "mask"), purpose="mask")

    np.testing.assert_array_equal(mask.labels, whole.labels)
    np.testing.assert_array_equal(mask.brain, whole.brain)
    assert alone.label_map_digest == record.label_map_digest
    assert alone.fingerprint == record.fingerprint


def test_the_case_of_a_mask_has_no_images_when_it_is_read_again(tmp_path: Path) -> None:
    case, record = inspect_case(mask_files(tmp_path / "mask"), purpose="mask")

    paths = write_case(case, record, tmp_path / "case")
    again, record_again = read_case(tmp_path / "case")

    assert set(paths) == {"labels", "brain", "case"}
    assert again.images.shape == (0, *SHAPE)
    assert record_again == record
    np.testing.assert_array_equal(again.labels, case.labels)


def test_the_brain_of_a_med_ddpm_mask_is_its_label_4(tmp_path: Path) -> None:
    case, record = inspect_case(med_ddpm_files(tmp_path), scheme="med_ddpm", purpose="mask")

    np.testing.assert_array_equal(case.brain, BRAIN)
    assert record.brain_source == "label"


@pytest.mark.parametrize("scheme", ["auto", "brats2021"])
def test_a_mask_that_does_not_say_where_the_brain_is_is_refused_and_told_what_to_send(
    tmp_path: Path, scheme: Scheme
) -> None:
    with pytest.raises(CaseRefused) as caught:
        inspect_case(mask_files(tmp_path, brain=False), scheme=scheme, purpose="mask")

    (problem,) = caught.value.problems
    assert (problem.file, problem.field) == ("brain", "file")
    assert "brain.nii.gz" in problem.reason
    assert "med_ddpm" in problem.reason


def test_an_image_beside_a_mask_is_refused_as_nothing_reads_it(tmp_path: Path) -> None:
    files = mask_files(tmp_path) | {"t1": tmp_path / "seg.nii.gz"}

    with pytest.raises(CaseRefused, match="known are seg, brain"):
        inspect_case(files, purpose="mask")


def test_the_purpose_is_part_of_a_steps_identity_and_absent_for_a_whole_case() -> None:
    upload = {"key": "uploads/1/a", "bytes": 1, "sha256": "a" * 64}
    request = {"files": {"seg": upload}, "scheme": "auto", "grid": "native"}

    case = InspectCase.model_validate(request)
    mask = InspectCase.model_validate({**request, "purpose": "mask"})

    assert "purpose" not in case.model_dump()
    assert case.step_id != mask.step_id


def test_images_on_the_native_grid_come_back_voxel_for_voxel(tmp_path: Path) -> None:
    case, record = inspect_case(mask_files(tmp_path, affine=RAS), purpose="mask")
    images = np.random.default_rng(0).normal(size=(4, *case.geometry.shape)).astype(np.float32)
    images[:, ~case.brain] = -1

    paths = write_back(images, case.brain, record, tmp_path, case.geometry)

    assert list(paths) == list(MODALITIES)
    for image, path in zip(images, paths.values(), strict=True):
        voxels, affine = read_volume(path)
        np.testing.assert_allclose(affine, RAS, atol=1e-6)
        # RAS runs against LPS along x and y.
        np.testing.assert_array_equal(voxels, image[::-1, ::-1])


def test_a_linear_ramp_drawn_on_a_coarser_grid_comes_back_as_itself(tmp_path: Path) -> None:
    grid = Grid(shape=(24, 24, 24), spacing_mm=(6.0, 6.0, 6.0))
    case, record = inspect_case(mask_files(tmp_path), grid=grid, purpose="mask")

    paths = write_back(
        np.stack([_world_x(case.geometry)] * 4),
        np.ones(grid.shape, np.bool_),
        record,
        tmp_path,
        case.geometry,
    )

    voxels, _ = read_volume(paths["t1"])
    expected = lps_affine()[0, 3] + lps_affine()[0, 0] * np.arange(SHAPE[0])
    np.testing.assert_allclose(voxels[4:-4, 12, 10], expected[4:-4], atol=1e-3)


def test_background_never_bleeds_into_the_brain_nor_lies_inside_it(tmp_path: Path) -> None:
    grid = Grid(shape=(24, 24, 24), spacing_mm=(6.0, 6.0, 6.0))
    case, record = inspect_case(mask_files(tmp_path), grid=grid, purpose="mask")
    images = np.where(case.brain, np.float32(0.5), np.float32(-1))[None].repeat(4, axis=0)

    paths = write_back(images, case.brain, record, tmp_path, case.geometry)

    voxels, _ = read_volume(paths["flair"])
    inside = voxels > -1
    np.testing.assert_allclose(voxels[inside], 0.5, rtol=1e-5)
    overlap = 2 * np.count_nonzero(inside & BRAIN) / (inside.sum() + BRAIN.sum())
    assert overlap > 0.9


def test_equal_images_are_written_as_equal_bytes(tmp_path: Path) -> None:
    case, record = inspect_case(mask_files(tmp_path), purpose="mask")
    images = np.full((4, *SHAPE), 0.25, np.float32)

    first, second = (
        export_images(
            images,
            brain=case.brain,
            geometry=case.geometry,
            uploaded=record.uploaded,
            background=-1,
            folder=tmp_path / name,
        )
        for name in ("a", "b")
    )

    assert first["t1"].read_bytes() == second["t1"].read_bytes()


def _world_x(geometry: Geometry) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Millimetres along x of every voxel."""
    x = geometry.affine[0, 3] + geometry.affine[0, 0] * np.arange(geometry.shape[0])
    return np.broadcast_to(x[:, None, None], geometry.shape).astype(np.float32)
