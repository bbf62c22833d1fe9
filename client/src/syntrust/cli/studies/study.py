"""`syntrust study`: a design in a file, run on any installation to one file of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from syntrust.cli.printing.output import JsonOption, make_console, print_json
from syntrust.cli.studies.standalone import find_function

_MODULE: Final = "syntrust_standalone.study.at"
_WHAT: Final = "Studies are run"
FolderOption = Annotated[
    Path, typer.Option("--data", help="Folder for phantoms and results; a second run reuses them.")
]
DatasetOption = Annotated[
    str | None, typer.Option(help="Id of the dataset, if its name does not say which.")
]
FileOption = Annotated[
    Path | None, typer.Option("--out", help="Results; without it they are in the folder alone.")
]
ReplaceOption = Annotated[
    bool, typer.Option("--replace", help="Write over other results in that file.")
]
ProcessorOption = Annotated[
    str | None, typer.Option(help="Where the steps are computed, for the results.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Tell what it would cost; ask for no experiment.")
]


def study(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The study, as studies/phantoms.json.")],
    *,
    data: FolderOption = Path("syntrust-study"),
    dataset: DatasetOption = None,
    out: FileOption = None,
    replace: ReplaceOption = False,
    processor: ProcessorOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run the experiments of a study and join their results in one file.

    Ctrl-C stops watching, and the experiments go on. The same command follows them again.
    """
    console = make_console(as_json=as_json)
    place = {"data": data, "dataset": dataset}
    if dry_run:
        price = find_function(_MODULE, "price_study_at", _WHAT)
        found = price(context.obj, file, console, **place)
    else:
        run = find_function(_MODULE, "run_study_at", _WHAT)
        kept = {"out": out, "replace": replace, "processor": processor}
        found = run(context.obj, file, console, **place, **kept)
    if as_json:
        print_json(found)
