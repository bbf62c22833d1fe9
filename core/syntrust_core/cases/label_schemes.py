"""Turn label values of a file into canonical labels and back; never guess in silence.

Label 4 is enhancing tumour (BraTS to 2021), resection cavity (2024) or the rest of the brain
(Med-DDPM); label 3 is enhancing tumour (2023 on) or non-enhancing core (2013 and 2015). Whether
the cases of one dataset agree is asked in `label_meaning`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syntrust_core.contracts.case_record import Problem
from syntrust_core.contracts.vocabulary import (
    LABELS,
    REGIONS,
    SCHEMES,
    NamedScheme,
    Region,
    Scheme,
    SchemeKey,
    Values,
    values_of,
)
from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.nifti import Volume

INTEGER_TOLERANCE: Final = 1e-3
MAX_LABEL: Final = 255
MED_DDPM_BACKGROUND: Final = -1
MAX_BRAIN_SHARE_OF_4: Final = 0.25
SHOWN: Final = 5
CAVITY: Final = 4
"""The resection cavity, in brats2024."""

LabelMapping = Mapping[SchemeKey, Values]
Counts = Mapping[int, int]


class Choice(NamedTuple):
    """Which value means what, how many voxels have which, and what a reader should know."""

    mapping: LabelMapping
    counts: Counts
    warnings: tuple[Problem, ...]


def integer_values(volume: Volume, *, role: str) -> NDArray[np.int16]:
    """Read the file's values as whole numbers in -1 to 255, (X, Y, Z) in file order.

    Real numbers are taken where they are whole to 1e-3 (float32 files, scaled headers).

    Raises
    ------
    InvalidVolume
        If a value is not a whole number or is out of range.
    """
    voxels = volume.voxels
    if voxels.dtype.kind == "f":
        whole = np.rint(voxels)
        off = np.abs(voxels - whole) > INTEGER_TOLERANCE
        if off.any():
            raise _not_whole(volume, float(voxels[off][0]), int(off.sum()), role)
        voxels = whole
    low, high = voxels.min(), voxels.max()
    if low < MED_DDPM_BACKGROUND or high > MAX_LABEL:
        reason = f"Values run from {low:g} to {high:g}; labels are small whole numbers from 0 on."
        raise InvalidVolume(reason, file=role, field="label")
    return voxels.astype(np.int16)


def _not_whole(volume: Volume, example: float, count: int, role: str) -> InvalidVolume:
    """Tell stored labels that the header scales from labels that were interpolated."""
    apart = np.abs(volume.voxels - np.rint(volume.voxels)).max()
    if volume.dtype.kind in "iu" and apart <= abs(volume.slope) / 2:
        reason = (
            f"The header scales the stored numbers (scl_slope {volume.slope:g}), so {count} labels "
            f"are no whole numbers (e.g. {example:g}). Write the mask without scaling, e.g. with "
            "nibabel: nib.Nifti1Image(np.rint(mask).astype(np.uint8), image.affine)."
        )
        return InvalidVolume(reason, file=role, field="scl_slope")
    reason = (
        f"{count} voxels are not whole numbers (e.g. {example:g}); labels are whole numbers: "
        "resample masks with nearest neighbour."
    )
    return InvalidVolume(reason, file=role, field="label")


def value_counts(values: NDArray[np.int16]) -> dict[int, int]:
    """Count the voxels of each value that occurs."""
    counts = np.bincount(values.ravel() + 1)
    return {int(value) - 1: int(counts[value]) for value in np.flatnonzero(counts)}


def choose_mapping(scheme: Scheme, counts: Counts) -> Choice:
    """Give the mapping for a file with these values: the stated scheme, or one chosen by the rules.

    ``auto``: only 1 and 2 → no enhancing tumour; 4 but not 3 → brats2021 (`check_label_4` follows
    once the brain is known); 3 but not 4 → brats2023; both → refused. Each choice is a warning.

    Raises
    ------
    InvalidVolume
        If the file holds a value the scheme does not know, or `auto` cannot tell.
    """
    present = set(counts) - {0}
    if scheme == "auto":
        return _choose(counts)
    mapping = stated_mapping(scheme)
    warnings = [_cavity(counts)] if scheme == "brats2024" and counts.get(CAVITY) else []
    if scheme == "med_ddpm" and MED_DDPM_BACKGROUND in present:
        # Its preprocessing script leaves the image's background in the mask.
        present -= {MED_DDPM_BACKGROUND}
        warnings.append(
            _warning("Background is -1, as Med-DDPM's preprocessing writes it; read as 0.")
        )
    known = {value for key in mapping for value in values_of(mapping, key)}
    _check_known(present, known, _described(scheme, mapping))
    return Choice(mapping, counts, tuple(warnings))


def stated_mapping(scheme: Scheme) -> LabelMapping:
    """Give the mapping of a named scheme, for a label map that will be written.

    Raises
    ------
    InvalidVolume
        For `auto`: there are no values that could decide.
    """
    if scheme == "auto":
        reason = (
            "Images hold no labels that could tell the scheme. Name the scheme of the label map to "
            "write, e.g. brats2023."
        )
        raise InvalidVolume(reason, file="seg", field="label")
    return SCHEMES[scheme] if isinstance(scheme, str) else scheme


def check_label_4(counts: Counts, brain_voxels: int, scheme: Scheme = "auto") -> None:
    """Refuse a label 4 that is too large to be enhancing tumour (auto) or a cavity (brats2024)."""
    share = counts.get(4, 0) / brain_voxels if scheme in ("auto", "brats2024") else 0
    if share > MAX_BRAIN_SHARE_OF_4 and scheme == "brats2024":
        reason = (
            f"Label 4 fills {share:.0%} of the brain, too much for a resection cavity; if it is "
            'the rest of the brain, give scheme "med_ddpm".'
        )
        raise InvalidVolume(reason, file="seg", field="label")
    if share > MAX_BRAIN_SHARE_OF_4:
        reason = (
            f"Label 4 fills {share:.0%} of the brain, too much for enhancing tumour. If it is the "
            'rest of the brain, give scheme "med_ddpm"; if it is a resection cavity, "brats2024".'
        )
        raise InvalidVolume(reason, file="seg", field="label")


def check_brain_label(counts: Counts, mapping: LabelMapping) -> None:
    """Refuse a mask whose "rest of the brain" is missing or smaller than its tumour."""
    brain = sum(counts.get(value, 0) for value in values_of(mapping, "brain"))
    tumour = sum(counts.get(v, 0) for region in REGIONS for v in values_of(mapping, region))
    if brain <= tumour:
        shown = ", ".join(str(value) for value in values_of(mapping, "brain"))
        reason = (
            f"Label {shown} should be the rest of the brain but has {brain} voxels beside "
            f"{tumour} of tumour. {_other_meaning(counts)}"
        )
        raise InvalidVolume(reason, file="seg", field="label")


def to_canonical(values: NDArray[np.int16], mapping: LabelMapping) -> NDArray[np.uint8]:
    """Canonical labels (0 background, 1 NCR, 2 ED, 3 ET) of file values; shape is kept."""
    table = np.zeros(MAX_LABEL + 2, np.uint8)
    for region in REGIONS:
        for value in values_of(mapping, region):
            table[value + 1] = LABELS[region]
    canonical: NDArray[np.uint8] = table[values + 1]
    return canonical


def mask_of(values: NDArray[np.int16], wanted: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where `values` is one of `wanted`; shape is kept."""
    table = np.zeros(MAX_LABEL + 2, np.bool_)
    table[[value + 1 for value in wanted]] = True
    mask: NDArray[np.bool_] = table[values + 1]
    return mask


