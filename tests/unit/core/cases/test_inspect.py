"""From uploaded files to the canonical case and back to the uploaded grid."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from itertools import permutations, product
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.core.cases.case_reading import problems, the_problem, warned

from syntrust_core.cases.digests import volume_digest
from syntrust_core.cases.export import to_uploaded_grid
from syntrust_core.cases.inspect import inspect_case
from syntrust_core.cases.model import Case, case_digests, read_case, write_case
from syntrust_core.contracts.case_record import CaseRecord
from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.errors import ObjectDamaged
from syntrust_core.imaging.geometry import Geometry
from syntrust_core.imaging.nifti import write_volume
from syntrust_core.testing.casemaker import (
    SHAPE,
    SPACING_MM,
    ellipsoid,
    lps_affine,
    write_nifti,
    write_upload,
)

nib: Any = nibabel  # its classes carry no types
Volumes = dict[str, NDArray[Any]]
COARSE = Grid(shape=(16, 16, 16), spacing_mm=(8.0, 8.0, 8.0))


def test_a_case_is_read_as_it_was_uploaded(tmp_path: Path, volumes: Volumes) -> None:
    case, record = inspect_case(write_upload(tmp_path, volumes))

    for role, image in zip(MODALITIES, case.images, strict=True):
        np.testing.assert_array_equal(image, volumes[role])
    np.testing.assert_array_equal(case.labels, np.array([0, 1, 2, 0, 3])[volumes["seg"]])
    np.testing.assert_array_equal(case.brain, volumes["t1"] != 0)
    assert [str(a.dtype) for a in (case.images, case.labels)] == ["float32", "uint8"]
    assert case.geometry == Geometry(SHAPE, SPACING_MM, (50.0, 60.0, -40.0))
    assert (record.resampling, record.brain_source) == ("none", "t1")
    assert record.background == dict.fromkeys(MODALITIES, 0.0)


def test_volumes_are_counted_per_region_in_voxels_and_millilitres(
    tmp_path: Path, volumes: Volumes
) -> None:
    _, record = inspect_case(write_upload(tmp_path, volumes))

    voxels = {r: int((volumes["seg"] == v).sum()) for r, v in (("NCR", 1), ("ED", 2), ("ET", 4))}
    assert record.region_voxels == record.uploaded_region_voxels == voxels
    assert record.region_volumes_ml["ED"] == pytest.approx(voxels["ED"] * 0.12)
    assert record.brain_ml == pytest.approx((volumes["t1"] != 0).sum() * 0.12)


FRAMES = ["".join(c) for order in permutations(("RL", "AP", "SI")) for c in product(*order)]


@pytest.mark.parametrize("codes", FRAMES)
def test_the_frame_of_the_upload_changes_nothing_and_is_restored_exactly(
    tmp_path: Path, volumes: Volumes, codes: str
) -> None:
    turned: Volumes = {}
    for role, array in volumes.items():
        image = nib.Nifti1Image(array, lps_affine())
        turn = nib.orientations.ornt_transform(
            nib.io_orientation(image.affine), nib.orientations.axcodes2ornt(codes)
        )
        there = image.as_reoriented(turn)
        turned[role], affine = np.asarray(there.dataobj), there.affine

    case, record = inspect_case(write_upload(tmp_path, turned, affine))
    back = to_uploaded_grid(case.labels, record)

    assert record.uploaded.axis_codes == codes
    assert record.digests == lps_record(tmp_path, volumes).digests
    np.testing.assert_array_equal(back.values, turned["seg"])
    np.testing.assert_allclose(back.affine, affine, rtol=0, atol=1e-6)


def lps_record(tmp_path: Path, volumes: Volumes) -> CaseRecord:
    return inspect_case(write_upload(tmp_path / "lps", volumes))[1]


def test_the_digest_does_not_depend_on_how_a_volume_is_stored(
    tmp_path: Path, volumes: Volumes
) -> None:
    _, first = inspect_case(write_upload(tmp_path / "a", volumes))
    stored = {role: array.astype(">f4") for role, array in volumes.items()}
    files = write_upload(tmp_path / "b", stored)
    for role, path in files.items():
        files[role] = path.with_suffix("")  # .nii, not compressed
        files[role].write_bytes(gzip.decompress(path.read_bytes()))

    _, second = inspect_case(files)

    assert second.digests == first.digests
    assert second.uploaded_digests == first.uploaded_digests
    assert second.fingerprint == first.fingerprint


def test_the_digest_depends_on_shape_frame_place_and_every_voxel() -> None:
    array = np.zeros((8, 9, 10), np.float32)
    other = array.copy()
    other[7, 8, 9] = 1e-3
    affine = lps_affine()
    moved = affine.copy()
    moved[0, 3] += 1e-4

    digests = {
        volume_digest(array, affine, "LPS"),
        volume_digest(other, affine, "LPS"),
        volume_digest(array.reshape(9, 8, 10), affine, "LPS"),
        volume_digest(array, affine, "RAS"),
        volume_digest(array, moved, "LPS"),
        volume_digest(array.astype(np.uint8), affine, "LPS"),
    }

    assert len(digests) == 6
    assert volume_digest(-array, affine - 0.0, "LPS") == volume_digest(array, affine + 1e-9, "LPS")


@pytest.mark.parametrize("role", [*MODALITIES, "seg"])
def test_a_missing_file_is_refused_by_name(tmp_path: Path, role: str) -> None:
    files = write_upload(tmp_path)
    del files[role]

    problem = the_problem(files)

    assert (problem.file, problem.field) == (role, "file")
    assert "missing" in problem.reason


def test_every_problem_is_reported_at_once(tmp_path: Path, volumes: Volumes) -> None:
    volumes["t2"] = volumes["t2"][:-1]
    volumes["seg"][0, 0, 0] = 7
    files = write_upload(tmp_path, volumes)
    del files["t1"]
    files["flair"].write_text("not an image")
    files["note"] = files["flair"]

    found = {(problem.file, problem.field) for problem in problems(files)}

    assert found == {
        ("t1", "file"),
        ("note", "file"),
        ("t2", "shape"),
        ("flair", "header"),
        ("seg", "label"),
    }


@pytest.mark.parametrize(("shift_mm", "accepted"), [(5e-4, True), (2e-3, False)])
@pytest.mark.parametrize("role", ["flair", "seg"])
def test_files_share_one_affine_to_a_micrometre(
    tmp_path: Path, volumes: Volumes, role: str, *, shift_mm: float, accepted: bool
) -> None:
    files = write_upload(tmp_path, volumes)
    affine = lps_affine()
    affine[1, 3] += shift_mm
    write_nifti(files[role], volumes[role], affine)

    if accepted:
        inspect_case(files)
    else:
        problem = the_problem(files)
        assert (problem.file, problem.field) == (role, "affine")
        assert "0.002 mm" in problem.reason


def test_a_flipped_mask_is_refused(tmp_path: Path, volumes: Volumes) -> None:
    files = write_upload(tmp_path, volumes)
    write_nifti(files["seg"], volumes["seg"], np.diag([4.0, 5.0, 6.0, 1.0]))

    assert the_problem(files).field == "affine"


def test_an_oblique_case_is_refused_once(tmp_path: Path, volumes: Volumes) -> None:
    turn = np.eye(4)
    turn[:3, :3] = nib.eulerangles.euler2mat(0.1, 0, 0)

    problem = the_problem(write_upload(tmp_path, volumes, turn @ lps_affine()))

    assert (problem.file, problem.field) == ("t1", "affine")


def test_an_inflated_size_over_the_limit_is_refused(tmp_path: Path) -> None:
    found = problems(write_upload(tmp_path), limit_bytes=1000)

    assert {problem.field for problem in found} == {"dim"}


@pytest.mark.parametrize(
    ("change", "file", "field"),
    [
        (lambda v: v["t1"].__setitem__((0, 0, 0), 5), "t1", "background"),
        (lambda v: v["t1"].fill(0), "t1", "brain"),
        (lambda v: fill_all_but_corners(v["t1"]), "t1", "brain"),
        (lambda v: v["flair"].__setitem__(v["flair"] != 0, 9), "flair", "voxels"),
        (lambda v: v["seg"].fill(0), "seg", "label"),
        (lambda v: v.update(seg=np.roll(v["seg"], 12, axis=0)), "seg", "brain"),
        (lambda v: v["seg"].__setitem__(v["t1"] != 0, 4), "seg", "label"),
        (lambda v: v.update(t1=v["t1"] * 1e300), "t1", "voxels"),
    ],
    ids=[
        "corners differ",
        "no brain",
        "brain fills the volume",
        "constant modality",
        "no tumour",
        "tumour outside the brain",
        "label 4 is the brain",
        "beyond float32",
    ],
)
def test_a_case_that_makes_no_sense_is_refused_by_file_and_field(
    tmp_path: Path, volumes: Volumes, change: Callable[[Volumes], object], file: str, field: str
) -> None:
    change(volumes)

    problem = the_problem(write_upload(tmp_path, volumes))

    assert (problem.file, problem.field) == (file, field)


def fill_all_but_corners(image: NDArray[Any]) -> None:
    image[image == 0] = 9
    image[:: image.shape[0] - 1, :: image.shape[1] - 1, :: image.shape[2] - 1] = 0


def test_an_uploaded_brain_makes_images_with_their_skull_usable(
    tmp_path: Path, volumes: Volumes
) -> None:
    brain = volumes["t1"] != 0
    noise = np.random.default_rng(3).integers(1, 50, SHAPE).astype(np.int16)
    volumes.update({role: np.where(brain, volumes[role], noise) for role in MODALITIES})
    volumes["brain"] = (brain * 255).astype(np.int32)

    case, record = inspect_case(write_upload(tmp_path, volumes))

    assert record.brain_source == "file"
    np.testing.assert_array_equal(case.brain, brain)
    for index, role in enumerate(MODALITIES):
        assert set(np.unique(case.images[index][~brain])) == {record.background[role]} == {1.0}
        assert "corners differ" in " ".join(warned(record, role, "background"))


def test_an_uploaded_brain_wins_over_t1(tmp_path: Path, volumes: Volumes) -> None:
    brain = ellipsoid(SHAPE, (0.48, 0.52, 0.5), 0.3)

    case, record = inspect_case(
        write_upload(tmp_path, {**volumes, "brain": brain.astype(np.uint8)})
    )

    np.testing.assert_array_equal(case.brain, brain)
    assert warned(record, "t1", "background")


def test_a_brain_file_with_several_values_is_refused(tmp_path: Path, volumes: Volumes) -> None:
    tissue = (volumes["t1"] != 0).astype(np.uint8) + (volumes["t1"] > 500)

    problem = the_problem(write_upload(tmp_path, {**volumes, "brain": tissue}))

    assert (problem.file, problem.field) == ("brain", "label")


def test_a_few_tumour_voxels_outside_the_brain_are_added_to_it(
    tmp_path: Path, volumes: Volumes
) -> None:
    tumour = np.argwhere(volumes["seg"] > 0)[:3]
    volumes["t1"][tuple(tumour.T)] = 0

    case, record = inspect_case(write_upload(tmp_path, volumes))

    assert case.brain[tuple(tumour.T)].all()
    assert warned(record, "t1", "brain")[0].startswith("3 of ")


def test_label_4_of_med_ddpm_is_the_brain_and_returns_exactly(
    tmp_path: Path, volumes: Volumes
) -> None:
    brain, seg = volumes["t1"] != 0, volumes["seg"]
    mask = np.where(seg == 4, 3, np.where(brain & (seg == 0), 4, seg)).astype(np.float64)
    files = write_upload(tmp_path, {**volumes, "seg": mask})

    case, record = inspect_case(files, scheme="med_ddpm")
    back = to_uploaded_grid(case.labels, record, brain=case.brain)

    assert record.brain_source == "label"
    np.testing.assert_array_equal(case.brain, brain)
    np.testing.assert_array_equal(back.values, mask)
    assert the_problem(files).reason.startswith("The mask holds labels 3 and 4")


def test_a_brats2021_mask_given_as_med_ddpm_is_refused(tmp_path: Path) -> None:
    problem = the_problem(write_upload(tmp_path), scheme="med_ddpm")

    assert (problem.file, problem.field) == ("seg", "label")
    assert "brats2021" in problem.reason


def test_odd_but_usable_intensities_are_noted(tmp_path: Path, volumes: Volumes) -> None:
    inside = tuple(np.argwhere(volumes["t2"] != 0)[0])
    volumes["t2"][inside] = -40
    volumes["t1ce"][inside] = 32767
    volumes["flair"] = volumes["t2"].copy()

    _, record = inspect_case(write_upload(tmp_path, volumes))

    assert "below the background" in warned(record, "t2", "voxels")[0]
    assert "32767" in warned(record, "t1ce", "saturation")[0]
    assert "The same voxels as t2" in warned(record, "flair", "voxels")[0]


def test_the_fingerprint_finds_a_mask_under_another_scheme_and_crop(
    tmp_path: Path, volumes: Volumes
) -> None:
    _, first = inspect_case(write_upload(tmp_path / "a", volumes))
    cropped = {role: array[2:, 1:-1, 2:] for role, array in volumes.items()}
    cropped["seg"] = np.where(cropped["seg"] == 4, 3, cropped["seg"]).astype(np.float32)

    _, second = inspect_case(write_upload(tmp_path / "b", cropped))

    assert second.fingerprint == first.fingerprint
    assert second.label_map_digest != first.label_map_digest


@pytest.mark.parametrize("grid", ["native", COARSE])
def test_a_written_case_is_read_back_exactly_and_written_to_the_same_bytes(
    tmp_path: Path, grid: Any
) -> None:
    case, record = inspect_case(write_upload(tmp_path / "up"), scheme="brats2021", grid=grid)

    paths = write_case(case, record, tmp_path / "a")
    again, record_again = read_case(tmp_path / "a")

    assert record_again == record
    assert again.geometry == case.geometry
    for name in ("images", "labels", "brain"):
        np.testing.assert_array_equal(getattr(again, name), getattr(case, name))
    assert case_digests(again) == record.digests
    for path in write_case(again, record_again, tmp_path / "b").values():
        assert path.read_bytes() == (tmp_path / "a" / path.name).read_bytes()
    assert sorted(paths) == sorted([*MODALITIES, "labels", "brain", "case"])


def test_a_volume_on_another_grid_is_not_read_as_part_of_a_case(tmp_path: Path) -> None:
    case, record = inspect_case(write_upload(tmp_path / "up"))
    paths = write_case(case, record, tmp_path / "case")
    write_volume(paths["t2"], case.images[2], lps_affine((4.0, 5.0, 7.0)))

    with pytest.raises(ObjectDamaged, match="t2"):
        read_case(tmp_path / "case")


def test_a_case_compares_by_what_it_holds(tmp_path: Path) -> None:
    files = write_upload(tmp_path)

    first, second = (inspect_case(files) for _ in range(2))

    assert isinstance(first[0], Case)
    assert first[1] == second[1]
