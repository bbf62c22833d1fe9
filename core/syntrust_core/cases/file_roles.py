"""Find the role of each file of a case folder by its name alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from syntrust_core.contracts.case_record import CaseRefused, Problem
from syntrust_core.contracts.vocabulary import ALIASES, ROLES, Role

SUFFIXES: Final = (".nii.gz", ".nii")
SEPARATORS: Final = "_-"
NAMES: Final[dict[str, Role]] = {**{role: role for role in ROLES}, **ALIASES}


def find_files(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Give the files of a case folder by role, and the ignored names, sorted.

    A file is ``<role>.nii.gz`` or ``.nii``, with the role one of t1, t1ce, t2, flair, seg, brain
    (or t1n, t1c, t2w, t2f), optionally after the folder's name and ``_`` or ``-``; case of letters
    does not matter. Nothing else is guessed: `seg_auto` is not a `seg`.

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
    lower, prefix = name.lower(), case_id.lower()
    for suffix in SUFFIXES:
        if lower.endswith(suffix):
            stem = lower.removesuffix(suffix)
            for separator in SEPARATORS:
                stem = stem.removeprefix(prefix + separator)
            return NAMES.get(stem)
    return None


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
