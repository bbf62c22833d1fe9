"""Which cases train, validate and test: a random split by patient, or the caller's own split."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import Field

from syntrust_core.contracts.base import Seed
from syntrust_core.errors import InvalidRequest
from syntrust_core.json_numbers import REAL
from syntrust_gateway.api.schemas import RequestBody

FEWEST_TEST_CASES: Final = 1
MAX_CASES: Final = 100_000
# The first wrong member of a long list is told alone: the others would be built for nobody.
CaseIds = Annotated[tuple[str, ...], Field(max_length=MAX_CASES, fail_fast=True)]
Parts = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


class RandomSplit(RequestBody):
    """A random split by patient; validation cases are set aside before mixing."""

    seed: Seed = 0
    test_fraction: Annotated[float, Field(gt=0, lt=1), REAL] = 0.3
    validation_fraction: Annotated[float, Field(ge=0, lt=1), REAL] = 0.07


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


@dataclass(frozen=True)
class SplitCase:
    """What keeps a case on one side of a split: its patient, and its content by digest."""

    patient: str
    contents: Mapping[str, str] = field(default_factory=dict)


def split_cases(
    split: RandomSplit | ExplicitSplit, cases: Mapping[str, SplitCase], seen: frozenset[str]
) -> Parts:
    """Split cases into train, validation and test ids, each sorted.

    No two parts share a patient, or a scan that has several ids. A random split tests and
    validates on patients without a case among the `seen`.

    Raises
    ------
    InvalidRequest
        With the pointer of the part that is not possible.
    """
    groups = group_cases(cases)
    if isinstance(split, RandomSplit):
        parts = _random_split(split, groups, seen)
    else:
        parts = _explicit_split(split, cases)
    named = dict(zip(("train", "validation", "test"), parts, strict=True))
    _require_disjoint(named, groups, cases)
    return parts


def group_cases(cases: Mapping[str, SplitCase]) -> dict[str, str]:
    """Give each case the least patient it belongs to: cases that share content are of one."""
    same: dict[str, str] = {}  # towards the least name of a group

    def root(name: str) -> str:
        while same.setdefault(name, name) != name:
            same[name] = same[same[name]]
            name = same[name]
        return name

    holders: dict[str, str] = {}
    for case in sorted(cases):
        own = cases[case]
        for digest in own.contents:
            first, second = sorted(
                (root(own.patient), root(holders.setdefault(digest, own.patient)))
            )
            same[second] = first
    return {case: root(cases[case].patient) for case in sorted(cases)}


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


def _require_disjoint(
    parts: Mapping[str, tuple[str, ...]],
    groups: Mapping[str, str],
    cases: Mapping[str, SplitCase],
) -> None:
    part_of: dict[str, tuple[str, str]] = {}
    for name, ids in parts.items():
        for index, case in enumerate(ids):
            other, other_case = part_of.setdefault(groups[case], (name, case))
            if other != name:
                raise InvalidRequest(
                    f"{case} in {name} and {other_case} in {other} "
                    f"{_why_one(cases[case], cases[other_case])}; train, validation and test must "
                    "not share a patient.",
                    pointer=f"/split/{name}/{index}",
                )


def _why_one(case: SplitCase, other: SplitCase) -> str:
    """Say why two cases belong together."""
    if case.patient == other.patient:
        return "are the same patient"
    shared = sorted({what for digest, what in case.contents.items() if digest in other.contents})
    if shared:
        return f"hold the same {', '.join(shared)}, so they are one scan under two ids"
    return "are one patient, because other cases hold the same scans as both"


def _random_split(split: RandomSplit, groups: Mapping[str, str], seen: frozenset[str]) -> Parts:
    """Draw test and validation from unseen patients. What a model has seen trains."""
    patients: dict[str, list[str]] = {}
    for case in sorted(groups):
        patients.setdefault(groups[case], []).append(case)
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
