"""The id that each folder gets, and its patient."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.unit.client.intake import layouts

from syntrust import UnfitFolder
from syntrust.intake.case_ids import is_case_id, make_case_id, require_case_id
from syntrust.intake.survey import survey
from syntrust_core.cases.patient_id import name_patient
from syntrust_gateway.api.schemas import CaseId


@pytest.mark.parametrize(
    "text", ["a", "A.b_c-1", "0" * 128, "", "-a", "_a", ".a", "a b", "ü", "a/b", "a\n", "0" * 129]
)
def test_a_case_id_is_what_the_server_takes_as_one(text: str) -> None:
    try:
        TypeAdapter(CaseId).validate_python(text)
        taken = True
    except ValidationError:
        taken = False

    assert is_case_id(text) is taken


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Patient 01", "Patient-01"),
        ("Müller_2", "Muller_2"),
        ("case#3", "case-3"),
        ("Weiß, A. (2)", "Weiss-A.-2"),
        ("_x", "x"),
        ("BraTS-GLI-00012-000", "BraTS-GLI-00012-000"),
        ("山田", None),
        ("0" * 129, None),
    ],
)
def test_the_name_of_a_folder_is_turned_into_an_id(name: str, made: str | None) -> None:
    assert make_case_id(name) == made


def test_a_wrong_id_is_refused_with_the_rule_in_words() -> None:
    with pytest.raises(UnfitFolder, match=r"'Patient 01' cannot be a case id: .* letters a to z"):
        require_case_id("Patient 01")


def test_a_new_id_keeps_the_folder_as_its_label(tmp_path: Path) -> None:
    layouts.plain(tmp_path / "Patient 01")

    (case,) = survey(tmp_path).cases

    assert (case.id, case.label, case.is_renamed) == ("Patient-01", "Patient 01", True)


def test_folders_that_would_have_one_id_or_none_are_refused_by_name(tmp_path: Path) -> None:
    for name in ("case 3", "case#3", "山田", "fine"):
        layouts.plain(tmp_path / name)

    found = survey(tmp_path)

    told = {each.label: each.reason for each in found.refused}
    assert [case.id for case in found.cases] == ["fine"]
    assert told["case 3"] == told["case#3"]
    assert "one case id: case 3, case#3; rename them" in told["case 3"]
    assert "letters a to z" in told["山田"]


def test_the_same_name_at_two_sites_makes_every_id_the_whole_path(tmp_path: Path) -> None:
    for path in ("site1/p1/ses-1", "site1/p1/ses-2", "site2/p1/ses-1", "site2/q"):
        layouts.plain(tmp_path / path)

    found = {case.id: name_patient(case.id, case.patient) for case in survey(tmp_path).cases}

    assert found == {
        "site1_p1_ses-1": "site1_p1",
        "site1_p1_ses-2": "site1_p1",
        "site2_p1_ses-1": "site2_p1",
        "site2_q": "site2_q",
    }


@pytest.mark.parametrize(
    "visits", [("Timepoint_1", "Timepoint_2"), ("pre", "post"), ("baseline", "week12")]
)
@pytest.mark.parametrize("searched", [".", "P9"])
def test_two_visits_of_one_patient_are_one_patient(
    tmp_path: Path, visits: tuple[str, str], searched: str
) -> None:
    for visit in visits:
        layouts.plain(tmp_path / "P9" / visit)

    cases = survey(tmp_path / searched).cases

    assert {case.id for case in cases} == {f"P9_{visit}" for visit in visits}
    assert {name_patient(case.id, case.patient) for case in cases} == {"P9"}


def test_sessions_of_a_subject_are_one_patient_and_sites_are_not_mixed(tmp_path: Path) -> None:
    for path in ("site1/sub-1/ses-pre", "site1/sub-1/ses-post", "site2/sub-1/ses-pre"):
        layouts.bids(tmp_path / path)

    found = {case.id: name_patient(case.id, case.patient) for case in survey(tmp_path).cases}

    assert found == {
        "site1_sub-1_ses-pre": "site1_sub-1",
        "site1_sub-1_ses-post": "site1_sub-1",
        "site2_sub-1_ses-pre": "site2_sub-1",
    }
