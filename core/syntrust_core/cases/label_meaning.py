"""Whether the cases of one dataset or one score agree on what a label value means.

Imports nothing but the vocabulary, so that the gateway can compare records without arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from syntrust_core.contracts.vocabulary import REGIONS, Region, Scheme, SchemeKey, Values, values_of

SHOWN: Final = 5
MEANINGS: Final[Mapping[SchemeKey, str]] = {
    "NCR": "necrotic and non-enhancing core",
    "ED": "oedema",
    "ET": "enhancing tumour",
    "brain": "the rest of the brain",
    "background": "background",
}
_NAMED: Final[Mapping[str, Mapping[SchemeKey, str]]] = {
    "brats2024": {"background": "the resection cavity"}
}


@dataclass(frozen=True)
class LabelReading:
    """How the labels of a case were read: under which scheme, and which value means what."""

    case: str
    scheme: Scheme
    meanings: Mapping[int, str]

    @property
    def is_chosen(self) -> bool:
        """Whether the platform chose the meaning, and not the caller."""
        return self.scheme == "auto"


def read_labels_of(
    case: str,
    *,
    requested: Scheme,
    mapping: Mapping[SchemeKey, Values],
    present: Iterable[Region],
) -> LabelReading:
    """Tell how the labels of a case were read.

    A scheme that the caller names gives a meaning to all of its values; `auto` only to those of
    the regions that are `present`: that a file has no label 3 says nothing about label 3.
    """
    keys: Iterable[SchemeKey] = mapping
    if requested == "auto":
        keys = [region for region in REGIONS if region in set(present)]
    named = _NAMED.get(requested, {}) if isinstance(requested, str) else {}
    meanings = {
        value: named.get(key, MEANINGS[key]) for key in keys for value in values_of(mapping, key)
    }
    return LabelReading(case, requested, meanings)


def find_contradictions(readings: Sequence[LabelReading]) -> dict[str, str]:
    """Find values that mean different things in different cases: the reason, by case.

    Only cases that the platform read by its own choice are at fault: a caller who names schemes
    may mix them. BraTS 2021 beside 2023 is no contradiction, since 4 and 3 have one meaning each.
    """
    found: dict[str, str] = {}
    for value in sorted({value for reading in readings for value in reading.meanings}):
        holding = [reading for reading in readings if value in reading.meanings]
        if len({reading.meanings[value] for reading in holding}) > 1:
            reason = _contradiction(value, holding)
            found.update({each.case: reason for each in holding if each.is_chosen})
    return found


def tell_choices(readings: Iterable[LabelReading]) -> list[str]:
    """Tell what `auto` chose, one sentence a choice, with the cases it was chosen for."""
    chosen = [reading for reading in readings if reading.is_chosen]
    told = []
    for value in sorted({value for reading in chosen for value in _enhancing(reading)}):
        cases = [reading.case for reading in chosen if value in _enhancing(reading)]
        told.append(f"auto read label {value} as enhancing tumour in {name_cases(cases)}.")
    without = [reading.case for reading in chosen if not _enhancing(reading)]
    if without:
        told.append(f"auto found no label of enhancing tumour (ET) in {name_cases(without)}.")
    return told


def name_cases(cases: Sequence[str]) -> str:
    """Name a few cases, and say how many more there are."""
    shown, more = ", ".join(cases[:SHOWN]), len(cases) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _enhancing(reading: LabelReading) -> list[int]:
    return [value for value, meaning in reading.meanings.items() if meaning == MEANINGS["ET"]]


def _contradiction(value: int, holding: Sequence[LabelReading]) -> str:
    kinds: dict[tuple[str, str], list[str]] = {}
    for reading in holding:
        by = reading.scheme if isinstance(reading.scheme, str) else "a mapping"
        kinds.setdefault((reading.meanings[value], by), []).append(reading.case)
    told = "; ".join(
        f"{meaning} in {name_cases(cases)} ({by})" for (meaning, by), cases in kinds.items()
    )
    return (
        f"Label {value} would have more than one meaning here: {told}. Name the scheme of every "
        "case; auto does not mix meanings."
    )
