"""Roles of files by their names alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from syntrust_core.cases.file_roles import find_files
from syntrust_core.contracts.case_record import CaseRefused


def folder_with(parent: Path, name: str, *files: str) -> Path:
    folder = parent / name
    folder.mkdir()
    for file in files:
        (folder / file).touch()
    return folder


@pytest.mark.parametrize(
    ("name", "roles"),
    [
        ("t1.nii.gz", "t1"),
        ("T1CE.NII", "t1ce"),
        ("BraTS2021_00006_flair.nii.gz", "flair"),
        ("BraTS2021_00006-t1n.nii.gz", "t1"),
        ("BraTS2021_00006-t1c.nii.gz", "t1ce"),
        ("BraTS2021_00006-t2w.nii.gz", "t2"),
        ("BraTS2021_00006-t2f.nii.gz", "flair"),
        ("brain.nii.gz", "brain"),
        ("seg.nii", "seg"),
        ("brainmask.nii.gz", "brain"),
        ("BraTS2021_00006_brain_mask.nii.gz", "brain"),
        ("BraTS2021_00006_T1GD.nii.gz", "t1ce"),
        ("BraTS2021_00006_segm.nii.gz", "seg"),
        ("BraTS2021_00006_tumor_segmentation.nii.gz", "seg"),
    ],
)
def test_a_role_a_prefix_or_an_alias_is_recognised(tmp_path: Path, name: str, roles: str) -> None:
    folder = folder_with(tmp_path, "BraTS2021_00006", name)

    assert find_files(folder) == ({roles: folder / name}, [])


@pytest.mark.parametrize(
    "name",
    [
        "seg_auto.nii.gz",
        "seg_monai_channels.nii.gz",
        "brain_segmentation.nii.gz",
        "automated_segm.nii.gz",
        "other_t1.nii.gz",
        "t1_brain.nii.gz",
        "t1.mha",
        "t1.nii.gz.part",
        "README.md",
    ],
)
def test_what_is_not_exactly_a_role_is_ignored_and_listed(tmp_path: Path, name: str) -> None:
    folder = folder_with(tmp_path, "case", name)

    assert find_files(folder) == ({}, [name])


def test_a_file_may_lack_the_nifti_at_the_end_of_its_folders_name(tmp_path: Path) -> None:
    names = ("UCSF-PDGM-0004_T1c.nii.gz", "UCSF-PDGM-0004_T1c_bias.nii.gz")
    folder = folder_with(tmp_path, "UCSF-PDGM-0004_nifti", *names)

    assert find_files(folder) == ({"t1ce": folder / names[0]}, [names[1]])


@pytest.mark.parametrize("second", ["t1n.nii.gz", "t1.nii", "case_t1.nii.gz"])
def test_two_files_for_one_role_are_refused(tmp_path: Path, second: str) -> None:
    folder = folder_with(tmp_path, "case", "t1.nii.gz", second)

    with pytest.raises(CaseRefused) as caught:
        find_files(folder)

    (problem,) = caught.value.problems
    assert (problem.file, problem.field) == ("t1", "file")
    assert second in problem.reason
