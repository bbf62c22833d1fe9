"""`syntrust experiment run|watch|results|list|cancel`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from syntrust.arguments import parse_floats, parse_ints, parse_names
from syntrust.bodies import ExperimentState
from syntrust.client import Client, require_success
from syntrust.errors import SynTrustError
from syntrust.progress import show
from syntrust.tables import plain_table, print_results, short_time

experiment_app = typer.Typer(no_args_is_help=True, help="Experiments: trust factors over α.")
JsonOption = Annotated[bool, typer.Option("--json", help="Print the API's own answer.")]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Folder for results.json and .csv, figures, report.html."),
]


@experiment_app.command()
def run(
    context: typer.Context,
    *,
    dataset: Annotated[str, typer.Option(help="Id of a ready dataset.")],
    alphas: Annotated[str, typer.Option(help="Shares of real data, as 0,0.5,1.")],
    name: Annotated[str | None, typer.Option(help="For your own lists.")] = None,
    seeds: Annotated[str, typer.Option(help="Training seeds, as 0,1,2.")] = "0",
    test_fraction: Annotated[float | None, typer.Option(help="Share of patients tested.")] = None,
    validation_fraction: Annotated[float | None, typer.Option(help="Set aside.")] = None,
    split_seed: Annotated[int | None, typer.Option(help="Of the random split.")] = None,
    split: Annotated[
        Path | None,
        typer.Option(exists=True, help='JSON file {"train": […], "test": […]} of case ids.'),
    ] = None,
    generator: Annotated[str | None, typer.Option(help="Name of a model.")] = None,
    sampler: Annotated[str | None, typer.Option(help="ancestral or ddim.")] = None,
    steps: Annotated[int | None, typer.Option(help="Denoising steps of a twin.")] = None,
    generator_seed: Annotated[int | None, typer.Option(help="Of the twins.")] = None,
    twins: Annotated[
        int | None, typer.Option(help="Of each test case; from 2 on a noise floor is scored.")
    ] = None,
    preset: Annotated[str | None, typer.Option(help="Segmenter: tiny, base or full.")] = None,
    iterations: Annotated[int | None, typer.Option(help="Of each training.")] = None,
    mixing: Annotated[str | None, typer.Option(help="disjoint or independent.")] = None,
    controls: Annotated[
        str | None,
        typer.Option(
            help="Arms to read the mixes against: any of real_only, augmentation_only, "
            "real_plus_twins and shuffled_masks, separated by commas."
        ),
    ] = None,
    out: OutOption = None,
    wait: Annotated[bool, typer.Option(help="Watch until it ends and print its results.")] = True,
) -> None:
    """Ask for an experiment. Ctrl-C stops watching; the experiment goes on."""
    client: Client = context.obj
    drawn = _given(
        seed=split_seed, test_fraction=test_fraction, validation_fraction=validation_fraction
    )
    if split is not None and drawn:
        raise typer.BadParameter("give either a file or fractions and a seed", param_hint="--split")
    chosen = drawn if split is None else _split(split)
    settings = _given(
        name=name,
        split=chosen or None,
        generator=_given(
            model=generator, sampler=sampler, steps=steps, seed=generator_seed, twins=twins
        )
        or None,
        segmenter=_given(preset=preset, iterations=iterations) or None,
        mixing=mixing,
        controls=None if controls is None else parse_names(controls),
    )
    state = client.create_experiment(
        dataset,
        parse_floats(alphas, "--alphas"),
        seeds=parse_ints(seeds, "--seeds"),
        **settings,
    )
    console = Console(highlight=False)
    console.print(f"experiment {state['id']}", soft_wrap=True)
    if wait:
        _follow(client, state["id"], console)
        _finish(client, state["id"], console, out)


@experiment_app.command()
def watch(context: typer.Context, experiment: str) -> None:
    """Follow an experiment to its end. Ctrl-C stops watching; the experiment goes on."""
    _follow(context.obj, experiment, Console(highlight=False))


@experiment_app.command()
def results(
    context: typer.Context, experiment: str, *, out: OutOption = None, as_json: JsonOption = False
) -> None:
    """The trust-factor table; with --out also the files of the report."""
    client: Client = context.obj
    if as_json:
        Console(highlight=False).print_json(data=client.results(experiment))
        return
    _finish(client, experiment, Console(highlight=False), out)


@experiment_app.command("list")
def list_experiments(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """Every experiment."""
    client: Client = context.obj
    found = list(client.experiments())
    console = Console(highlight=False)
    if as_json:
        console.print_json(data=found)
        return
    table = plain_table("id", "state", "α", "created", "name")
    for item in found:
        alphas = " ".join(f"{alpha:g}" for alpha in item["alphas"])
        when, name = short_time(item["created"]), escape(item["name"] or "")
        table.add_row(item["id"], item["state"], alphas, when, name)
    console.print(table)


@experiment_app.command()
def cancel(context: typer.Context, experiment: str) -> None:
    """Stop an experiment; steps that another one wants go on."""
    client: Client = context.obj
    state = client.cancel(experiment)
    Console(highlight=False).print(f"experiment {state['id']}: {state['state']}")


def _follow(client: Client, experiment: str, console: Console) -> None:
    last: ExperimentState | None = None
    try:
        last = show(console, client.watch(experiment))
    except KeyboardInterrupt:
        console.print(
            f"Stopped watching. The experiment goes on: syntrust experiment watch {experiment} "
            f"follows it, syntrust experiment cancel {experiment} stops it.",
            soft_wrap=True,
        )
        raise
    if last is not None:
        require_success(last)


def _finish(client: Client, experiment: str, console: Console, out: Path | None) -> None:
    body = client.results(experiment)
    print_results(console, body)
    console.print(f"results digest {body['digest']}", soft_wrap=True)
    if out is not None:
        client.save(experiment, out)
        console.print(
            f"results.json, results.csv, figures and report.html are in {out}", soft_wrap=True
        )


def _given(**fields: object) -> dict[str, Any]:
    """What was given: defaults are the server's."""
    return {name: value for name, value in fields.items() if value is not None}


def _split(file: Path) -> dict[str, Any]:
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SynTrustError(f"{file} is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise SynTrustError(f"{file} should hold a JSON object with `train` and `test`.")
    return body
