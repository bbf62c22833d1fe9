"""`syntrust dataset add|list|show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from syntrust.api_types import CaseBody, DatasetBody
from syntrust.bodies import ImageOrigin
from syntrust.cli.arguments import grid_text, parse_grid, parse_scheme
from syntrust.cli.intake import Intake, choose_cases
from syntrust.cli.printing.output import (
    JsonOption,
    make_console,
    print_json,
    print_list,
    print_rows,
    short_time,
)
from syntrust.cli.upload import print_warnings, register
from syntrust.client import Client

dataset_app = typer.Typer(no_args_is_help=True, help="Datasets: cases with their tumour masks.")

SHIPPED_GRID: Final = "64x64x64@3"
"""The grid of the generator that every installation has, and that an experiment takes if it names
none."""
GridOption = Annotated[
    str,
    typer.Option(
        help="Grid of the canonical cases: voxels@mm, or native to keep the images' own. The "
        "default is that of the shipped generator; other generators need their own."
    ),
]
SchemeOption = Annotated[
    str,
    typer.Option(
        help="Labels: auto, brats2021, brats2023, brats2024, med_ddpm, or a mapping as JSON."
    ),
]
OriginOption = Annotated[
    ImageOrigin,
    typer.Option(help="Scans of patients, or phantoms that a program made: never called real."),
]
PatientsOption = Annotated[
    Path | None,
    typer.Option(help="CSV with the columns case and patient; visits of a patient stay together."),
]
SkipUnrecognisedOption = Annotated[
    bool,
    typer.Option("--skip-unrecognised", help="Go on without what is not recognised as a case."),
]
SkipRefusedOption = Annotated[
    bool, typer.Option("--skip-refused", help="Go on without cases that cannot be sent.")
]
IntoOption = Annotated[
    str | None, typer.Option(help="Id of an open dataset, to add or replace cases there.")
]


@dataset_app.command()
def add(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A case, or folders of cases; BIDS or nnU-Net.")],
    *,
    name: Annotated[str | None, typer.Option(help="By default the folder's name.")] = None,
    grid: GridOption = SHIPPED_GRID,
    scheme: SchemeOption = "auto",
    origin: OriginOption = "patients",
    into: IntoOption = None,
    patients: PatientsOption = None,
    skip_unrecognised: SkipUnrecognisedOption = False,
    skip_refused: SkipRefusedOption = False,
    as_json: JsonOption = False,
) -> None:
    """Send cases, have them inspected, and wait until the dataset is ready.

    Every folder is looked at before the first is sent. If one is refused, or not recognised as a
    case, all are named with their reasons and nothing is sent, unless you ask to skip them.
    """
    client: Client = context.obj
    console = make_console(as_json=as_json)
    wanted, labels = parse_grid(grid), parse_scheme(scheme)
    asked = Intake(folder, patients, skip_unrecognised, skip_refused)
    found = choose_cases(console, asked, labels)
    state = register(
        client,
        found.cases,
        name=name or folder.resolve().name,
        grid=wanted,
        scheme=labels,
        origin=origin,
        into=into,
        go_on=asked.command,
        console=console,
    )
    print_warnings(console, state)
    console.print(
        f"ready: {len(state['cases'])} cases, content digest {state['digest']}", soft_wrap=True
    )
    console.print(_next_step(state), soft_wrap=True)
    if as_json:
        print_json(state)


def _next_step(state: DatasetBody) -> str:
    """Tell a command that will be accepted: on another grid, the shipped generator is not."""
    command = f"next: syntrust experiment run --dataset {state['id']} --alphas 0,0.5,1"
    grid = grid_text(state["grid"])
    if grid == SHIPPED_GRID:
        return command
    return (
        f"{command} --generator NAME, with a generator for grid {grid} (syntrust model list; the "
        f"shipped one draws on {SHIPPED_GRID})"
    )


@dataset_app.command("list")
def list_datasets(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """Every dataset."""
    client: Client = context.obj
    print_list(
        client.datasets.list(),
        ("id", "state", "cases", "created", "name"),
        lambda item: (
            *(item["id"], item["state"], str(item["progress"]["total"])),
            *(short_time(item["created"]), item["name"]),
        ),
        as_json=as_json,
    )


@dataset_app.command()
def show(context: typer.Context, dataset: str, *, as_json: JsonOption = False) -> None:
    """One dataset with its cases, what was refused and why."""
    client: Client = context.obj
    state = client.datasets.get(dataset)
    if as_json:
        print_json(state)
        return
    console = make_console()
    told = f"{state['state']}, {state['origin']}, grid {grid_text(state['grid'])}"
    console.print(f"{escape(state['name'])}: {told}")
    if state["digest"] is not None:
        console.print(f"content digest {state['digest']}")
    _print_cases(console, state)
    for case in state["cases"]:
        _print_problems(console, case)
    print_warnings(console, state)


def _print_cases(console: Console, state: DatasetBody) -> None:
    rows = []
    for case in state["cases"]:
        volumes = case["region_volumes_ml"] or {}
        millilitres = (f"{volumes[name]:.1f}" if name in volumes else "" for name in _REGIONS)
        told = (case["patient"], case["group"] or "")
        rows.append((case["id"], case["state"], *millilitres, *told))
    print_rows(console, ("case", "state", "ET ml", "ED ml", "NCR ml", "patient", "group"), rows)


_REGIONS = ("ET", "ED", "NCR")


def _print_problems(console: Console, case: CaseBody) -> None:
    for problem in case["problems"]:
        where = f"{case['id']}: {problem['file']}: {problem['field']}"
        console.print(f"[red]{escape(where)}:[/] {escape(problem['reason'])}", soft_wrap=True)
