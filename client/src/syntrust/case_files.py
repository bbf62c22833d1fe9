"""Which file of a case folder is what, by its name alone, as the server's inspection names them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from syntrust.errors import UnfitFolder

MODALITIES: Final = ("t1", "t1ce", "t2", "flair")
ROLES: Final = (*MODALITIES, "seg", "brain")
ALIASES: Final = {"t1n": "t1", "t1c": "t1ce", "t2w": "t2", "t2f": "flair"}
SUFFIXES: Final = (".nii.gz", ".nii")
SEPARATORS: Final = "_-"
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
    claims: dict[str, list[Path]] = {}
    ignored = []
    for path in sorted(folder.iterdir()):
        role = role_of(path.name, case_id=folder.name) if path.is_file() else None
        if role is None:
            ignored.append(path.name)
        else:
            claims.setdefault(role, []).append(path)
    for role, paths in claims.items():
        if len(paths) > 1:
            names = ", ".join(path.name for path in paths)
            raise UnfitFolder(f"{folder}: several files claim to be {role}: {names}; keep one.")
    return {role: claims[role][0] for role in ROLES if role in claims}, ignored


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
    lower, prefix = name.lower(), case_id.lower()
    for suffix in SUFFIXES:
        if lower.endswith(suffix):
            stem = lower.removesuffix(suffix)
            for separator in SEPARATORS:
                stem = stem.removeprefix(prefix + separator)
            return _NAMES.get(stem)
    return None


def case_folders(folder: Path) -> list[Path]:
    """The cases in `folder`: its own files if it is a case itself, else each folder in it.

    Raises
    ------
    UnfitFolder
        If it is no folder, or holds no case.
    """
    if not folder.is_dir():
        raise UnfitFolder(f"{folder} is not a folder.")
    if any(_roles(folder)):
        return [folder]
    found = [path for path in sorted(folder.iterdir()) if path.is_dir() and any(_roles(path))]
    if not found:
        raise UnfitFolder(
            f"{folder} holds no case: a case is a folder with t1, t1ce, t2, flair and seg as "
            "<role>.nii.gz or <case>_<role>.nii.gz."
        )
    return found


def _roles(folder: Path) -> Iterator[str]:
    names = (path.name for path in folder.iterdir() if path.is_file())
    return (role for name in names if (role := role_of(name, case_id=folder.name)))
