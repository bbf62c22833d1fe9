"""From the files that claim the roles of one case to the case, or every reason why it is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from syntrust.errors import UnfitFolder
from syntrust.intake.file_checks import flaw_of
from syntrust.intake.file_names import MODALITIES, ROLES
from syntrust.intake.listing import is_volume, names_of, printable

NEEDED: Final = (*MODALITIES, "seg")
Claims = Mapping[str, Sequence[Path]]


def choose_files(
    claims: Claims, others: Iterable[Path], expected: Callable[[str], str]
) -> dict[str, Path]:
    """The file of each role.

    Parameters
    ----------
    claims : mapping of str to paths
        Every file that its name makes a role's.
    others : paths
        What else lies there, to be named where a role is missing.
    expected : function
        What the file of a role would be called.

    Raises
    ------
    UnfitFolder
        With every reason: roles that are missing or claimed twice, files that cannot be sent.
    """
    reasons = [
        *_missing(claims, list(others), expected),
        *_claimed_twice(claims),
        *(f"{printable(path.name)} {flaw}" for path, flaw in _flaws(claims)),
    ]
    if reasons:
        raise UnfitFolder("; ".join(reasons))
    return {role: claims[role][0] for role in ROLES if role in claims}


def _missing(
    claims: Claims, others: Sequence[Path], expected: Callable[[str], str]
) -> Iterable[str]:
    missing = [role for role in NEEDED if role not in claims]
    if not missing:
        return
    wanted = ", ".join(expected(role) for role in missing)
    found = [path for path in others if is_volume(path)] or list(others)
    beside = f"; what else lies there is no such file: {names_of(found)}" if found else ""
    yield f"lacks {', '.join(missing)} (expected {wanted}){beside}"


def _claimed_twice(claims: Claims) -> Iterable[str]:
    for role, paths in claims.items():
        if len(paths) > 1:
            names = ", ".join(printable(path.name) for path in paths)
            yield f"several files claim to be {role}: {names}; keep one"


def _flaws(claims: Claims) -> Iterable[tuple[Path, str]]:
    for paths in claims.values():
        for path in paths:
            if flaw := flaw_of(path):
                yield path, flaw
