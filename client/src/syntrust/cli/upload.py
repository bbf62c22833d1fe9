"""Registering folders of cases with a bar for the bytes: what `dataset add` and the demo do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from syntrust.api_types import DatasetBody
from syntrust.bodies import GridSpec, ImageOrigin, Scheme
from syntrust.client import Client
from syntrust.errors import DatasetRefused, SynTrustError
from syntrust.intake.outcomes import FoundCase


def register(
    client: Client,
    cases: Sequence[FoundCase],
    *,
    name: str,
    grid: GridSpec,
    scheme: Scheme,
    console: Console,
    origin: ImageOrigin = "patients",
    into: str | None = None,
    go_on: Callable[[str], str] = lambda dataset: f"add --into {dataset}",
) -> DatasetBody:
    """Create a dataset of these cases, send and commit it, and wait until it is ready.

    With `into`, the id of an open dataset, its cases are added to or replaced instead. `go_on`
    gives the command that goes on with a dataset that is only half filled.

    Raises
    ------
    DatasetRefused
        If cases were refused.
    """
    dataset = into or client.datasets.create(name, grid=grid, scheme=scheme, origin=origin)["id"]
    console.print(f"dataset {dataset}: {len(cases)} cases", soft_wrap=True)
    try:
        _send(client, dataset, cases, console)
        client.datasets.commit(dataset)
    except (SynTrustError, KeyboardInterrupt):
        said = f"The dataset is open and lacks cases. To go on: {go_on(dataset)}"
        console.print(escape(said), soft_wrap=True)
        raise
    try:
        return _wait(client, dataset, console)
    except DatasetRefused:
        said = f"Correct these cases, or leave them out; then go on: {go_on(dataset)}"
        console.print(escape(said), soft_wrap=True)
        raise


def _send(client: Client, dataset: str, cases: Sequence[FoundCase], console: Console) -> None:
    with bytes_bar(console) as progress:
        bar = progress.add_task("upload", total=sum(case.bytes for case in cases))
        for case in cases:
            client.datasets.add_found(
                dataset, case, on_bytes=lambda size: progress.advance(bar, size)
            )
            if case.ignored:
                names = escape(", ".join(case.ignored))
                progress.console.print(f"[dim]{case.id}: ignored {names}[/]", soft_wrap=True)


def print_warnings(console: Console, dataset: DatasetBody) -> None:
    """What inspection chose or noticed, over all cases and case by case."""
    for warning in dataset.get("warnings", ()):  # servers before it tell none
        console.print(f"[yellow]{escape(warning)}[/]", soft_wrap=True)
    for case in dataset["cases"]:
        for warning in case["warnings"]:
            console.print(f"[dim]{case['id']}: {escape(warning)}[/]", soft_wrap=True)


def _wait(client: Client, dataset: str, console: Console) -> DatasetBody:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[cases]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        bar = progress.add_task("inspect", total=None, cases="")

        def on_state(state: DatasetBody) -> None:
            done, total = state["progress"]["inspected"], state["progress"]["total"]
            progress.update(bar, completed=done, total=total, cases=f"{done}/{total}")

        return client.datasets.wait(dataset, on_state=on_state)


def bytes_bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
        console=console,
    )
