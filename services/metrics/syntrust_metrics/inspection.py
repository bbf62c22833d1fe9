"""Inspect one uploaded case: give the canonical case, or the reasons why there is none.

A refusal is a result, not a failure: it says what the uploader can do, and the step would say the
same if it ran again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from syntrust_core.cases.inspect import inspect_case
from syntrust_core.cases.model import write_case
from syntrust_core.contracts.case_record import PROBLEMS_FILE, CaseRecord, CaseRefused, Problem
from syntrust_core.contracts.grid import GridSpec
from syntrust_core.contracts.vocabulary import Scheme, UploadKind
from syntrust_core.imaging.nifti import DEFAULT_LIMIT_BYTES


class Inspection(NamedTuple):
    """What an inspection publishes: `files` by published name.

    A good case has a `record` and no `problems`, and its files are the canonical volumes and
    `case.json`; a refused one has `problems` alone, and its one file is `problems.json`.
    """

    files: dict[str, Path]
    record: CaseRecord | None
    problems: tuple[Problem, ...]


def inspect(
    files: Mapping[str, Path],
    *,
    scheme: Scheme,
    grid: GridSpec,
    purpose: UploadKind = "case",
    folder: Path,
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
) -> Inspection:
    """Inspect the local files of a case, by role, and write what is to be published to `folder`."""
    try:
        case, record = inspect_case(
            files, scheme=scheme, grid=grid, purpose=purpose, limit_bytes=limit_bytes
        )
    except CaseRefused as refusal:
        return refuse_case(refusal.problems, folder=folder)
    paths = write_case(case, record, folder)
    return Inspection({path.name: path for path in paths.values()}, record, ())


def refuse_case(problems: tuple[Problem, ...], *, folder: Path) -> Inspection:
    """Write the problems of a refused case to `problems.json`: a list of {file, field, reason}."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PROBLEMS_FILE
    path.write_text(json.dumps([problem.model_dump() for problem in problems]), encoding="utf-8")
    return Inspection({PROBLEMS_FILE: path}, None, problems)
