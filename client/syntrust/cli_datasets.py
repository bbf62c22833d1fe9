"""`syntrust dataset add|list|show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from syntrust.arguments import parse_grid, parse_scheme
from syntrust.bodies import CaseState, DatasetState
from syntrust.casefiles import case_folders
from syntrust.client import Client
from syntrust.upload import print_warnings, register

dataset_app = typer.Typer(no_args_is_help=True, help="Datasets: cases with their tumour masks.")
JsonOption = Annotated[bool, typer.Option("--json", help="Print the API's own answer.")]


@dataset_app.command()
def add(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="One folder per case, or a single case.")],
    *,
    name: Annotated[str | None, typer.Option(help="By default the folder's name.")] = None,
    grid: Annotated[
        str, typer.Option(help="Grid of the canonical cases: native, or as 64x64x64@3 (mm).")
    ] = "native",
    scheme: Annotated[
        str,
        typer.Option(help="Labels: auto, brats2021, brats2023, med_ddpm, or a mapping as JSON."),
    ] = "auto",
) -> None:
    """Send cases, have them inspected, and wait until the dataset is ready."""
    client: Client = context.obj
    console = Console(highlight=False)
    wanted, labels = parse_grid(grid), parse_scheme(scheme)
    folders = case_folders(folder)
    state = register(
        client,
        folders,
        name=name or folder.resolve().name,
        grid=wanted,
        scheme=labels,
        console=console,
    )
    print_warnings(console, state)
    console.print(f"ready: {len(state['cases'])} cases, content digest {state['digest']}")
    console.print(
        f"next: syntrust experiment run --dataset {state['id']} --alphas 0,0.5,1", soft_wrap=True
    )


@dataset_app.command("list")
def list_datasets(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """Every dataset."""
    client: Client = context.obj
    found = list(client.datasets())
    console = Console(highlight=False)
    if as_json:
        console.print_json(data=found)
        return
    table = Table("id", "name", "state", "cases", "grid", "created")
    for item in found:
        cases, created = str(item["progress"]["total"]), item["created"]
        table.add_row(
            item["id"], escape(item["name"]), item["state"], cases, _grid(item["grid"]), created
        )
    console.print(table)


@dataset_app.command()
def show(context: typer.Context, dataset: str, *, as_json: JsonOption = False) -> None:
    """One dataset with its cases, what was refused and why."""
    client: Client = context.obj
    state = client.dataset(dataset)
    console = Console(highlight=False)
    if as_json:
        console.print_json(data=state)
        return
    console.print(f"{escape(state['name'])}: {state['state']}, grid {_grid(state['grid'])}")
    if state["digest"] is not None:
        console.print(f"content digest {state['digest']}")
    console.print(_cases(state))
    for case in state["cases"]:
        _print_problems(console, case)
    print_warnings(console, state)


def _cases(state: DatasetState) -> Table:
    table = Table("case", "group", "state", "ET ml", "ED ml", "NCR ml")
    for case in state["cases"]:
        volumes = case["region_volumes_ml"] or {}
        millilitres = (f"{volumes[name]:.1f}" if name in volumes else "" for name in _REGIONS)
        table.add_row(case["id"], escape(case["group"] or ""), case["state"], *millilitres)
    return table


_REGIONS = ("ET", "ED", "NCR")


def _print_problems(console: Console, case: CaseState) -> None:
    for problem in case["problems"]:
        where = f"{case['id']}: {problem['file']}: {problem['field']}"
        console.print(f"[red]{escape(where)}:[/] {escape(problem['reason'])}", soft_wrap=True)


def _grid(grid: Any) -> str:  # noqa: ANN401 - "native" or an object
    if isinstance(grid, str):
        return grid
    shape = "x".join(str(n) for n in grid["shape"])
    return f"{shape}@{'x'.join(f'{edge:g}' for edge in grid['spacing_mm'])}"
