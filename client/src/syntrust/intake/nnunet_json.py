"""What an nnU-Net `dataset.json` says of its channels and labels, in words that are known."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from syntrust.bodies import Scheme
from syntrust.errors import UnfitFolder
from syntrust.intake.file_names import MODALITIES

NAME: Final = "dataset.json"
_CHANNELS: Final = {
    **dict.fromkeys(("t1", "t1n", "t1w"), "t1"),
    **dict.fromkeys(("t1ce", "t1c", "t1gd"), "t1ce"),
    **dict.fromkeys(("t2", "t2w"), "t2"),
    **dict.fromkeys(("flair", "t2f", "t2flair"), "flair"),
}
_REGIONS: Final = {
    **dict.fromkeys(("et", "enhancing", "enhancingtumor"), "ET"),
    **dict.fromkeys(("ed", "edema", "oedema", "peritumoraledema", "snfh"), "ED"),
    **dict.fromkeys(("ncr", "netc", "necrosis", "necroticcore", "necrotictumorcore"), "NCR"),
    **dict.fromkeys(("net", "nonenhancing", "nonenhancingtumor", "nonenhancingtumorcore"), "NCR"),
}
_NESTED: Final = {"wholetumor": "WT", "wt": "WT", "tumorcore": "TC", "tc": "TC"} | {
    name: "ET" for name, region in _REGIONS.items() if region == "ET"
}


@dataclass(frozen=True)
class Meaning:
    """The role of each channel, and what the label values mean (None: as the caller says)."""

    roles: Mapping[int, str]
    scheme: Scheme | None


def read_meaning(file: Path, scheme: Scheme) -> Meaning:
    """Read a dataset.json; `scheme` is what the caller says of the labels, or "auto".

    Raises
    ------
    UnfitFolder
        If it cannot be read, or names a channel or label in words that are not known.
    """
    body = _read(file)
    roles = _roles(body)
    return Meaning(roles, _scheme(body) if scheme == "auto" else None)


def _read(file: Path) -> Mapping[str, Any]:
    try:
        body = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UnfitFolder(f"{NAME} cannot be read as JSON: {error}") from error
    if not isinstance(body, dict):
        raise UnfitFolder(f"{NAME} should hold a JSON object")
    ending = body.get("file_ending", ".nii.gz")
    if ending not in {".nii.gz", ".nii"}:
        raise UnfitFolder(f"{NAME} says that files end with {ending!r}; .nii.gz or .nii are read")
    return body


def _roles(body: Mapping[str, Any]) -> dict[int, str]:
    channels = body.get("channel_names", body.get("modality"))
    if not isinstance(channels, dict) or not all(str(key).isdecimal() for key in channels):
        raise UnfitFolder(
            f'{NAME} lacks channel_names (or modality), as {{"0": "T1", "1": "T1ce", "2": "T2", '
            '"3": "FLAIR"}'
        )
    named = {int(key): _CHANNELS.get(_plain(name)) for key, name in channels.items()}
    roles = {number: role for number, role in named.items() if role is not None}
    if sorted(roles.values()) != sorted(MODALITIES):
        told = ", ".join(f"{int(key):04d} {name}" for key, name in channels.items())
        raise UnfitFolder(
            f"{NAME} names the channels {told}; one each of T1, T1ce (or T1c, T1Gd), T2 and FLAIR "
            "is needed"
        )
    return roles


def _scheme(body: Mapping[str, Any]) -> Scheme:
    labels = _values(body.get("labels"))
    known = {
        _plain(name): values for name, values in labels.items() if _plain(name) != "background"
    }
    scheme = _regions(known) if known.keys() <= _REGIONS.keys() else _nested(known)
    if not scheme:
        told = ", ".join(f"{name} {values}" for name, values in labels.items()) or "none"
        raise UnfitFolder(
            f"{NAME} names the labels {told}; which are NCR, ED and ET? Say so with --scheme, as "
            '{"NCR": 1, "ED": 2, "ET": 3}'
        )
    return scheme


def _values(labels: object) -> dict[str, list[int]]:
    """Label values by name, of both forms: name to value, and of old, value to name."""
    found: dict[str, list[int]] = {}
    for key, value in labels.items() if isinstance(labels, dict) else ():
        name, given = (value, [key]) if isinstance(value, str) else (key, value)
        values = given if isinstance(given, list) else [given]
        if not all(str(each).isdecimal() for each in values):
            raise UnfitFolder(f"{NAME} gives the label {name} the value {given!r}; write numbers")
        found.setdefault(str(name), []).extend(int(each) for each in values)
    return found


def _regions(known: Mapping[str, Iterable[int]]) -> dict[str, list[int]]:
    scheme: dict[str, list[int]] = {}
    for name, values in known.items():
        scheme.setdefault(_REGIONS[name], []).extend(values)
    return scheme if _is_distinct(scheme.values()) else {}


def _nested(known: Mapping[str, Iterable[int]]) -> dict[str, list[int]]:
    """Regions in regions, as nnU-Net trains BraTS: whole tumour, core, enhancing tumour."""
    if not known.keys() <= _NESTED.keys():
        return {}
    sets = {_NESTED[name]: set(values) for name, values in known.items()}
    if sorted(sets) != ["ET", "TC", "WT"] or not sets["ET"] < sets["TC"] < sets["WT"]:
        return {}
    rings = {"NCR": sets["TC"] - sets["ET"], "ED": sets["WT"] - sets["TC"], "ET": sets["ET"]}
    return {name: sorted(values) for name, values in rings.items()}


def _is_distinct(groups: Iterable[Iterable[int]]) -> bool:
    values = [value for group in groups for value in group]
    return len(values) == len(set(values)) and 0 not in values


def _plain(name: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower()).replace("tumour", "tumor")
