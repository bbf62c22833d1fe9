"""Registering folders of cases with a bar for the bytes: what `dataset add` and the demo do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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
from syntrust.bodies import GridSpec, Scheme
from syntrust.case_files import find_files
from syntrust.client import Client
from syntrust.errors import DatasetRefused


def register(
    client: Client,
    folders: Sequence[Path],
    *,
    name: str,
    grid: GridSpec,
    scheme: Scheme,
    console: Console,
    into: str | None = None,
) -> DatasetBody:
    """Create a dataset of these case folders, send and commit it, and wait until it is ready.

    With `into`, the id of an open dataset, its cases are added to or replaced instead.

    Raises
    ------
    DatasetRefused
        If cases were refused.
    """
    total = sum(_bytes(folder) for folder in folders)  # before anything is created
    dataset = into or client.datasets.create(name, grid=grid, scheme=scheme)["id"]
    console.print(f"dataset {dataset}: {len(folders)} cases", soft_wrap=True)
    with bytes_bar(console) as progress:
        bar = progress.add_task("upload", total=total)
        for folder in folders:
            added = client.datasets.add_case(
                dataset, folder, on_bytes=lambda size: progress.advance(bar, size)
            )
            if added.ignored:
                names = escape(", ".join(added.ignored))
                progress.console.print(f"[dim]{added.id}: ignored {names}[/]")
    client.datasets.commit(dataset)
    try:
        return _wait(client, dataset, console)
    except DatasetRefused:
        console.print(f"To send corrected cases only, add --into {dataset}.", soft_wrap=True)
        raise


def print_warnings(console: Console, dataset: DatasetBody) -> None:
    """What inspection chose or noticed, case by case."""
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


def _bytes(folder: Path) -> int:
    files, _ = find_files(folder)
    return sum(path.stat().st_size for path in files.values())


def bytes_bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
        console=console,
    )
