"""`syntrust model list|show|download|export|import|train`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.markup import escape

from syntrust.api_types import JobBody
from syntrust.bodies import ModelBody, ModelKind, ModelSummary
from syntrust.cli.arguments import given, grid_text, parse_file, read_names, read_object
from syntrust.cli.jobs import finish
from syntrust.cli.printing.output import (
    JsonOption,
    make_console,
    print_files,
    print_json,
    print_list,
    print_rows,
    short_time,
)
from syntrust.cli.upload import bytes_bar
from syntrust.client import Client

model_app = typer.Typer(
    no_args_is_help=True, help="Models: generators of images, and segmenters of tumours."
)
WaitOption = Annotated[bool, typer.Option(help="Watch until the model is there.")]


@model_app.command("list")
def list_models(
    context: typer.Context,
    *,
    kind: Annotated[
        str | None, typer.Option(help="generator, segmenter or start_weights; all if left out.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Your own models, and those that everybody has."""
    client: Client = context.obj
    print_list(
        client.models.list(cast("ModelKind | None", kind)),
        ("name", "kind", "origin", "grid", "is", "seen", "created", "id"),
        lambda item: (
            *(item["name"], item["kind"], item["origin"], _grid(item), _is(item)),
            *(str(item.get("seen_cases", "")), short_time(item["created"]), item["id"]),
        ),
        as_json=as_json,
    )


@model_app.command()
def show(context: typer.Context, model: str, *, as_json: JsonOption = False) -> None:
    """One model: what it is, what it has seen, how well it validated."""
    client: Client = context.obj
    state = client.models.get(model)
    if as_json:
        print_json(state)
        return
    console = make_console()
    for name, value in _facts(state):
        console.print(f"{name}: {escape(value)}")
    known: Mapping[str, Any] = state
    for image, dice in known.get("validation_dice", {}).items():
        means = ("-" if each is None else f"{each:.3f}" for each in dice.values())
        print_rows(console, (f"validation Dice, {image}", *dice), [("mean", *means)])
    console.print("For research use only.")


@model_app.command()
def download(
    context: typer.Context,
    model: str,
    *,
    out: Annotated[Path, typer.Option(help="Folder for weights, cards and history.")],
    as_json: JsonOption = False,
) -> None:
    """The files of a model: its weights, its card, and a segmenter's history."""
    client: Client = context.obj
    print_files(make_console(), client.models.download(model, out), as_json=as_json)


@model_app.command()
def export(
    context: typer.Context,
    model: str,
    *,
    out: Annotated[Path, typer.Option(help="Folder for bundle.zip.")],
    as_json: JsonOption = False,
) -> None:
    """A segmenter as a MONAI bundle, which `python -m monai.bundle run` runs by itself."""
    client: Client = context.obj
    console = make_console(as_json=as_json)
    job = client.models.export(model)
    console.print(f"job {job['id']}")
    finish(client, job["id"], console, out, as_json=as_json)


@model_app.command("import")
def import_model(
    context: typer.Context,
    checkpoint: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="As Med-DDPM released it.")
    ],
    *,
    name: Annotated[str, typer.Option(help="What to call the model.")],
    seen: Annotated[
        Path | None,
        typer.Option(
            parser=parse_file,
            metavar="FILE",
            help="Cases it was trained on, one id per line; - reads stdin.",
        ),
    ] = None,
    wait: WaitOption = True,
    as_json: JsonOption = False,
) -> None:
    """Make a released checkpoint a generator. Nothing in it is executed."""
    client: Client = context.obj
    ids = None if seen is None else read_names(seen)
    with bytes_bar(make_console(as_json=as_json)) as progress:
        bar = progress.add_task("upload", total=checkpoint.stat().st_size)
        job = client.models.import_checkpoint(
            name, checkpoint, seen=ids, on_bytes=lambda size: progress.advance(bar, size)
        )
    _made(client, job, wait=wait, as_json=as_json)


@model_app.command()
def train(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Option(help="What to call the model.")],
    dataset: Annotated[str, typer.Option(help="Id of a ready dataset.")],
    iterations: Annotated[int, typer.Option(help="Of the training.")],
    start: Annotated[str | None, typer.Option(help="Model to go on from.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            parser=parse_file,
            metavar="FILE",
            help="JSON file: architecture, recipe and more; - reads stdin.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the training.")] = None,
    wait: WaitOption = True,
    as_json: JsonOption = False,
) -> None:
    """Train a generator on the cases of a dataset."""
    client: Client = context.obj
    settings = given(start=start, seed=seed, config=None if config is None else read_object(config))
    job = client.models.train(name, dataset, iterations=iterations, **settings)
    _made(client, job, wait=wait, as_json=as_json)


def _made(client: Client, job: JobBody, *, wait: bool, as_json: bool) -> None:
    console = make_console(as_json=as_json)
    console.print(f"job {job['id']}")
    if wait:
        finish(client, job["id"], console, as_json=as_json)
        console.print(f"model {escape(job['name'] or '')} is ready, also as {job['id']}")
    elif as_json:
        print_json(job)


def _grid(model: ModelSummary) -> str:
    if model["kind"] == "start_weights":
        return ""
    if model["grid"] is not None:
        return grid_text(model["grid"])
    return "whole heads" if model["kind"] == "generator" else "native"


def _is(model: ModelSummary) -> str:
    """What to know of it first: how a generator draws, how large a segmenter is, and of which α."""
    if model["kind"] == "generator":
        return f"{model['sampling']['sampler']} {model['sampling']['steps']}"
    if model["kind"] == "start_weights" or model["made_by"] is None:
        return model["preset"] or ""
    made = model["made_by"]
    arms = [*(f"α {alpha:g}" for alpha in made["alphas"]), *made["controls"]]
    return ", ".join([model["preset"], *arms])


def _facts(state: ModelBody) -> Iterator[tuple[str, str]]:
    yield state["kind"], f"{state['name']}, {state['origin']}, also {state['id']}"
    if about := _is(state):
        yield "is", about
    if grid := _grid(state):
        yield "grid", grid
    known: Mapping[str, Any] = state
    if made := known.get("made_by"):
        named = f" ({made['name']})" if made["name"] else ""
        yield "made by", f"experiment {made['experiment']}{named}, seed {made['seed']}"
    if (seen := known.get("seen_cases")) is not None:
        yield "trained on", f"{seen} cases"
    for name in ("parameters", "head", "layout", "source", "weights_digest", "revision"):
        if (value := known.get(name)) is not None:
            yield name.replace("_", " "), str(value)
