"""The client and the server's inspection read file names alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from syntrust import UnfitFolder
from syntrust.case_files import find_files, image_files
from syntrust.intake.file_names import NAMES as KNOWN
from syntrust.intake.file_names import role_of
from syntrust_core.cases import file_roles as core

NAMES = [
    "t1.nii.gz",
    "T1.NII.GZ",
    "t1ce.nii",
    "t1c.nii.gz",
    "t1n.nii",
    "t2w.nii.gz",
    "t2f.nii.gz",
    "flair.nii",
    "seg.nii.gz",
    "brain.nii.gz",
    "case-1_t1.nii.gz",
    "case-1-t2f.nii.gz",
    "CASE-1_seg.nii",
    "case-1__t1.nii.gz",
    "case-1_-t1.nii.gz",
    "other_t1.nii.gz",
    "case-1t1.nii.gz",
    "seg_auto.nii.gz",
    "t1.mha",
    "t1.nii.gz.part",
    ".nii.gz",
    "notes.txt",
    "case-1_.nii.gz",
    "t1gd.nii.gz",
    "case-1_tumor_segmentation.nii.gz",
    "case-1_segm.nii",
    "case-1_brain_mask.nii.gz",
    "brainmask.nii.gz",
    "case-1_nifti_t1.nii.gz",
]


def touch(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


@pytest.mark.parametrize("case", ["case-1", "case-1_nifti"])
@pytest.mark.parametrize("name", NAMES)
def test_a_name_means_the_same_to_client_and_server(name: str, case: str) -> None:
    assert role_of(name, case_id=case) == core.role_of(name, case_id=case)


def test_the_same_words_name_a_role_to_client_and_server() -> None:
    assert KNOWN == core.NAMES


def test_roles_and_ignored_names_of_a_folder_are_the_servers(tmp_path: Path) -> None:
    folder = touch(tmp_path / "case-1", "t1.nii.gz", "case-1_t2.nii", "seg_auto.nii.gz", "a.txt")
    (folder / "extra").mkdir()

    assert find_files(folder) == core.find_files(folder)


def test_two_files_of_one_role_are_refused_by_name(tmp_path: Path) -> None:
    folder = touch(tmp_path / "a", "t1.nii.gz", "t1n.nii.gz")

    with pytest.raises(UnfitFolder, match=r"t1: t1\.nii\.gz, t1n\.nii\.gz; keep one"):
        find_files(folder)


def test_a_modality_that_cannot_be_sent_is_refused_by_its_name(tmp_path: Path) -> None:
    folder = touch(tmp_path / "a", "t1.nii.gz", "t1ce.nii.gz", "t2.nii.gz", "flair.nii.gz")
    (folder / "t2.nii.gz").write_bytes(b"")

    with pytest.raises(UnfitFolder, match=r"a: t2\.nii\.gz is empty \(0 bytes\)"):
        image_files(folder)
