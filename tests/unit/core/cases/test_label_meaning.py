"""Whether cases agree on what a label value means, and what is told of automatic choices."""

from __future__ import annotations

import pytest

from syntrust_core.cases.label_meaning import (
    LabelReading,
    find_contradictions,
    name_cases,
    read_labels_of,
    tell_choices,
)
from syntrust_core.contracts.vocabulary import SCHEMES, NamedScheme, Region


def chosen(case: str, scheme: NamedScheme, *present: Region) -> LabelReading:
    """A case that `auto` read as `scheme`."""
    regions = present or ("NCR", "ED", "ET")
    return read_labels_of(case, requested="auto", mapping=SCHEMES[scheme], present=regions)


def named(case: str, scheme: NamedScheme) -> LabelReading:
    return read_labels_of(case, requested=scheme, mapping=SCHEMES[scheme], present=["ED"])


def test_2021_beside_2023_is_no_contradiction() -> None:
    assert find_contradictions([chosen("a", "brats2021"), chosen("b", "brats2023")]) == {}


def test_a_chosen_4_beside_a_cavity_is_refused_with_the_cases_of_each_kind() -> None:
    readings = [chosen("a", "brats2021"), named("b", "brats2024"), chosen("c", "brats2023")]

    found = find_contradictions(readings)

    assert list(found) == ["a"]
    assert "enhancing tumour in a (auto); the resection cavity in b (brats2024)" in found["a"]
    assert found["a"].startswith("Label 4 ")


def test_a_chosen_4_beside_the_rest_of_the_brain_is_refused() -> None:
    found = find_contradictions([named("b", "med_ddpm"), chosen("a", "brats2021")])

    assert "the rest of the brain in b (med_ddpm)" in found["a"]


def test_a_chosen_3_beside_a_core_of_3_is_refused() -> None:
    old = read_labels_of(
        "old",
        requested={"NCR": (1, 3), "ED": 2, "ET": 4},
        mapping={"NCR": (1, 3), "ED": 2, "ET": 4},
        present=[],
    )

    found = find_contradictions([old, chosen("new", "brats2023")])

    assert "necrotic and non-enhancing core in old (a mapping)" in found["new"]


def test_a_chosen_case_without_the_label_contradicts_nothing() -> None:
    assert find_contradictions([chosen("a", "brats2021", "ED"), named("b", "med_ddpm")]) == {}


def test_who_names_schemes_may_mix_meanings() -> None:
    assert find_contradictions([named("a", "brats2021"), named("b", "brats2024")]) == {}


def test_choices_are_told_once_with_their_cases() -> None:
    readings = [
        *(chosen(f"a{i}", "brats2021") for i in range(7)),
        chosen("b", "brats2023"),
        chosen("c", "brats2023", "NCR", "ED"),
        named("d", "brats2024"),
    ]

    assert tell_choices(readings) == [
        "auto read label 3 as enhancing tumour in b.",
        "auto read label 4 as enhancing tumour in a0, a1, a2, a3, a4 and 2 more.",
        "auto found no label of enhancing tumour (ET) in c.",
    ]


@pytest.mark.parametrize(("count", "end"), [(1, "0"), (5, "4"), (6, "4 and 1 more")])
def test_at_most_five_cases_are_named(count: int, end: str) -> None:
    assert name_cases([str(i) for i in range(count)]).endswith(end)
