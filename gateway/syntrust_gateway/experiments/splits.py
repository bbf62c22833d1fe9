"""Which cases train, validate and test: a random split by patient, or the caller's own split."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Annotated, Final

from pydantic import Field

from syntrust_core.contracts.base import Seed
from syntrust_core.errors import InvalidRequest
from syntrust_gateway.api.schemas import RequestBody

FEWEST_TEST_CASES: Final = 1
MAX_CASES: Final = 100_000
# The first wrong member of a long list is told alone: the others would be built for nobody.
CaseIds = Annotated[tuple[str, ...], Field(max_length=MAX_CASES, fail_fast=True)]
Parts = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


class RandomSplit(RequestBody):
    """A random split by patient; validation cases are set aside before mixing."""

    seed: Seed = 0
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.3
    validation_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.07


class ExplicitSplit(RequestBody):
    """The caller's own split, by case id. Cases in none of the lists are left out."""

    train: Annotated[CaseIds, Field(min_length=1)]
    test: Annotated[CaseIds, Field(min_length=1)]
    validation: CaseIds = ()


def require_distinct(values: Sequence[Hashable], pointer: str) -> None:
    seen = set[Hashable]()
    for index, value in enumerate(values):
        if value in seen:
            raise InvalidRequest(
                f"{value} is listed twice; name each value once.", pointer=f"{pointer}/{index}"
            )
        seen.add(value)


def split_cases(
    split: RandomSplit | ExplicitSplit, patients: Mapping[str, str], seen: frozenset[str]
) -> Parts:
    """Split cases into train, validation and test ids, each sorted. No two share a patient.

    `patients` has the patient of each case. A random split tests and validates on patients
    without a case among the `seen`.

    Raises
    ------
    InvalidRequest
        With the pointer of the part that is not possible.
    """
    if isinstance(split, RandomSplit):
        parts = _random_split(split, patients, seen)
    else:
        parts = _explicit_split(split, patients)
    named = dict(zip(("train", "validation", "test"), parts, strict=True))
    _disjoint_by_patient(named, patients)
    return parts


def _explicit_split(split: ExplicitSplit, known: Collection[str]) -> Parts:
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    for name, ids in parts.items():
        require_distinct(ids, f"/split/{name}")
        for index, case in enumerate(ids):
            if case not in known:
                raise InvalidRequest(
                    f"The dataset has no case {case}.", pointer=f"/split/{name}/{index}"
                )
    train, validation, test = (tuple(sorted(ids)) for ids in parts.values())
    return train, validation, test


def _disjoint_by_patient(parts: Mapping[str, tuple[str, ...]], patients: Mapping[str, str]) -> None:
    part_of: dict[str, tuple[str, str]] = {}
    for name, ids in parts.items():
        for index, case in enumerate(ids):
            other, other_case = part_of.setdefault(patients[case], (name, case))
            if other != name:
                raise InvalidRequest(
                    f"{case} in {name} and {other_case} in {other} are the same patient; "
                    "train, validation and test must not share a patient.",
                    pointer=f"/split/{name}/{index}",
                )


def _random_split(split: RandomSplit, patient_of: Mapping[str, str], seen: frozenset[str]) -> Parts:
    """Draw test and validation from unseen patients. What a model has seen trains."""
    patients: dict[str, list[str]] = {}
    for case in sorted(patient_of):
        patients.setdefault(patient_of[case], []).append(case)
    free = [patient for patient, own in patients.items() if not seen & set(own)]
    random.Random(split.seed).shuffle(free)  # noqa: S311 - a split needs no secrecy
    n_test = max(FEWEST_TEST_CASES, round(split.test_fraction * len(patients)))
    n_validation = round(split.validation_fraction * len(patients))
    if n_test + n_validation >= len(patients) or n_test > len(free):
        raise InvalidRequest(
            f"{len(patients)} patients, {len(free)} of them unseen by its models, cannot be "
            f"split into train, {n_validation} for validation and {n_test} for test; register "
            "more cases or lower the fractions.",
            pointer="/split",
        )
    chosen = Counter(dict.fromkeys(free[:n_test], 2))
    chosen.update(dict.fromkeys(free[n_test : n_test + n_validation], 1))
    parts: tuple[list[str], list[str], list[str]] = ([], [], [])
    for patient, own in patients.items():
        parts[chosen[patient]].extend(own)
    train, validation, test = (tuple(sorted(part)) for part in parts)
    return train, validation, test
