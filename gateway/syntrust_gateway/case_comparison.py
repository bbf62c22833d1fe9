"""What the cases of a dataset tell only together: label meanings, and one scan under two ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from syntrust_core.cases.label_meaning import (
    LabelReading,
    find_contradictions,
    name_cases,
    read_labels_of,
    tell_choices,
)
from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_gateway.db.tables import Case, CaseState

FEWEST_TELLING_VOXELS: Final = 100
"""A tumour of fewer voxels has so few shapes that two patients may share one by chance."""


def contents_of_record(record: Mapping[str, Any]) -> dict[str, str]:
    """Give the digests that no two scans share, and what each is of."""
    found: dict[str, str] = {}
    for known in (record.get("digests", {}), record.get("image_fingerprints", {})):
        found |= {known[role]: role for role in MODALITIES if role in known}
    tumour = sum(record.get("uploaded_region_voxels", {}).values())
    if tumour >= FEWEST_TELLING_VOXELS:
        found[record["fingerprint"]] = "seg"
    return found


def find_contradicting_labels(cases: Iterable[Case]) -> dict[str, str]:
    """Find cases whose labels `auto` has read as others of the dataset contradict; the reasons."""
    return find_contradictions(_readings(cases))


def tell_of_dataset(cases: Iterable[Case]) -> list[str]:
    """Tell what was chosen for several cases, and which of them are one scan."""
    inspected = [case for case in cases if case.record and case.state is not CaseState.WITHDRAWN]
    return [*tell_choices(_readings(inspected)), *_tell_repeated(inspected)]


def _readings(cases: Iterable[Case]) -> list[LabelReading]:
    return [_reading(case.case_id, case.record) for case in cases if case.record]


def _reading(case: str, record: Mapping[str, Any]) -> LabelReading:
    voxels = record.get("uploaded_region_voxels", {})
    return read_labels_of(
        case,
        requested=record.get("requested_scheme", {}),
        mapping=record.get("scheme", {}),
        present=[region for region, count in voxels.items() if count],
    )


def _tell_repeated(cases: Sequence[Case]) -> list[str]:
    """Tell once of each group of cases that share content, and what they share."""
    holders: dict[str, list[str]] = {}
    what: dict[str, str] = {}
    for case in cases:
        for digest, role in contents_of_record(case.record or {}).items():
            holders.setdefault(digest, []).append(case.case_id)
            what[digest] = role
    shared: dict[tuple[str, ...], set[str]] = {}
    for digest, ids in holders.items():
        if len(ids) > 1:
            shared.setdefault(tuple(ids), set()).add(what[digest])
    return [
        f"{name_cases(ids)} hold the same {', '.join(sorted(roles))}: one scan under several ids? "
        "They are kept on one side of a split."
        for ids, roles in shared.items()
    ]
