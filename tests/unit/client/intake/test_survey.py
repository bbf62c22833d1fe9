"""Every folder that is searched comes to one outcome, with its reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.unit.client.intake import layouts

from syntrust import UnfitFolder
from syntrust.intake.outcomes import Survey, Unfit
from syntrust.intake.survey import read_case, survey


def ids(found: Survey) -> list[str]:
    return [case.id for case in found.cases]


def reasons(unfit: tuple[Unfit, ...]) -> dict[str, str]:
    return {each.label: each.reason for each in unfit}


def roles(found: Survey) -> dict[str, str]:
    """File names by role, of the one case that was found."""
    (case,) = found.cases
    return {role: path.name for role, path in case.files.items()}


def known_layouts(root: Path) -> set[str]:
    """Make a folder of every kind that is known; gives their labels."""
    made = [
        layouts.plain(root / "good"),
        layouts.brats(root / "BraTS-MET-00001-000"),
        layouts.ucsf(root / "UCSF-PDGM-0004_nifti"),
        layouts.upenn(root / "UPENN-GBM-00001_11"),
        layouts.bids(root / "sub-1" / "ses-1").parent,
        layouts.bids(root / "sub-2").parent,
        layouts.plain(root / "site" / "Patient 01"),
        layouts.plain(root / "site" / "P9" / "Timepoint_1"),
    ]
    layouts.nnunet(root / "Dataset001", "BRATS_001", "BRATS_002")
    numbered = {"Dataset001/imagesTr/BRATS_001", "Dataset001/imagesTr/BRATS_002"}
    return {path.relative_to(root).as_posix() for path in made} | numbered


def unfit_cases(root: Path) -> set[str]:
    """Make cases that cannot be sent; gives their labels."""
    layouts.numbered(root / "BRATS_003", "BRATS_003")  # no dataset.json
    layouts.plain(root / "no mask", without=["seg"])
    layouts.touch(layouts.plain(root / "two masks"), ["segm.nii.gz"])
    layouts.plain(root / "empty file").joinpath("t2.nii.gz").write_bytes(b"")
    layouts.plain(root / "dead link", without=["seg"])
    (root / "dead link" / "seg.nii.gz").symlink_to("../.git/annex/objects/x")
    return {"BRATS_003", "no mask", "two masks", "empty file", "dead link"}


def no_cases(root: Path) -> set[str]:
    """Make folders that are no cases; gives their labels."""
    (root / "dead folder").symlink_to("nowhere")
    layouts.touch(root / "foreign", ["scan_a.nii.gz", "scan_b.nii.gz"])
    layouts.touch(root / "dicom", ["1.dcm", "2.dcm"])
    (root / "nothing").mkdir()
    return {"dead folder", "foreign", "dicom", "nothing"}


def test_registered_refused_and_left_out_folders_are_all_folders_each_with_its_reason(
    tmp_path: Path,
) -> None:
    cases, unfit, others = known_layouts(tmp_path), unfit_cases(tmp_path), no_cases(tmp_path)
    layouts.touch(tmp_path, ["participants.tsv", ".DS_Store"])
    layouts.plain(tmp_path / "__MACOSX" / "good")

    found = survey(tmp_path)

    assert {case.label for case in found.cases} == cases
    assert set(reasons(found.refused)) == unfit
    assert set(reasons(found.left_out)) == others
    assert found.total == len(cases) + len(unfit) + len(others)
    assert all(each.reason for each in (*found.refused, *found.left_out))
    assert (found.not_read, found.hidden) == (("participants.tsv", "Dataset001/dataset.json"), 2)


def test_the_names_of_ucsf_pdgm_are_known_and_its_further_files_named(tmp_path: Path) -> None:
    found = survey(layouts.ucsf(tmp_path / "UCSF-PDGM-0004_nifti"))

    expected = {role: f"UCSF-PDGM-0004_{name}.nii.gz" for role, name in layouts.UCSF.items()}
    assert (ids(found), roles(found)) == (["UCSF-PDGM-0004_nifti"], expected)
    assert "UCSF-PDGM-0004_ADC.nii.gz" in found.cases[0].ignored


@pytest.mark.parametrize("kind", ["GLI", "MET", "PED", "MEN"])
def test_the_names_of_brats_are_known(tmp_path: Path, kind: str) -> None:
    found = survey(layouts.brats(tmp_path / f"BraTS-{kind}-00012-000"))

    assert roles(found)["t1ce"] == f"BraTS-{kind}-00012-000-t1c.nii.gz"


def test_a_brain_mask_is_taken_and_two_are_refused(tmp_path: Path) -> None:
    one = layouts.touch(layouts.plain(tmp_path / "one"), ["brain_mask.nii.gz"])
    two = layouts.touch(layouts.plain(tmp_path / "two"), ["brainmask.nii.gz", "two_brain.nii"])

    assert roles(survey(one))["brain"] == "brain_mask.nii.gz"
    assert reasons(survey(two).refused) == {
        "two": "several files claim to be brain: brainmask.nii.gz, two_brain.nii; keep one"
    }


def test_a_case_that_lacks_its_mask_tells_what_it_has_and_what_is_expected(tmp_path: Path) -> None:
    folder = layouts.plain(tmp_path / "BraTS20_Training_355", without=["seg"])
    layouts.touch(folder, ["W39_2001.01.01_Segm.nii.gz"])

    assert reasons(survey(folder).refused) == {
        "BraTS20_Training_355": "lacks seg (expected seg.nii.gz); what else lies there is "
        "no such file: W39_2001.01.01_Segm.nii.gz"
    }


def test_files_named_after_another_case_or_several_are_told_so(tmp_path: Path) -> None:
    layouts.touch(tmp_path / "a", [f"p7_{role}.nii.gz" for role in layouts.ROLES])
    layouts.touch(tmp_path / "b", ["p7_t1.nii.gz", "p8_t1.nii.gz"])

    found = reasons(survey(tmp_path).left_out)

    assert "named after p7 and the folder is not" in found["a"]
    assert "files of several cases (p7, p8)" in found["b"]


def test_a_case_with_another_case_inside_is_refused(tmp_path: Path) -> None:
    layouts.plain(tmp_path / "outer")
    layouts.plain(tmp_path / "outer" / "inner")

    found = survey(tmp_path)

    assert ids(found) == []
    assert "in inner, those of another" in reasons(found.refused)["outer"]


def test_a_volume_or_a_dead_link_beside_cases_is_left_out_by_name(tmp_path: Path) -> None:
    layouts.plain(tmp_path / "a")
    layouts.touch(tmp_path, ["atlas.nii.gz", "README.md"])
    (tmp_path / "case-2").symlink_to("gone")

    found = survey(tmp_path)

    assert reasons(found.left_out) == {
        "atlas.nii.gz": "is a volume outside the folder of a case",
        "case-2": "is a link to gone, which does not exist",
    }
    assert found.not_read == ("README.md",)


def test_links_to_folders_are_followed_and_circles_named(tmp_path: Path) -> None:
    case = layouts.plain(tmp_path / "elsewhere" / "a")
    root = tmp_path / "root"
    (root / "site").mkdir(parents=True)
    (root / "site" / "linked").symlink_to(case)
    (root / "site" / "again").symlink_to(root)

    found = survey(root)

    assert ids(found) == ["linked"]
    assert reasons(found.left_out) == {"site/again": "is a link to a folder that it lies in"}


def test_what_lies_too_deep_is_left_out_by_name(tmp_path: Path) -> None:
    layouts.plain(tmp_path / "1" / "2" / "3" / "4" / "fine")
    layouts.plain(tmp_path / "1" / "2" / "3" / "4" / "5" / "deep")

    found = survey(tmp_path)

    assert ids(found) == ["fine"]
    assert reasons(found.left_out) == {"1/2/3/4/5/deep": "lies more than 5 folders deep"}


def test_a_name_of_any_bytes_can_be_printed(tmp_path: Path) -> None:
    os.mkdir(os.fsencode(tmp_path) + b"/M\xfcller\n")  # noqa: PTH102 - a name that is not UTF-8

    (label,) = reasons(survey(tmp_path).left_out)

    assert label.encode("utf-8") == b"M\\udcfcller\\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_or_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o000)
    (layouts.plain(tmp_path / "a") / "t1.nii.gz").chmod(0o000)

    found = survey(tmp_path)

    assert reasons(found.left_out) == {"closed": "cannot be read: Permission denied"}
    assert reasons(found.refused) == {"a": "t1.nii.gz cannot be read: Permission denied"}


def test_one_case_is_read_alone_and_anything_else_refused_with_its_folder(tmp_path: Path) -> None:
    layouts.plain(tmp_path / "P1" / "ses-1")
    layouts.plain(tmp_path / "P1" / "ses-2")

    assert read_case(tmp_path / "P1" / "ses-1").id == "P1_ses-1"
    with pytest.raises(UnfitFolder, match=r"P1 holds 2 cases \(ses-1, ses-2\); name one"):
        read_case(tmp_path / "P1")
    with pytest.raises(UnfitFolder, match="is not a folder"):
        read_case(tmp_path / "absent")
    with pytest.raises(UnfitFolder, match="empty: is empty"):
        read_case(layouts.touch(tmp_path / "empty", []))
