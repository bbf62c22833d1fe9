"""The table of patients."""

from __future__ import annotations

from pathlib import Path

import pytest

from syntrust import SynTrustError, UnfitFolder
from syntrust.intake.outcomes import FoundCase
from syntrust.intake.patients import name_patients, read_patients


def found(case: str, label: str) -> FoundCase:
    return FoundCase(case, label, {})


@pytest.mark.parametrize(
    "text",
    [
        "case,patient\na,p1\nb,p1\n",
        "\ufeffpatient;site;Case\r\np1;x;a\r\n\r\np1;y;b\r\n",
        'case\tpatient\na\t"p1"\nb\tp1 \n;\n'.replace(";", "\t"),
    ],
)
def test_a_table_is_read_whatever_separates_its_columns(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.csv").write_text(text, encoding="utf-8", newline="")

    assert read_patients(tmp_path / "p.csv") == {"a": "p1", "b": "p1"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it has nothing"),
        (b"id,patient\na,1\n", "names the columns case and patient, each once; it has id, patient"),
        (b"case,patient,case\na,1,a\n", "each once"),
        (b"case,patient\na,\n", "line 2: write both"),
        (b"case,patient\na\n", "line 2: write both"),
        (b"case,patient\na,1\na,2\n", "line 3: a is the patient 2 here and 1 above"),
        (b"case,patient\na," + b"x" * 201 + b"\n", "line 2: 'xxx"),
        (b"case,patient\na,M\xfcller\n", "is not UTF-8 text"),
    ],
)
def test_a_table_that_does_not_tell_is_refused_with_its_line(
    tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "p.csv").write_bytes(content)

    with pytest.raises(SynTrustError) as caught:
        read_patients(tmp_path / "p.csv")

    assert told in str(caught.value)


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SynTrustError, match="cannot be read: No such file"):
        read_patients(tmp_path / "p.csv")


def test_a_case_is_found_by_id_by_folder_and_by_path() -> None:
    cases = [found("Patient-01", "s/Patient 01"), found("b", "s/b"), found("s_c", "s/c")]
    table = {"Patient 01": "p1", "b": "p1", "s/c": "p2", "elsewhere": "p3"}

    named, unknown = name_patients(cases, table)

    assert [case.patient for case in named] == ["p1", "p1", "p2"]
    assert unknown == ("elsewhere",)


def test_a_case_without_a_patient_or_with_two_is_refused_by_name() -> None:
    with pytest.raises(UnfitFolder, match="names none for b; give each case one"):
        name_patients([found("a", "a"), found("b", "b")], {"a": "p"})
    with pytest.raises(UnfitFolder, match="gives s_a several: p, q"):
        name_patients([found("s_a", "s/a")], {"a": "p", "s_a": "q"})
