"""The real cases beside the checkout: every one is read rightly, or refused with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from syntrust_core.cases.export import to_uploaded_grid
from syntrust_core.cases.file_roles import find_files
from syntrust_core.cases.inspect import inspect_case
from syntrust_core.cases.label_schemes import choose_mapping, integer_values, value_counts
from syntrust_core.contracts.case_record import CaseRefused
from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.vocabulary import NamedScheme, Scheme
from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.nifti import read_nifti

DATA = Path(__file__).parents[5] / "shared" / "data"
SMALL = Grid(shape=(48, 48, 48), spacing_mm=(4.0, 4.0, 4.0))
pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real test cases are not beside the checkout"),
]

# Voxels of NCR, ED and ET as the data's own description gives them.
EXPECTED = {
    "BraTS2021_00006": (25506, 85957, 26448),
    "BraTS2021_01476": (23189, 27760, 224),
    "BraTS2021_01477": (77985, 117448, 0),
    "BraTS2021_01481": (1501, 52436, 2575),
    "BraTS2021_01482": (1441, 27169, 1463),
    "BraTS-GLI-00012-000": (171723, 91862, 224),
}


def problems(folder: str, scheme: Scheme = "auto") -> dict[tuple[str, str], str]:
    files, _ = find_files(DATA / "edge_cases" / folder)
    with pytest.raises(CaseRefused) as caught:
        inspect_case(files, scheme=scheme, grid=SMALL)
    return {(p.file, p.field): p.reason for p in caught.value.problems}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_case_is_read_with_its_published_voxel_counts(name: str) -> None:
    files, _ = find_files(DATA / "cases" / name)

    case, record = inspect_case(files, grid=SMALL)

    counts = record.uploaded_region_voxels
    assert (counts["NCR"], counts["ED"], counts["ET"]) == EXPECTED[name]
    assert record.tumour_voxels_outside_grid == 0
    assert 1200 < record.brain_ml < 1800
    assert record.uploaded.axis_codes == "LPS"
    saturated = [w.file for w in record.warnings if w.field == "saturation"]
    assert len(saturated) == (4 if name == "BraTS2021_01482" else 0)
    assert case.images.shape == (4, 48, 48, 48)


def test_the_same_mask_in_both_schemes_is_the_same_case_and_returns_exactly() -> None:
    files, ignored = find_files(DATA / "cases" / "BraTS2021_00006")
    channels = files["seg"].with_name("seg_monai_channels.nii.gz")

    first_case, first = inspect_case(files)
    _, second = inspect_case({**files, "seg": channels})

    assert ignored == [channels.name]
    assert second.digests == first.digests
    assert second.fingerprint == first.fingerprint
    back = to_uploaded_grid(first_case.labels, first)
    np.testing.assert_array_equal(back.values, read_nifti(files["seg"], role="seg").voxels)


def test_med_ddpm_s_own_files_are_refused_until_their_scheme_is_given() -> None:
    found = problems("med_ddpm_preprocessed_01306")
    files, _ = find_files(DATA / "edge_cases" / "med_ddpm_preprocessed_01306")

    case, record = inspect_case(files, scheme="med_ddpm")
    back = to_uploaded_grid(case.labels, record, brain=case.brain)

    assert "labels 3 and 4" in found["seg", "label"]
    assert record.brain_source == "label"
    assert record.region_voxels == {"NCR": 40, "ED": 48100, "ET": 8029}
    assert record.background == {"t1": -1, "t1ce": -1, "t2": -1, "flair": -1}
    np.testing.assert_array_equal(back.values, read_nifti(files["seg"], role="seg").voxels)


def test_a_2013_case_is_refused_for_both_missing_modalities_and_its_labels() -> None:
    found = problems("brats2013_pat0001_two_modalities")

    assert set(found) == {("t1", "file"), ("t2", "file"), ("seg", "label")}
    explicit: Scheme = {"NCR": (1, 3), "ED": 2, "ET": 4}
    assert set(problems("brats2013_pat0001_two_modalities", explicit)) == {
        ("t1", "file"),
        ("t2", "file"),
    }


@pytest.mark.parametrize("name", ["AURORA_ras_header", "TCGA-DU-7294_negative_values"])
def test_an_automatic_mask_is_no_expert_mask(name: str) -> None:
    _, ignored = find_files(DATA / "edge_cases" / name)

    assert set(problems(name)) == {("seg", "file")}
    assert ignored == ["seg_auto.nii.gz"]


def test_a_ras_header_is_believed_and_restored() -> None:
    files, _ = find_files(DATA / "edge_cases" / "AURORA_ras_header")
    seg = files["t1"].with_name("seg_auto.nii.gz")

    case, record = inspect_case({**files, "seg": seg}, scheme="brats2023")
    back = to_uploaded_grid(case.labels, record)

    assert record.uploaded.axis_codes == "RAS"
    assert record.canonical.origin_mm == (239.0, 478.0, 0.0)
    uploaded = read_nifti(seg, role="seg").voxels
    np.testing.assert_array_equal(case.labels, uploaded[::-1, ::-1])
    np.testing.assert_array_equal(back.values, uploaded)


def test_negative_intensities_are_kept_and_noted() -> None:
    files, _ = find_files(DATA / "edge_cases" / "TCGA-DU-7294_negative_values")
    seg = files["t1"].with_name("seg_auto.nii.gz")

    case, record = inspect_case({**files, "seg": seg})

    assert [float(image.min()) for image in case.images] == [-69.0, -105.0, -122.0, -54.0]
    assert {w.file for w in record.warnings if "below the background" in w.reason} == set(files)


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("med_ddpm_preprocessed_00529_seg", {"brats2024", "med_ddpm"}),
        ("post_treatment_100001_time1_seg", {"brats2024", "med_ddpm"}),
    ],
)
def test_a_mask_with_labels_3_and_4_is_never_guessed(name: str, good: set[str]) -> None:
    values = integer_values(read_nifti(DATA / "masks" / f"{name}.nii.gz", role="seg"), role="seg")
    accepted = set()

    for scheme in ("auto", *get_args(NamedScheme)):
        try:
            choose_mapping(scheme, value_counts(values))
        except InvalidVolume:
            continue
        accepted.add(scheme)

    assert accepted == good
