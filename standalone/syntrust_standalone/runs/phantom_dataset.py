"""A dataset of phantoms on a platform: made, registered, and found again by its content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from syntrust.bodies import GridSpec
from syntrust.case_files import find_files
from syntrust.cli.upload import register
from syntrust.client import Client
from syntrust.intake.survey import read_case
from syntrust_core.files import file_sha256

GRID: Final[GridSpec] = {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]}


def make_demo_phantoms(folder: Path, *, seed: int, count: int, console: Console) -> list[Path]:
    """Make the cases of a cohort of the demo's preset that `folder` does not hold yet."""
    from syntrust_standalone.phantoms import PhantomOptions, make_cohort  # noqa: PLC0415 - heavy

    columns = (TextColumn("phantoms"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=count)
        return make_cohort(
            folder,
            seed=seed,
            count=count,
            options=PhantomOptions.demo(),
            on_case=lambda _, done, __: progress.update(bar, completed=done),
        )


def find_or_register(client: Client, cases: Sequence[Path], console: Console, *, name: str) -> str:
    """Find the dataset of exactly these files, or register it; its id once it is ready.

    The name that is given to it ends with the digest of the files, by which it is found again. One
    that an interrupted run has left open, or in inspection, is gone on with.
    """
    full = f"{name}-{_digest_files(cases)[:16]}"
    named = {each["state"]: each["id"] for each in client.datasets.list() if each["name"] == full}
    if "ready" in named or "inspecting" in named:
        dataset = named.get("ready") or named["inspecting"]
        console.print(f"dataset {dataset}: registered before")
        return client.datasets.wait(dataset)["id"]
    found = [read_case(case) for case in cases]
    return register(
        client,
        found,
        name=full,
        grid=GRID,
        scheme="auto",
        origin="phantoms",
        console=console,
        into=named.get("open"),
    )["id"]


def _digest_files(cases: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for case in cases:
        files, _ = find_files(case)
        for role, path in files.items():
            digest.update(f"{case.name} {role} {file_sha256(path)}\n".encode())
    return digest.hexdigest()
