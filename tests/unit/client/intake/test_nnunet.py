"""nnU-Net: `dataset.json` says what a channel and a label are, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.unit.client.intake import layouts

from syntrust.intake.survey import survey

CHANNELS = {"0": "T1", "1": "T1ce", "2": "T2", "3": "FLAIR"}
REGIONS = {
    "background": 0,
    "whole tumor": [1, 2, 3],
    "tumor core": [2, 3],
    "enhancing tumor": [3],
}


def test_channels_and_labels_are_what_dataset_json_says(tmp_path: Path) -> None:
    found = survey(layouts.nnunet(tmp_path, "BRATS_001"))

    (case,) = found.cases
    assert (case.id, case.label) == ("BRATS_001", "imagesTr/BRATS_001")
    assert {role: path.name for role, path in case.files.items()} == {
        "t1": "BRATS_001_0001.nii.gz",
        "t1ce": "BRATS_001_0002.nii.gz",
        "t2": "BRATS_001_0003.nii.gz",
        "flair": "BRATS_001_0000.nii.gz",
        "seg": "BRATS_001.nii.gz",
    }
    assert case.scheme == {"ED": [1], "NCR": [2], "ET": [3]}


@pytest.mark.parametrize(
    ("labels", "scheme"),
    [
        (REGIONS, {"NCR": [2], "ED": [1], "ET": [3]}),
        (
            {"0": "background", "1": "NCR", "2": "edema", "4": "ET"},
            {"NCR": [1], "ED": [2], "ET": [4]},
        ),
        ({"NCR": 1, "NET": 3, "ED": 2, "ET": 4}, {"NCR": [1, 3], "ED": [2], "ET": [4]}),
    ],
)
def test_both_forms_of_labels_and_regions_in_regions_are_read(
    tmp_path: Path, labels: Any, scheme: Any
) -> None:
    (case,) = survey(layouts.nnunet(tmp_path, "a", labels=labels)).cases

    assert case.scheme == scheme


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"channel_names": {"0": "CT"}}, "names the channels 0000 CT; one each of T1, T1ce"),
        ({"channel_names": {**CHANNELS, "4": "T1w"}}, "one each of T1, T1ce"),
        ({"channel_names": None}, "lacks channel_names (or modality)"),
        ({"channel_names": {"x": "T1"}}, "lacks channel_names (or modality)"),
        ({"labels": {"background": 0, "liver": 1}}, "names the labels background [0], liver [1]"),
        ({"labels": {"NCR": 1, "ED": 1, "ET": 3}}, "which are NCR, ED and ET?"),
        ({"labels": None}, "names the labels none"),
        ({"labels": {"ET": 1.5}}, "gives the label ET the value 1.5"),
        ({"labels": {**REGIONS, "tumor core": [3]}}, "which are NCR, ED and ET?"),
        ({"file_ending": ".png"}, "files end with '.png'"),
    ],
)
def test_a_dataset_json_that_does_not_tell_is_refused(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    found = survey(layouts.nnunet(tmp_path / "d", "a", **changes))

    (refused,) = found.refused
    assert (found.cases, refused.label) == ((), "d")
    assert told in refused.reason


@pytest.mark.parametrize("text", ["{", "[]", "\udcff"])
def test_a_dataset_json_that_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    layouts.nnunet(tmp_path, "a")
    (tmp_path / "dataset.json").write_text(text, errors="surrogateescape")

    (refused,) = survey(tmp_path).refused

    assert "dataset.json" in refused.reason


def test_the_form_of_the_decathlon_and_a_stated_scheme_are_read(tmp_path: Path) -> None:
    names = {"modality": CHANNELS, "channel_names": None, "labels": {"liver": 1}}
    layouts.dataset_json(layouts.nnunet(tmp_path, "a"), **names)
    body = (tmp_path / "dataset.json").read_text().replace('"channel_names": null, ', "")
    (tmp_path / "dataset.json").write_text(body)

    (case,) = survey(tmp_path, scheme="brats2023").cases

    assert case.scheme is None
    assert case.files["t1"].name == "a_0000.nii.gz"


def test_without_dataset_json_the_names_mean_nothing(tmp_path: Path) -> None:
    layouts.nnunet(tmp_path / "whole", "a")
    (tmp_path / "whole" / "dataset.json").unlink()
    layouts.numbered(tmp_path / "BRATS_003", "BRATS_003")

    found = survey(tmp_path)

    assert [each.label for each in found.refused] == ["BRATS_003", "whole"]
    assert all("there is none here: add it" in each.reason for each in found.refused)


def test_images_and_masks_side_by_side_are_read_with_the_dataset_json_above(tmp_path: Path) -> None:
    layouts.numbered(tmp_path / "BRATS_003", "BRATS_003")
    layouts.numbered(tmp_path / "many", "BRATS_004")
    layouts.numbered(tmp_path / "many", "BRATS_005")
    layouts.dataset_json(tmp_path)

    found = survey(tmp_path)

    assert [case.label for case in found.cases] == [
        *("BRATS_003", "many/BRATS_004", "many/BRATS_005")
    ]


def test_what_does_not_belong_to_a_case_is_named(tmp_path: Path) -> None:
    layouts.nnunet(tmp_path, "a", "b")
    layouts.touch(tmp_path / "imagesTr", ["BRATS_9.nii.gz", "a_0007.nii.gz"])
    layouts.touch(tmp_path / "labelsTr", ["c.nii.gz"])
    layouts.touch(tmp_path / "imagesTs", ["t_0000.nii.gz"])
    (tmp_path / "labelsTr" / "b.nii.gz").unlink()

    found = survey(tmp_path)

    assert [case.ignored for case in found.cases] == [("a_0007.nii.gz",)]
    assert [(each.label, each.reason) for each in found.refused] == [
        ("imagesTr/b", "lacks seg (expected labelsTr/b.nii.gz)")
    ]
    assert {each.label: each.reason for each in found.left_out} == {
        "imagesTr/BRATS_9.nii.gz": "has no channel number: expected BRATS_9_0000.nii.gz",
        "labelsTr/c.nii.gz": "is a mask without images: expected c_0000.nii.gz",
        "imagesTs": "is not read: cases are in imagesTr",
    }


def test_a_dataset_without_masks_is_refused(tmp_path: Path) -> None:
    layouts.touch(tmp_path / "imagesTr", ["a_0000.nii.gz"])
    layouts.dataset_json(tmp_path)

    (refused,) = survey(tmp_path).refused

    assert refused.reason == "has imagesTr and no labelsTr, where the masks are"
