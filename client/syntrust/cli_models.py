"""`syntrust model list|import|train`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from syntrust.arguments import grid_text
from syntrust.bodies import JobState, ModelSummary
from syntrust.cli_jobs import JsonOption, follow, given
from syntrust.client import Client
from syntrust.errors import SynTrustError
from syntrust.tables import plain_table, short_time
from syntrust.upload import bytes_bar

model_app = typer.Typer(no_args_is_help=True, help="Models: generators of synthetic images.")
WaitOption = Annotated[bool, typer.Option(help="Watch until the model is there.")]


@model_app.command("list")
def list_models(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """Your own models, and those that everybody has."""
    client: Client = context.obj
    found = list(client.models())
    console = Console(highlight=False)
    if as_json:
        console.print_json(data=found)
        return
    table = plain_table("name", "origin", "grid", "default", "seen", "created", "id")
    for item in found:
        sampling = f"{item['sampling']['sampler']} {item['sampling']['steps']}"
        when = short_time(item["created"]) if item["created"] else ""
        seen = str(item["seen_cases"])
        cells = (escape(item["name"]), item["origin"], _grid(item), sampling, seen, when)
        table.add_row(*cells, item["id"])
    console.print(table)


@model_app.command("import")
def import_model(
    context: typer.Context,
    checkpoint: Annotated[Path, typer.Argument(exists=True, help="As Med-DDPM released it.")],
    *,
    name: Annotated[str, typer.Option(help="What to call the model.")],
    seen: Annotated[
        Path | None,
        typer.Option(exists=True, help="Cases it was trained on, one id per line."),
    ] = None,
    wait: WaitOption = True,
) -> None:
    """Make a released checkpoint a model. Nothing in it is executed."""
    client: Client = context.obj
    ids = None if seen is None else seen.read_text(encoding="utf-8").split()
    with bytes_bar(Console(highlight=False)) as progress:
        bar = progress.add_task("upload", total=checkpoint.stat().st_size)
        job = client.import_model(
            name, checkpoint, seen=ids, on_bytes=lambda size: progress.advance(bar, size)
        )
    _finish(client, job, wait=wait)


@model_app.command()
def train(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Option(help="What to call the model.")],
    dataset: Annotated[str, typer.Option(help="Id of a ready dataset.")],
    iterations: Annotated[int, typer.Option(help="Of the training.")],
    start: Annotated[str | None, typer.Option(help="Model to go on from.")] = None,
    config: Annotated[
        Path | None, typer.Option(exists=True, help="JSON file: architecture, recipe and more.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the training.")] = None,
    wait: WaitOption = True,
) -> None:
    """Train a generator on the cases of a dataset."""
    client: Client = context.obj
    settings = given(start=start, seed=seed, config=None if config is None else _object(config))
    _finish(client, client.train_model(name, dataset, iterations=iterations, **settings), wait=wait)


def _finish(client: Client, job: JobState, *, wait: bool) -> None:
    console = Console(highlight=False)
    console.print(f"job {job['id']}", soft_wrap=True)
    if wait:
        follow(client, job["id"], console)
        console.print(f"model {job['name']} is ready, also as {job['id']}", soft_wrap=True)


def _grid(model: ModelSummary) -> str:
    return "whole heads" if model["grid"] is None else grid_text(model["grid"])


def _object(file: Path) -> dict[str, Any]:
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SynTrustError(f"{file} is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise SynTrustError(f"{file} should hold a JSON object.")
    return body
