"""The table that names the patient of each case: CSV with the columns case and patient."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from syntrust.errors import SynTrustError, UnfitFolder
from syntrust.intake.outcomes import FoundCase

MOST_CHARACTERS: Final = 200
_COLUMNS: Final = ("case", "patient")
_SHOWN: Final = 5


def read_patients(file: Path | str) -> dict[str, str]:
    """Read the patient of each case.

    The first line names the columns, in any order; others are ignored. They are separated by
    commas, semicolons or tabs. A case is named by its id, or by its folder as it is called.

    Raises
    ------
    SynTrustError
        If the file cannot be read, lacks a column, or gives a case no patient or two.
    """
    lines = _read_text(Path(file)).splitlines()
    separator = max(",;\t", key=lines[0].count) if lines else ","
    rows = csv.reader(lines, delimiter=separator)
    columns = [name.strip().lower() for name in next(rows, [])]
    missing = [name for name in _COLUMNS if columns.count(name) != 1]
    if missing:
        found = ", ".join(columns) or "nothing"
        raise SynTrustError(
            f"{file} should begin with a line that names the columns case and patient, each once; "
            f"it has {found}."
        )
    at = [columns.index(name) for name in _COLUMNS]
    return _collect(file, _cells(file, rows, at))


def name_patients(
    cases: Iterable[FoundCase], patients: Mapping[str, str]
) -> tuple[tuple[FoundCase, ...], tuple[str, ...]]:
    """Give each case the patient that a table names; also the names in it that are no case.

    Raises
    ------
    UnfitFolder
        If the table names no patient of a case, or two: by its id and by its folder.
    """
    listed = list(cases)
    own = {case.id: _names(case) for case in listed}
    told = {case: {patients[name] for name in own[case] if name in patients} for case in own}
    _require_one(told)
    used = {name for names in own.values() for name in names}
    unknown = tuple(name for name in patients if name not in used)
    return tuple(replace(case, patient=told[case.id].pop()) for case in listed), unknown


def require_patient(text: str) -> str:
    """Give a patient's name back, or refuse it with the rule in words.

    Raises
    ------
    SynTrustError
        If it is blank, longer than 200 characters, or has control characters.
    """
    name = text.strip()
    if not name or len(name) > MOST_CHARACTERS or not _is_plain(name):
        raise SynTrustError(
            f"{text!r} cannot name a patient: write 1 to {MOST_CHARACTERS} characters in one line."
        )
    return name


def _names(case: FoundCase) -> set[str]:
    return {case.id, case.label, case.label.rpartition("/")[2]}


def _require_one(told: Mapping[str, set[str]]) -> None:
    without = [case for case, names in told.items() if not names]
    if without:
        raise UnfitFolder(
            f"The table of patients names none for {_some(without)}; give each case one."
        )
    for case, names in told.items():
        if len(names) > 1:
            raise UnfitFolder(
                f"The table of patients gives {case} several: {', '.join(sorted(names))}."
            )


def _collect(file: Path | str, cells: Iterable[tuple[int, str, str]]) -> dict[str, str]:
    patients: dict[str, str] = {}
    for line, case, patient in cells:
        if patients.setdefault(case, patient) != patient:
            raise SynTrustError(
                f"{file}, line {line}: {case} is the patient {patient} here and "
                f"{patients[case]} above."
            )
    return patients


def _cells(
    file: Path | str, rows: Iterable[Sequence[str]], at: Sequence[int]
) -> Iterator[tuple[int, str, str]]:
    for line, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        case, patient = (row[column].strip() if column < len(row) else "" for column in at)
        if not case or not patient:
            raise SynTrustError(f"{file}, line {line}: write both the case and its patient.")
        try:
            yield line, case, require_patient(patient)
        except SynTrustError as error:
            raise SynTrustError(f"{file}, line {line}: {error}") from error


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SynTrustError(f"{file} is not UTF-8 text; save it as CSV in UTF-8.") from error
    except OSError as error:
        raise SynTrustError(f"{file} cannot be read: {error.strerror}.") from error


def _is_plain(text: str) -> bool:
    return all(" " <= each != "\x7f" for each in text)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
