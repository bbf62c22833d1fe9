"""Find the role of each file of a case folder by its name alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from syntrust_core.contracts.case_record import CaseRefused, Problem
from syntrust_core.contracts.vocabulary import ALIASES, ROLES, Role

SUFFIXES: Final = (".nii.gz", ".nii")
SEPARATORS: Final = "_-"
_ARCHIVES: Final[dict[str, Role]] = {
    "t1gd": "t1ce",  # UPENN-GBM
    "segm": "seg",
    "tumor_segmentation": "seg",  # UCSF-PDGM
    "brain_mask": "brain",
    "brainmask": "brain",
}
NAMES: Final[dict[str, Role]] = {**{role: role for role in ROLES}, **ALIASES, **_ARCHIVES}
_FOLDER_SUFFIX: Final = "_nifti"  # UCSF-PDGM's folders have it and their files have not


def find_files(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Give the files of a case folder by role, and the ignored names, sorted.

    A file is ``<role>.nii.gz`` or ``.nii``, with the role one of t1, t1ce, t2, flair, seg, brain
    (or t1n, t1c, t1gd, t2w, t2f, segm, tumor_segmentation, brain_mask, brainmask), optionally
    after the folder's name and ``_`` or ``-``, where a ``_nifti`` at the end of the folder's name
    may be missing; case of letters does not matter. Nothing else is guessed: `seg_auto` is not a
    `seg`.

    Raises
    ------
    CaseRefused
        If two files claim one role.
    """
    claims: dict[Role, list[Path]] = {}
    ignored = []
    for path in sorted(folder.iterdir()):
        role = role_of(path.name, case_id=folder.name) if path.is_file() else None
        if role is None:
            ignored.append(path.name)
        else:
            claims.setdefault(role, []).append(path)
    _refuse_duplicates(claims)
    return {role: claims[role][0] for role in ROLES if role in claims}, ignored


def role_of(name: str, *, case_id: str) -> Role | None:
    """Give the role that a file name claims in the case `case_id`, if any."""
    lower = name.lower()
    for suffix in SUFFIXES:
        if lower.endswith(suffix):
            stem = lower.removesuffix(suffix)
            return next((NAMES[rest] for rest in _rests(stem, case_id) if rest in NAMES), None)
    return None


def _rests(stem: str, case_id: str) -> Iterator[str]:
    """Give what may name the role in a stem: all of it, or what follows the case's name."""
    yield stem
    for prefix in {case_id.lower(), case_id.lower().removesuffix(_FOLDER_SUFFIX)}:
        for separator in SEPARATORS:
            if stem.startswith(prefix + separator):
                yield stem[len(prefix) + 1 :]


def _refuse_duplicates(claims: dict[Role, list[Path]]) -> None:
    problems = [
        Problem(
            file=role,
            field="file",
            reason=f"Several files claim it: {', '.join(path.name for path in paths)}; keep one.",
        )
        for role, paths in claims.items()
        if len(paths) > 1
    ]
    if problems:
        raise CaseRefused(problems)
