"""Folders as archives and people leave them, with a few bytes in place of each volume."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROLES = ("t1", "t1ce", "t2", "flair", "seg")
BRATS_2023 = {"t1": "t1n", "t1ce": "t1c", "t2": "t2w", "flair": "t2f", "seg": "seg"}
UCSF = {"t1": "T1", "t1ce": "T1c", "t2": "T2", "flair": "FLAIR", "seg": "tumor_segmentation"}
UPENN = {"t1": "T1", "t1ce": "T1GD", "t2": "T2", "flair": "FLAIR", "seg": "segm"}
BIDS = {"t1": "T1w", "t1ce": "ce-gadolinium_T1w", "t2": "T2w", "flair": "FLAIR", "seg": "dseg"}
CHANNELS = {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"}
LABELS = {"background": 0, "edema": 1, "non-enhancing tumor": 2, "enhancing tumour": 3}


def touch(folder: Path, names: Iterable[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


def plain(folder: Path, *, without: Iterable[str] = ()) -> Path:
    return touch(folder, [f"{role}.nii.gz" for role in ROLES if role not in set(without)])


def brats(folder: Path) -> Path:
    return touch(folder, [f"{folder.name}-{name}.nii.gz" for name in BRATS_2023.values()])


def ucsf(folder: Path) -> Path:
    case = folder.name.removesuffix("_nifti")
    more = ("ADC", "SWI", "T1_bias", "brain_segmentation")
    return touch(folder, [f"{case}_{name}.nii.gz" for name in (*UCSF.values(), *more)])


def upenn(folder: Path) -> Path:
    return touch(folder, [f"{folder.name}_{name}.nii.gz" for name in UPENN.values()])


def bids(session: Path, *, names: Iterable[str] = tuple(BIDS.values())) -> Path:
    """`session` is sub-X or sub-X/ses-Y."""
    case = "_".join(part for part in session.parts[-2:] if part.startswith(("sub-", "ses-")))
    return touch(session / "anat", [f"{case}_{name}.nii.gz" for name in names])


def nnunet(folder: Path, *cases: str, **changes: Any) -> Path:
    """A dataset; `changes` go into its dataset.json, and `without=True` leaves it out."""
    for case in cases:
        touch(folder / "imagesTr", [f"{case}_{n:04d}.nii.gz" for n in range(4)])
        touch(folder / "labelsTr", [f"{case}.nii.gz"])
    dataset_json(folder, **changes)
    return folder


def numbered(folder: Path, case: str) -> Path:
    """The images and the mask of one case in one folder."""
    return touch(folder, [*(f"{case}_{n:04d}.nii.gz" for n in range(4)), f"{case}.nii.gz"])


def dataset_json(folder: Path, **changes: Any) -> None:
    body = {"channel_names": CHANNELS, "labels": LABELS, "file_ending": ".nii.gz", **changes}
    (folder / "dataset.json").write_text(json.dumps(body))
