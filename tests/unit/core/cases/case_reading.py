"""What reading a case says: its problems and its warnings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syntrust_core.cases.inspect import inspect_case
from syntrust_core.contracts.case_record import CaseRecord, CaseRefused, Problem


def problems(files: dict[str, Path], **options: Any) -> list[Problem]:
    with pytest.raises(CaseRefused) as caught:
        inspect_case(files, **options)
    return list(caught.value.problems)


def the_problem(files: dict[str, Path], **options: Any) -> Problem:
    (problem,) = problems(files, **options)
    return problem


def warned(record: CaseRecord, file: str, field: str) -> list[str]:
    return [w.reason for w in record.warnings if (w.file, w.field) == (file, field)]
