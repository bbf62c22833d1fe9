"""`syntrust experiment`: run, watch, results, predictions, list, and how to change one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from syntrust.api_types import ExperimentBody, ExperimentError, ExperimentSummary
from syntrust.bodies import AnyResults
from syntrust.cli.arguments import (
    given,
    parse_file,
    parse_floats,
    parse_ints,
    parse_names,
    read_object,
)
from syntrust.cli.printing.output import (
    JsonOption,
    make_console,
    print_json,
    print_list,
    short_time,
)
from syntrust.cli.printing.progress import follow, tell_lost
from syntrust.cli.printing.tables import print_cost, print_results
from syntrust.client import Client
from syntrust.connection import require_success
from syntrust.errors import ExperimentFailed

experiment_app = typer.Typer(no_args_is_help=True, help="Experiments: trust factors over α.")
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Folder for results.json and .csv, figures, report.html."),
]
PdfOption = Annotated[
    Path | None,
    typer.Option("--pdf", metavar="FILE", dir_okay=False, help="File for the report as a PDF."),
]
SplitOption = Annotated[
    Path | None,
    typer.Option(
        parser=parse_file,
        metavar="FILE",
        help='JSON file {"train": […], "test": […]} of case ids; - reads stdin.',
    ),
]
TwinsOption = Annotated[
    int | None, typer.Option(help="Of each test case; from 2 on a noise floor is scored.")
]
StartOption = Annotated[
    str | None, typer.Option(help="Segmenter or start weights that each training starts from.")
]
ProbabilitiesOption = Annotated[
    bool, typer.Option("--probabilities", help="Predict the probability of each label, too.")
]
ControlsOption = Annotated[
    str | None,
    typer.Option(
        help="Arms to read the mixes against: any of real_only, augmentation_only, "
        "real_plus_twins and shuffled_masks, separated by commas."
    ),
]
WaitOption = Annotated[bool, typer.Option(help="Watch until it ends and print its results.")]


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
    split: SplitOption = None,
    generator: Annotated[str | None, typer.Option(help="Name of a model.")] = None,
    sampler: Annotated[str | None, typer.Option(help="ancestral, ddim or dpm++2m.")] = None,
    steps: Annotated[int | None, typer.Option(help="Denoising steps of a twin.")] = None,
    generator_seed: Annotated[int | None, typer.Option(help="Of the twins.")] = None,
    twins: TwinsOption = None,
    preset: Annotated[str | None, typer.Option(help="Segmenter: tiny, base or full.")] = None,
    iterations: Annotated[int | None, typer.Option(help="Of each training.")] = None,
    start: StartOption = None,
    probabilities: ProbabilitiesOption = False,
    mixing: Annotated[str | None, typer.Option(help="disjoint or independent.")] = None,
    controls: ControlsOption = None,
    priority: Annotated[
        int | None, typer.Option(min=-10, max=10, help="Of your own, higher comes first.")
    ] = None,
    out: OutOption = None,
    wait: WaitOption = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what it would cost, and accept nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask for an experiment. Ctrl-C stops watching; the experiment goes on."""
    drawn = given(
        seed=split_seed, test_fraction=test_fraction, validation_fraction=validation_fraction
    )
    draws = given(model=generator, sampler=sampler, steps=steps, seed=generator_seed, twins=twins)
    trains = given(
        preset=preset, iterations=iterations, start=start, probabilities=probabilities or None
    )
    settings = given(
        name=name,
        split=_chosen_split(split, drawn),
        generator=draws or None,
        segmenter=trains or None,
        mixing=mixing,
        controls=None if controls is None else parse_names(controls),
        priority=priority,
    )
    share, seed = parse_floats(alphas, "--alphas"), parse_ints(seeds, "--seeds")
    if dry_run:
        client: Client = context.obj
        cost = client.experiments.dry_run(dataset, share, seeds=seed, **settings)
        if as_json:
            print_json(cost)
        else:
            print_cost(make_console(), cost)
        return
    asked = {"seeds": seed, **settings}
    _run(context.obj, dataset, share, asked, out=out, wait=wait, as_json=as_json)


def _chosen_split(file: Path | None, drawn: dict[str, Any]) -> dict[str, Any] | None:
    if file is None:
        return drawn or None
    if drawn:
        raise typer.BadParameter("give either a file or fractions and a seed", param_hint="--split")
    return read_object(file, fields=" with `train` and `test`")


def _run(
    client: Client,
    dataset: str,
    alphas: Sequence[float],
    settings: Mapping[str, Any],
    *,
    out: Path | None,
    wait: bool,
    as_json: bool,
) -> None:
    state = client.experiments.create(dataset, alphas, **settings)
    console = make_console(as_json=as_json)
    console.print(f"experiment {state['id']}")
    if wait:
        _follow(client, state["id"], console, out, as_json=as_json)
        _finish(client, state["id"], console, out)
    elif as_json:
        print_json(state)


