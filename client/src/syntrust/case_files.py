"""Which file of a case folder is what, by its name alone, as the server's inspection names them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from syntrust.errors import UnfitFolder

MODALITIES: Final = ("t1", "t1ce", "t2", "flair")
ROLES: Final = (*MODALITIES, "seg", "brain")
ALIASES: Final = {"t1n": "t1", "t1c": "t1ce", "t2w": "t2", "t2f": "flair"}
_NAMES: Final = {**{role: role for role in ROLES}, **ALIASES}


def find_files(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Roles of the files in a case folder, and the names that were ignored, sorted.

    A file is ``<role>.nii.gz`` or ``.nii``, with the role one of t1, t1ce, t2, flair, seg, brain
    (or t1n, t1c, t2w, t2f), optionally after the folder's name and ``_`` or ``-``; case of letters
    does not matter. Nothing else is guessed: `seg_auto` is not a `seg`.

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
        If it is no folder, a modality is missing, or two files claim one role.
    """
    if not folder.is_dir():
        raise UnfitFolder(f"{folder} is not a folder.")
    files, _ = find_files(folder)
    missing = [role for role in MODALITIES if role not in files]
    if missing:
        raise UnfitFolder(
            f"{folder} lacks {', '.join(missing)}; all of {', '.join(MODALITIES)} are needed."
        )
    return {role: path for role, path in files.items() if role != "seg"}


def role_of(name: str, *, case_id: str) -> str | None:
    """The role a file name claims in the case `case_id`, if any."""
    prefix, roles = re.escape(case_id), "|".join(_NAMES)
    pattern = rf"(?:{prefix}[_-])?({roles})\.nii(?:\.gz)?"
    match = re.fullmatch(pattern, name, re.IGNORECASE)
    return None if match is None else _NAMES[match[1].lower()]


def role_in(path: Path) -> str | None:
    """The role of a file in its case folder; None for what is no file of a case."""
    return role_of(path.name, case_id=path.parent.name) if path.is_file() else None


def case_folders(folder: Path) -> list[Path]:
    """The cases in `folder`: its own files if it is a case itself, else each folder in it.

    Raises
    ------
    UnfitFolder
        If it is no folder, or holds no case.
    """
    if not folder.is_dir():
        raise UnfitFolder(f"{folder} is not a folder.")
    if _holds_a_case(folder):
        return [folder]
    found = [path for path in sorted(folder.iterdir()) if path.is_dir() and _holds_a_case(path)]
    if not found:
        raise UnfitFolder(
            f"{folder} holds no case: a case is a folder with t1, t1ce, t2, flair and seg as "
            "<role>.nii.gz or <case>_<role>.nii.gz."
        )
    return found


def _holds_a_case(folder: Path) -> bool:
    return any(role_in(path) is not None for path in folder.iterdir())
