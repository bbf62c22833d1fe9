"""BIDS: what a file is stands in its entities."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.client.intake import layouts

from syntrust.intake.bids import role_of
from syntrust.intake.survey import survey

IMAGES = ("T1w", "ce-gadolinium_T1w", "T2w", "FLAIR")


@pytest.mark.parametrize(
    ("rest", "role"),
    [
        ("T1w", "t1"),
        ("acq-mprage_run-1_T1w", "t1"),
        ("desc-preproc_T1w", "t1"),
        ("ce-gadolinium_T1w", "t1ce"),
        ("acq-3d_ce-gd_desc-preproc_T1w", "t1ce"),
        ("T2w", "t2"),
        ("FLAIR", "flair"),
        ("dseg", "seg"),
        ("desc-tumor_dseg", "seg"),
        ("label-lesion_mask", "seg"),
        ("desc-brain_mask", "brain"),
        ("mask", None),  # of what?
        ("desc-aseg_dseg", None),  # tissues
        ("ce-gadolinium_T2w", None),
        ("T2star", None),
        ("label-GM_probseg", None),
    ],
)
def test_entities_and_suffix_tell_the_role(rest: str, role: str | None) -> None:
    assert role_of(f"sub-1_ses-2_{rest}.nii.gz", "sub-1_ses-2") == role


def test_a_file_of_another_session_or_no_volume_has_no_role() -> None:
    assert role_of("sub-1_ses-3_T1w.nii.gz", "sub-1_ses-2") is None
    assert role_of("sub-1_ses-2_T1w.json", "sub-1_ses-2") is None


def test_two_images_of_one_kind_are_refused_by_name(tmp_path: Path) -> None:
    names = (*layouts.BIDS.values(), "desc-preproc_T1w")
    layouts.bids(tmp_path / "sub-1", names=names)

    (refused,) = survey(tmp_path).refused

    assert refused.label == "sub-1"
    assert "claim to be t1: sub-1_T1w.nii.gz, sub-1_desc-preproc_T1w.nii.gz" in refused.reason


def test_a_mask_of_derivatives_is_taken_where_its_name_says_tumour(tmp_path: Path) -> None:
    for session in ("sub-1/ses-1", "sub-2/ses-1"):
        layouts.bids(tmp_path / session, names=IMAGES)
    anat = tmp_path / "derivatives" / "manual" / "sub-1" / "ses-1" / "anat"
    layouts.touch(anat, ["sub-1_ses-1_desc-tumor_dseg.nii.gz"])
    tissues = tmp_path / "derivatives" / "fmriprep" / "sub-2" / "ses-1" / "anat"
    layouts.touch(tissues, ["sub-2_ses-1_dseg.nii.gz"])

    found = survey(tmp_path)

    (case,), (refused,) = found.cases, found.refused
    assert case.files["seg"] == anat / "sub-1_ses-1_desc-tumor_dseg.nii.gz"
    assert refused.label == "sub-2/ses-1"
    assert "lacks seg (expected sub-2_ses-1_dseg.nii.gz)" in refused.reason
    assert "sub-2_ses-1_dseg.nii.gz" in refused.reason.partition("no such file: ")[2]
    assert found.not_read == ("derivatives/",)


def test_a_session_without_images_is_left_out_and_other_folders_named(tmp_path: Path) -> None:
    layouts.bids(tmp_path / "sub-1" / "ses-1")
    layouts.touch(tmp_path / "sub-1" / "ses-2" / "func", ["bold.nii.gz"])
    layouts.touch(tmp_path / "sub-1" / "ses-1" / "dwi", ["dwi.nii.gz"])
    layouts.touch(tmp_path / "sub-1", ["sub-1_sessions.tsv"])

    found = survey(tmp_path)

    assert [case.id for case in found.cases] == ["sub-1_ses-1"]
    assert [each.label for each in found.left_out] == ["sub-1/ses-2"]
    assert set(found.not_read) == {"sub-1/sub-1_sessions.tsv", "sub-1/ses-1/dwi/"}
