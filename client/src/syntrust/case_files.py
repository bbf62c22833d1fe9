"""The files of one case folder by their roles: what single jobs take."""

from __future__ import annotations

from pathlib import Path

from syntrust.errors import UnfitFolder
from syntrust.intake.file_checks import flaw_of
from syntrust.intake.file_names import MODALITIES, ROLES, role_of


def find_files(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Roles of the files in a case folder, and the names that were ignored, sorted.

    A file is ``<role>.nii.gz`` or ``.nii``, with the role one of t1, t1ce, t2, flair, seg, brain
    (or t1n, t1c, t1gd, t2w, t2f, segm, tumor_segmentation, brain_mask, brainmask), optionally
    after the folder's name and ``_`` or ``-``, where a ``_nifti`` at the end of the folder's name
    may be missing; case of letters does not matter. Nothing else is guessed: `seg_auto` is not a
    `seg`.

    Raises
    ------
    UnfitFolder
        If two files claim one role.
    """
    paths = [(role_in(path), path) for path in sorted(folder.iterdir())]
    files: dict[str, Path] = {}
    for role, path in paths:
        if role is not None and files.setdefault(role, path) is not path:
            names = ", ".join(other.name for claimed, other in paths if claimed == role)
            raise UnfitFolder(f"{folder}: several files claim to be {role}: {names}; keep one.")
    ignored = [path.name for role, path in paths if role is None]
    return {role: files[role] for role in ROLES if role in files}, ignored


def image_files(folder: Path) -> dict[str, Path]:
    """The four modalities of a case folder, and its brain mask if it has one, by role.

    Raises
    ------
    UnfitFolder
        If it is no folder, a modality is missing or cannot be sent, or two files claim one role.
    """
    if not folder.is_dir():
        raise UnfitFolder(f"{folder} is not a folder.")
    files, _ = find_files(folder)
    missing = [role for role in MODALITIES if role not in files]
    if missing:
        raise UnfitFolder(
            f"{folder} lacks {', '.join(missing)}; all of {', '.join(MODALITIES)} are needed."
        )
    images = {role: path for role, path in files.items() if role != "seg"}
    for path in images.values():
        if flaw := flaw_of(path):
            raise UnfitFolder(f"{folder}: {path.name} {flaw}.")
    return images


def role_in(path: Path) -> str | None:
    """The role of a file in its case folder; None for what is no file of a case."""
    return role_of(path.name, case_id=path.parent.name) if path.is_file() else None
