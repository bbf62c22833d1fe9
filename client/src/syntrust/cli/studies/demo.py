"""`syntrust demo`: the demo's experiment on phantoms, on any installation.

The phantoms are made by `syntrust-standalone`, which the client does not need for anything else.
So it is looked up by name when the command runs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import typer
from rich.console import Console

from syntrust.cli.printing.output import JsonOption, make_console, print_json
from syntrust.cli.studies.standalone import find_function
from syntrust.client import Client
from syntrust.config import read_key

_DEMO: Final = ("syntrust_standalone.demo", "run_demo_at")


class RunDemo(Protocol):
    """What the package with the phantoms offers."""

    def __call__(
        self, client: Client, data: Path, console: Console, *, cases: int, iterations: int | None
    ) -> None: ...


def demo(
    context: typer.Context,
    *,
    url: Annotated[
        str | None, typer.Option(help="Of the server's API; as `syntrust --url URL demo`.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="File with the key; as `syntrust --key-file FILE demo`.")
    ] = None,
    data: Annotated[
        Path, typer.Option(help="Folder for phantoms and results; a second run reuses them.")
    ] = Path("syntrust-demo"),
    cases: Annotated[int, typer.Option(min=4, help="Phantoms in the cohort.")] = 30,
    iterations: Annotated[
        int | None,
        typer.Option(min=1, help="Iterations of each training; by default the preset's."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run an experiment at α = 0, 0.5, 1 on a phantom cohort and show its results.

    It needs the package syntrust-standalone too, which makes the phantoms.
    """
    run = find_demo()
    client = choose_client(context, url, key_file)
    console = make_console(as_json=as_json)
    run(client, data, console, cases=cases, iterations=iterations)
    if as_json:
        print_json(json.loads((data / "results.json").read_text(encoding="utf-8")))


def find_demo(module: str = _DEMO[0]) -> RunDemo:
    """Find what runs the demo.

    Raises
    ------
    SynTrustError
        The package with the phantoms is not installed here.
    """
    return find_function(module, _DEMO[1], "The demo's phantoms are made")


def choose_client(context: typer.Context, url: str | None, key_file: Path | None) -> Client:
    """Choose the server that was named after the command, else the one named before it."""
    if url is None and key_file is None:
        client: Client = context.obj
        return client
    before: dict[str, Any] = {} if context.parent is None else context.parent.params
    file = key_file or before.get("key_file")
    key = before.get("key") if key_file is None else None
    if key is None and file is not None:
        key = read_key(file)
    return context.with_resource(Client(url or before.get("url"), key))