@experiment_app.command()
def watch(context: typer.Context, experiment: str, *, as_json: JsonOption = False) -> None:
    """Follow an experiment to its end. Ctrl-C stops watching; the experiment goes on."""
    _follow(context.obj, experiment, make_console(as_json=as_json), as_json=as_json)


@experiment_app.command()
def results(
    context: typer.Context,
    experiment: str,
    *,
    out: OutOption = None,
    pdf: PdfOption = None,
    as_json: JsonOption = False,
) -> None:
    """The trust-factor table; with --out also the files of the report."""
    client: Client = context.obj
    console = make_console(as_json=as_json)
    body = _finish(client, experiment, console, out)
    if pdf is not None:
        pdf.parent.mkdir(parents=True, exist_ok=True)
        pdf.write_bytes(client.experiments.pdf(experiment))
        console.print(f"The report is in {pdf}", markup=False)
    if as_json:
        print_json(body)


@experiment_app.command()
def predictions(
    context: typer.Context,
    experiment: str,
    *,
    model: Annotated[str, typer.Option(help="Segmenter of the experiment: syntrust model list.")],
    out: Annotated[Path, typer.Option(help="Folder; they go to OUT/MODEL/TEST_SET.")],
    test_set: Annotated[
        str, typer.Option(help="real, synthetic or synthetic_again (second twins).")
    ] = "real",
    as_json: JsonOption = False,
) -> None:
    """The label maps that a segmenter predicted for the test cases, and how sure it was."""
    client: Client = context.obj
    written = client.experiments.predictions(experiment, model, out, test_set=test_set)
    if as_json:
        print_json(written)
        return
    folders = dict.fromkeys(str(path.parent) for path in written.values())
    make_console().print(
        f"Label maps and predictions.json are in {', '.join(folders)}. For research use only.",
        markup=False,
    )


@experiment_app.command("list")
def list_experiments(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """Every experiment."""
    client: Client = context.obj
    print_list(
        client.experiments.list(),
        ("id", "state", "α", "created", "name"),
        lambda item: (
            *(item["id"], _state(item), " ".join(f"{alpha:g}" for alpha in item["alphas"])),
            *(short_time(item["created"]), item["name"] or ""),
        ),
        as_json=as_json,
    )


def _state(item: ExperimentSummary) -> str:
    return f"{item['state']}, partial" if item["partial"] else item["state"]


@experiment_app.command()
def pause(context: typer.Context, experiment: str, *, as_json: JsonOption = False) -> None:
    """Start no more of its steps; those that were handed out go on to their end."""
    client: Client = context.obj
    _say(client.experiments.pause(experiment), as_json=as_json)


@experiment_app.command()
def resume(context: typer.Context, experiment: str, *, as_json: JsonOption = False) -> None:
    """Go on with a paused experiment."""
    client: Client = context.obj
    _say(client.experiments.resume(experiment), as_json=as_json)


@experiment_app.command()
def retry(context: typer.Context, experiment: str, *, as_json: JsonOption = False) -> None:
    """Compute what is missing of an experiment that failed."""
    client: Client = context.obj
    _say(client.experiments.retry(experiment), as_json=as_json)


@experiment_app.command()
def priority(
    context: typer.Context,
    experiment: str,
    value: Annotated[int, typer.Argument(min=-10, max=10, help="-10 to 10; higher comes first.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Say which of your experiments come first."""
    client: Client = context.obj
    _say(client.experiments.set_priority(experiment, value), as_json=as_json)


@experiment_app.command()
def cancel(context: typer.Context, experiment: str, *, as_json: JsonOption = False) -> None:
    """Stop an experiment; steps that another one wants go on."""
    client: Client = context.obj
    _say(client.experiments.cancel(experiment), as_json=as_json)


def _say(state: ExperimentBody, *, as_json: bool) -> None:
    if as_json:
        print_json(state)
        return
    told = f"experiment {state['id']}: {state['state']}, priority {state['priority']}"
    make_console().print(told)


def _follow(
    client: Client,
    experiment: str,
    console: Console,
    out: Path | None = None,
    *,
    as_json: bool = False,
) -> None:
    """Watch to the end. Of one that failed, print what is there before its error."""
    states = client.experiments.watch(experiment, on_lost=tell_lost(console))
    last = follow(console, states, noun="experiment", name=experiment)
    if last is None:
        return
    if last.get("partial"):
        _finish(client, experiment, console, out)
    _print_log(console, last["error"])
    if as_json:
        print_json(last)
    require_success(last, ExperimentFailed)


def _print_log(console: Console, error: ExperimentError | None) -> None:
    """Print what the worker of the failed step logged last."""
    for line in error.get("log", ()) if error else ():
        console.print(f"[dim]{escape(line)}[/]")


def _finish(client: Client, experiment: str, console: Console, out: Path | None) -> AnyResults:
    body = client.experiments.results(experiment)
    print_results(console, body)
    console.print(f"results digest {body['digest']}")
    if out is not None:
        client.experiments.save(experiment, out)
        console.print(
            f"results.json, results.csv, figures and report.html are in {out}", markup=False
        )
    return body
