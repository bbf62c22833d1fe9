"""What `dataset add` found in a folder, told; and the rule of when it goes on."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from syntrust.bodies import Scheme
from syntrust.errors import UnfitFolder
from syntrust.intake.listing import printable
from syntrust.intake.outcomes import FoundCase, Survey, Unfit
from syntrust.intake.patients import name_patients, read_patients
from syntrust.intake.survey import survey


@dataclass(frozen=True)
class Intake:
    """What the caller asks of a folder.

    `skip_unrecognised` goes on without what is left out, `skip_refused` without refused cases.
    """

    folder: Path
    patients: Path | None = None
    skip_unrecognised: bool = False
    skip_refused: bool = False

    def command(self, dataset: str) -> str:
        """The command that goes on with a dataset that is only half filled."""
        words = ["syntrust", "dataset", "add", str(self.folder), "--into", dataset]
        words += [] if self.patients is None else ["--patients", str(self.patients)]
        words += ["--skip-unrecognised"] if self.skip_unrecognised else []
        words += ["--skip-refused"] if self.skip_refused else []
        return shlex.join(words)


def choose_cases(console: Console, asked: Intake, scheme: Scheme) -> Survey:
    """Look through the folder, tell what was found, and give it with its cases to be sent.

    Raises
    ------
    UnfitFolder
        If it holds no case, or a folder or file is refused or left out and may not be skipped:
        with each of them and its reason. Nothing was sent.
    """
    table = None if asked.patients is None else read_patients(asked.patients)
    found = survey(asked.folder, scheme=scheme)
    _require_accepted(found, asked)
    unknown: tuple[str, ...] = ()
    if table is not None:
        cases, unknown = name_patients(found.cases, table)
        found = replace(found, cases=cases)
    for line in (
        *_told(found),
        *(f"in the table of patients, not here: {name}" for name in unknown),
    ):
        console.print(escape(line), soft_wrap=True)
    return found


def summary(found: Survey) -> str:
    """Count what was found, in words."""
    counts = (
        (len(found.cases), "case", "cases"),
        (len(found.refused), "refused", "refused"),
        (len(found.left_out), "left out", "left out"),
    )
    told = ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in counts)
    return f"found {found.total} in {printable(str(found.folder))}: {told}"


def _require_accepted(found: Survey, asked: Intake) -> None:
    unfit: list[str] = []
    if not asked.skip_refused or not found.cases:
        unfit += _lines("refused", found.refused)
    if not asked.skip_unrecognised or not found.cases:
        unfit += _lines("left out", found.left_out)
    if unfit or not found.cases:
        raise UnfitFolder(
            "\n".join([f"Nothing was sent: {summary(found)}.", *unfit, _advice(found)])
        )


def _advice(found: Survey) -> str:
    if not found.cases:
        return "It holds no case that can be sent; docs/datasets.md has the names that are known."
    ways = [
        *(["--skip-refused"] if found.refused else []),
        *(["--skip-unrecognised"] if found.left_out else []),
    ]
    return f"Mend or move these; or go on without them, with {' and '.join(ways)}."


def _told(found: Survey) -> Iterator[str]:
    """Every line about the folder, before the first upload."""
    yield summary(found)
    yield from _lines("refused", found.refused)
    yield from _lines("left out", found.left_out)
    for case in found.cases:
        if case.is_renamed:
            yield f"{case.label}: its case id is {case.id}"
    yield from _patients(found.cases)
    if found.not_read:
        yield f"no volumes, not read: {', '.join(found.not_read)}"
    if found.hidden:
        yield f"hidden entries, not read: {found.hidden}"


def _patients(cases: Sequence[FoundCase]) -> Iterator[str]:
    named = [case.patient for case in cases if case.patient is not None]
    if named:
        yield f"patients: {len(set(named))}, of {len(named)} cases whose folder or table names one"


def _lines(word: str, unfit: Iterable[Unfit]) -> list[str]:
    return [f"{word}: {each.label}: {each.reason}" for each in unfit]
