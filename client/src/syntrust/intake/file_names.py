"""Which file of a case folder is what, by its name alone, as the server's inspection names them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

MODALITIES: Final = ("t1", "t1ce", "t2", "flair")
ROLES: Final = (*MODALITIES, "seg", "brain")
SUFFIXES: Final = (".nii.gz", ".nii")
_ALIASES: Final = {"t1n": "t1", "t1c": "t1ce", "t2w": "t2", "t2f": "flair"}
_ARCHIVES: Final = {
    "t1gd": "t1ce",  # UPENN-GBM
    "segm": "seg",
    "tumor_segmentation": "seg",  # UCSF-PDGM
    "brain_mask": "brain",
    "brainmask": "brain",
}
NAMES: Final = {**{role: role for role in ROLES}, **_ALIASES, **_ARCHIVES}
_FOLDER_SUFFIX: Final = "_nifti"  # UCSF-PDGM's folders have it and their files have not


def role_of(name: str, *, case_id: str) -> str | None:
    """The role a file name claims in the case `case_id`, if any."""
    stem = stem_of(name)
    if stem is None:
        return None
    return next((NAMES[rest] for rest in _rests(stem.lower(), case_id) if rest in NAMES), None)


def stem_of(name: str) -> str | None:
    """A NIfTI file's name without its suffix; None for any other file's name."""
    lower = name.lower()
    return next((name[: -len(end)] for end in SUFFIXES if lower.endswith(end)), None)


def _rests(stem: str, case_id: str) -> Iterator[str]:
    """What may name the role in a stem: all of it, or what follows the case's name."""
    yield stem
    for prefix in {case_id.lower(), case_id.lower().removesuffix(_FOLDER_SUFFIX)}:
        for separator in "_-":
            if stem.startswith(prefix + separator):
                yield stem[len(prefix) + 1 :]
