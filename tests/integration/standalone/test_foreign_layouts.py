"""Folders as archives leave them, added in one command to a running stack."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.integration.conftest import Command

from syntrust import Client
from syntrust.case_files import find_files

GRID = "64x64x64@3"
BRATS = {"t1": "t1n", "t1ce": "t1c", "t2": "t2w", "flair": "t2f", "seg": "seg"}
UCSF = {"t1": "T1", "t1ce": "T1c", "t2": "T2", "flair": "FLAIR", "seg": "tumor_segmentation"}
UPENN = {"t1": "T1", "t1ce": "T1GD", "t2": "T2", "flair": "FLAIR", "seg": "segm"}
BIDS = {"t1": "T1w", "t1ce": "ce-gadolinium_T1w", "t2": "T2w", "flair": "FLAIR", "seg": "dseg"}
PLAIN = {role: role for role in BRATS}
CHANNELS = {"flair": "0000", "t1": "0001", "t1ce": "0002", "t2": "0003"}


def put(case: Path, folder: Path, before: str, names: Mapping[str, str]) -> None:
    """Copy the files of a case under other names."""
    folder.mkdir(parents=True)
    files, _ = find_files(case)
    for role, name in names.items():
        shutil.copyfile(files[role], folder / f"{before}{name}.nii.gz")


def known(root: Path, first: Path, second: Path) -> dict[str, str]:
    """Folders of every layout that is known; gives the patient of each case."""
    put(first, root / "good", "", {**PLAIN, "brain": "brain_mask"})
    put(second, root / "BraTS-MET-00012-000", "BraTS-MET-00012-000-", BRATS)
    put(first, root / "UCSF-PDGM-0429_FU003d_nifti", "UCSF-PDGM-0429_FU003d_", UCSF)
    put(second, root / "UPENN-GBM-00001_11", "UPENN-GBM-00001_11_", UPENN)
    put(first, root / "sub-07" / "ses-pre" / "anat", "sub-07_ses-pre_", BIDS)
    put(second, root / "site" / "P9" / "Timepoint_1", "", PLAIN)
    put(first, root / "site" / "Patient 01", "", {**PLAIN, "brain": "brainmask"})
    put(first, root / "Dataset001" / "imagesTr", "X_", CHANNELS)
    put(first, root / "Dataset001" / "labelsTr", "X", {"seg": ""})
    meaning = {
        "channel_names": {"0": "FLAIR", "1": "T1", "2": "T1ce", "3": "T2"},
        "labels": {"background": 0, "NCR": 1, "ED": 2, "ET": 4},
    }
    (root / "Dataset001" / "dataset.json").write_text(json.dumps(meaning))
    return {
        "good": "good",
        "BraTS-MET-00012-000": "brats-met-00012",
        "UCSF-PDGM-0429_FU003d_nifti": "ucsf-pdgm-0429",
        "UPENN-GBM-00001_11": "upenn-gbm-00001",
        "sub-07_ses-pre": "sub-07",
        "P9_Timepoint_1": "P9",
        "Patient-01": "Patient-01",
        "X": "X",
    }


def unfit(root: Path, case: Path) -> set[str]:
    """Cases that cannot be sent."""
    put(case, root / "BRATS_003", "BRATS_003_", CHANNELS)  # no dataset.json
    put(case, root / "p3", "", PLAIN)
    (root / "p3" / "t2.nii.gz").write_bytes(b"")
    put(case, root / "linked", "", {role: role for role in PLAIN if role != "seg"})
    (root / "linked" / "seg.nii.gz").symlink_to("../.git/annex/objects/seg")
    return {"refused: BRATS_003: ", "refused: p3: ", "refused: linked: "}


def foreign(root: Path) -> set[str]:
    """Folders that are no cases."""
    (root / "figures").mkdir()
    (root / "figures" / "plot.png").write_bytes(b"x")
    (root / "elsewhere").symlink_to("nowhere")
    return {"left out: figures: ", "left out: elsewhere: "}


def test_registered_refused_and_left_out_folders_are_all_folders_of_every_layout(
    client: Client, syntrust: Command, cases: list[Path], tmp_path: Path
) -> None:
    patients = known(tmp_path, *cases)
    told = unfit(tmp_path, cases[0]) | foreign(tmp_path)
    add = ("dataset", "add", str(tmp_path), "--grid", GRID, "--name", "foreign")

    strict = syntrust(*add)
    before = [item["name"] for item in client.datasets.list()]
    skipping = syntrust(*add, "--skip-refused", "--skip-unrecognised")

    assert (strict.returncode, skipping.returncode) == (1, 0), skipping.stderr
    assert "foreign" not in before
    total = len(patients) + len(told)
    for said in (strict.stderr, skipping.stdout):
        assert f"found {total} in {tmp_path}: {len(patients)} cases, 3 refused, 2 left out" in said
        assert all(f"\n{line}" in said for line in told)
    state = client.datasets.get(skipping.stdout.partition("--dataset ")[2].split()[0])
    assert {case["id"]: case["patient"] for case in state["cases"]} == patients
    assert {case["state"] for case in state["cases"]} == {"ready"}


def test_two_scans_of_one_named_patient_are_kept_together(
    client: Client, syntrust: Command, cases: list[Path], tmp_path: Path
) -> None:
    table = tmp_path / "patients.csv"
    table.write_text("case,patient\n" + "".join(f"{case.name},one\n" for case in cases))
    folder = str(cases[0].parent)

    added = syntrust("dataset", "add", folder, "--grid", GRID, "--patients", str(table))

    dataset = added.stdout.partition("--dataset ")[2].split()[0]
    split = ("--test-fraction", "0.5")
    run = syntrust("experiment", "run", "--dataset", dataset, "--alphas", "1", *split)
    assert [case["patient"] for case in client.datasets.get(dataset)["cases"]] == ["one", "one"]
    assert run.returncode == 1
    assert "1 patients" in run.stderr
