"""The `syntrust-standalone` command: `up`, `demo`, `study`, `tune`, and `phantom make`."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from syntrust.errors import SynTrustError
from syntrust_core.command_line import run, tell_version
from syntrust_core.errors import InvalidRequest
from syntrust_standalone.data_folder import Database, DataFolder, make_folder, require_free_port
from syntrust_standalone.security.local_users import require_own_machine
from syntrust_standalone.stack import Stack, require_known_variables
from syntrust_standalone.supervisor import Supervisor

if TYPE_CHECKING:
    from syntrust_standalone.phantoms import PhantomOptions

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
phantom = typer.Typer(no_args_is_help=True, help="Phantom cohorts: MRI cases of no patient.")
app.add_typer(phantom, name="phantom")

console = Console(stderr=True, highlight=False)
DataOption = Annotated[Path, typer.Option("--data", help="Folder that holds all data.")]
PortOption = Annotated[
    int, typer.Option(min=0, max=65535, help="Port of the API on 127.0.0.1; 0 chooses a free one.")
]

DatabaseOption = Annotated[
    Database | None,
    typer.Option(help="Where rows are kept; a folder stays with what it was begun with."),
]


class Preset(StrEnum):
    """Grid and lesion sizes of a phantom cohort."""

    BRATS = "brats"
    DEMO = "demo"


def main() -> None:
    """Run the command. `syntrust_core.command_line` has its exit codes."""
    run(app, {SynTrustError: str})


@app.callback()
def about(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=tell_version("syntrust-standalone"),
            help="Tell it.",
        ),
    ] = False,
) -> None:
    """The whole SynTrust platform on one machine. For research use only.

    Exit codes: 0 done, 1 refused or failed, 2 usage, 70 fault, 78 settings, 130 interrupted.
    """


@app.command()
def up(
    *,
    data: DataOption = Path("syntrust-data"),
    port: PortOption = 8000,
    database: DatabaseOption = None,
    allow_local_users: Annotated[
        bool,
        typer.Option("--allow-local-users", help="Start although others can log in here."),
    ] = False,
) -> None:
    """Start the stack and keep it running until Ctrl-C; a later start resumes its work."""
    require_known_variables()
    require_free_port(port)
    if not allow_local_users:
        require_own_machine()
    folder = DataFolder(data)
    with folder.lock() as lock:
        kind = folder.choose_database(database)
        stack = Stack(folder, folder.load_credentials(), folder.choose_ports(port), kind)

        def on_event(event: str) -> None:
            console.print(f"[dim]{escape(event)}[/]")
            if event == "ready":
                welcome(stack)

        asyncio.run(Supervisor(stack, lock, on_event).run())


@app.command()
def demo(
    *,
    data: DataOption = Path("build/demo"),
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of the API; 8000, or a free one if it is taken."),
    ] = None,
    cases: Annotated[int, typer.Option(min=4, help="Phantoms in the cohort.")] = 30,
    iterations: Annotated[
        int | None,
        typer.Option(min=1, help="Iterations of each training; by default the preset's."),
    ] = None,
    database: DatabaseOption = None,
) -> None:
    """Run an experiment at α = 0, 0.5, 1 on a phantom cohort and show its results.

    A second run reuses what the first one computed.
    """
    from syntrust_standalone.demo import DemoPlan, run_demo  # noqa: PLC0415 - `up` does not need it

    require_known_variables()
    if port:
        require_free_port(port)
    plan = DemoPlan(cases=cases, iterations=iterations)
    run_demo(data, port, plan, Console(highlight=False), database)


@app.command()
def study(
    file: Annotated[Path, typer.Argument(help="The study, as studies/phantoms.json.")],
    *,
    data: DataOption = Path("build/study"),
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of the API; 8000, or a free one if it is taken."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File for the results; by default DATA/results.json.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over other results in that file.")
    ] = False,
) -> None:
    """Run a study of phantoms on a platform of its own; a later start resumes its work."""
    from syntrust_standalone.study import own  # noqa: PLC0415 - `up` does not need it

    require_known_variables()
    if port:
        require_free_port(port)
    own.run_own_study(file, data, Console(highlight=False), port=port, out=out, replace=replace)


@app.command("study-page")
def study_page(
    results: Annotated[Path, typer.Argument(help="File of a study's results.")],
    *,
    page: Annotated[
        Path, typer.Option(help="Markdown to write; its figures go to images/study beside it.")
    ] = Path("study.md"),
) -> None:
    """Make the page of a study and its figures from the file of its results, and nothing else."""
    from syntrust_standalone.study.page import write_page  # noqa: PLC0415 - loads matplotlib

    write_page(results, page)
    console.print(f"{page} and its figures", markup=False, soft_wrap=True)


@app.command()
def tune(
    *,
    data: DataOption = Path("syntrust-data"),
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the new choice: later experiments take it.")
    ] = False,
) -> None:
    """Measure again which precision is faster here. The stored choice stays without --keep.

    Run it while nothing else runs on the machine.
    """
    from syntrust_standalone.precision import again  # noqa: PLC0415 - `up` does not need it

    require_known_variables()
    folder = DataFolder(data)
    with folder.lock():
        stack = Stack(folder, folder.load_credentials(), folder.choose_ports(0))
        for line in again.measure_again(folder, stack.tuner, keep_choice=keep):
            console.print(line, markup=False, soft_wrap=True)


@phantom.command("make")
def make(
    folder: Annotated[Path, typer.Argument(help="Folder to write, with one folder per case.")],
    *,
    count: Annotated[int, typer.Option(min=1, help="Number of cases.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the cohort; part of the ids.")] = 0,
    start: Annotated[int, typer.Option(min=0, help="Index of the first case.")] = 0,
    preset: Annotated[
        Preset, typer.Option(help="brats: 240x240x155 of 1 mm; demo: 64x64x64 of 3 mm.")
    ] = Preset.BRATS,
    shape: Annotated[
        str | None, typer.Option(help="Voxels, as 240x240x155; by default the preset's.")
    ] = None,
    spacing: Annotated[
        float | None,
        typer.Option(help="Voxel edge in mm; by default one whose grid holds the head."),
    ] = None,
) -> None:
    """Make a cohort of phantom cases; existing cases stay as they are."""
    from syntrust_standalone.phantoms import make_cohort  # noqa: PLC0415 - loads scipy and nibabel

    options = _choose_options(preset, shape, spacing)
    make_folder(folder, "FOLDER")
    with _make_progress_bar() as progress:
        bar = progress.add_task("phantoms", total=count)
        make_cohort(
            folder,
            seed=seed,
            count=count,
            options=options,
            start=start,
            on_case=lambda _, done, total: progress.update(bar, completed=done, total=total),
        )
    console.print(f"{count} phantom cases in {folder}", markup=False, soft_wrap=True)
    command = f"syntrust dataset add {folder} --origin phantoms"
    console.print(f"to register them: {command}", markup=False, soft_wrap=True)


def _choose_options(preset: Preset, shape: str | None, spacing_mm: float | None) -> PhantomOptions:
    from syntrust_standalone.phantoms import PhantomOptions  # noqa: PLC0415 - as above

    options = PhantomOptions.demo() if preset is Preset.DEMO else PhantomOptions()
    if shape is None and spacing_mm is None:
        return options
    return replace(
        options,
        shape=options.shape if shape is None else _parse_shape(shape),
        spacing_mm=None if spacing_mm is None else (spacing_mm, spacing_mm, spacing_mm),
    )


def _make_progress_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _parse_shape(text: str) -> tuple[int, int, int]:
    parts = text.lower().split("x")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise InvalidRequest(f"--shape {text!r}: write three numbers, such as 240x240x155.")
    return int(parts[0]), int(parts[1]), int(parts[2])


def welcome(stack: Stack) -> None:
    """Say where the platform is, and how a shell is told of it."""
    folder = stack.folder
    lines = (
        f"\nSynTrust is ready at {stack.url} (documentation: {stack.url}/docs).",
        f"The admin API key is in {folder.credentials_file}. To use it:",
        f"  export SYNTRUST_URL={shlex.quote(stack.url)}",
        f"  export SYNTRUST_KEY_FILE={shlex.quote(str(folder.credentials_file))}",
        f"Logs are in {folder.logs}. Ctrl-C stops everything. For research use only.\n",
    )
    for line in lines:
        console.print(line, soft_wrap=True, markup=False)