def from_canonical(
    labels: NDArray[np.uint8], mapping: LabelMapping, *, brain: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """File values of canonical labels; shape is kept.

    A region is written as its first value. One that the mapping does not name is written as its
    canonical value, or the smallest free one if that is taken. Where the mapping has a value for
    the rest of the brain and `brain` is given, voxels of `brain` outside the tumour get it.
    """
    table = np.zeros(max(LABELS.values()) + 1, np.uint8)
    for region, value in output_values(mapping).items():
        table[LABELS[region]] = value
    values: NDArray[np.uint8] = table[labels]
    rest = values_of(mapping, "brain")
    if brain is not None and rest:
        values[brain & (labels == 0)] = rest[0]
    return values


def output_values(mapping: LabelMapping) -> dict[Region, int]:
    """The value each region is written as."""
    taken = {value for key in mapping for value in values_of(mapping, key)}
    chosen: dict[Region, int] = {}
    for region in REGIONS:
        free = (v for v in (LABELS[region], *range(1, MAX_LABEL)) if v not in taken)
        chosen[region] = (*values_of(mapping, region)[:1], next(free))[0]
        taken.add(chosen[region])
    return chosen


def region_voxels(labels: NDArray[np.uint8]) -> dict[Region, int]:
    """Voxels of each region in a canonical label map."""
    return {region: int(np.count_nonzero(labels == LABELS[region])) for region in REGIONS}


def _choose(counts: Counts) -> Choice:
    present = set(counts) - {0}
    _check_known(present, {1, 2, 3, 4}, "auto, which knows 0 background, 1 NCR, 2 ED, 3 or 4 ET")
    if {3, 4} <= present:
        reason = (
            "The mask holds labels 3 and 4, and nothing tells what they mean. Name the scheme: "
            '"brats2024" if 3 is enhancing tumour and 4 the resection cavity; "med_ddpm" if 3 is '
            "enhancing tumour and 4 the rest of the brain; otherwise a mapping, which for BraTS "
            '2013 and 2015 (3 non-enhancing core, 4 enhancing tumour) is {"NCR": [1, 3], "ED": 2, '
            '"ET": 4}.'
        )
        raise InvalidVolume(reason, file="seg", field="label")
    name: NamedScheme = "brats2021" if 4 in present else "brats2023"
    if present <= {1, 2}:
        reason = "Labels are 1 and 2 only: read as NCR and ED, with no enhancing tumour (ET)."
    else:
        value = SCHEMES[name]["ET"]
        reason = f"Label {value} was read as enhancing tumour (scheme {name}, chosen by auto)."
        if value == CAVITY:
            reason += " If it is a resection cavity, the scheme is brats2024."
    return Choice(SCHEMES[name], counts, (_warning(reason),))


def _cavity(counts: Counts) -> Problem:
    return _warning(
        f"Label 4, the resection cavity, was read as background ({counts[CAVITY]} voxels)."
    )


def _other_meaning(counts: Counts) -> str:
    """Say what a small label 4 may be. Beside a label 3 it is no enhancing tumour of 2021."""
    if not counts.get(4):
        return "If label 3 is enhancing tumour and the brain is not labelled, it is brats2023."
    if counts.get(3):
        return "If label 4 is the resection cavity, the scheme is brats2024."
    return (
        "If label 4 is enhancing tumour, the scheme is brats2021; if it is the resection cavity, "
        "brats2024."
    )


def _check_known(present: set[int], known: set[int], scheme: str) -> None:
    unknown = sorted(present - known)
    if not unknown:
        return
    reason = f"Label {', '.join(str(v) for v in unknown[:SHOWN])} is not in scheme {scheme}."
    if unknown[0] == MED_DDPM_BACKGROUND:
        reason += ' -1 as background is read under scheme "med_ddpm" only.'
    raise InvalidVolume(reason, file="seg", field="label")


def _described(scheme: Scheme, mapping: LabelMapping) -> str:
    name = scheme if isinstance(scheme, str) else "given"
    meaning = {value: key for key in mapping for value in values_of(mapping, key)}
    named = [f"{value} {meaning[value]}" for value in sorted(meaning) if value]
    return f"{name}, which knows {', '.join(['0 background', *named])}"


def _warning(reason: str) -> Problem:
    return Problem(file="seg", field="label", reason=reason)
