"""`syntrust synthesise` and `syntrust job watch|list|cancel`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from syntrust.cli.arguments import given, parse_scheme
from syntrust.cli.printing.output import (
    JsonOption,
    make_console,
    print_files,
    print_json,
    print_list,
    short_time,
)
from syntrust.cli.printing.progress import follow, tell_lost
from syntrust.client import Client
from syntrust.connection import require_success
from syntrust.errors import JobFailed

job_app = typer.Typer(no_args_is_help=True, help="Jobs: syntheses, segmentations, models, scores.")


def synthesise(
    context: typer.Context,
    mask: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Tumour mask, NIfTI.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the images and twin.json.")],
    brain: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Brain mask; not needed under scheme med_ddpm."
        ),
    ] = None,
    scheme: Annotated[
        str,
        typer.Option(
            help="Labels: auto, brats2021, brats2023, brats2024, med_ddpm, or a mapping as JSON."
        ),
    ] = "auto",
    model: Annotated[str | None, typer.Option(help="Name or id of a generator.")] = None,
    steps: Annotated[int | None, typer.Option(help="Denoising steps.")] = None,
    sampler: Annotated[str | None, typer.Option(help="ancestral, ddim or dpm++2m.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed draws another volume.")] = None,
    fit: Annotated[
        str | None, typer.Option(help="resize: squeeze the mask into the generator's grid.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw four modalities for a tumour mask, on the mask's own grid.

    Ctrl-C stops waiting; the job goes on. For research use only.
    """
    client: Client = context.obj
    console = make_console(as_json=as_json)
    job = client.jobs.synthesise(
        mask,
        brain=brain,
        scheme=parse_scheme(scheme),
        fit=fit,
        **given(model=model, steps=steps, sampler=sampler, seed=seed),
    )
    console.print(f"job {job['id']}")
    finish(client, job["id"], console, out, as_json=as_json)


@job_app.command()
def watch(
    context: typer.Context,
    job: str,
    *,
    out: Annotated[Path | None, typer.Option(help="Folder for the files it gives.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Follow a job to its end. Ctrl-C stops watching; the job goes on."""
    finish(context.obj, job, make_console(as_json=as_json), out, as_json=as_json)


@job_app.command("list")
def list_jobs(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """Every job."""
    client: Client = context.obj
    print_list(
        client.jobs.list(),
        ("id", "kind", "state", "created", "name"),
        lambda item: (
            *(item["id"], item["kind"], item["state"]),
            *(short_time(item["created"]), item["name"] or ""),
        ),
        as_json=as_json,
    )


@job_app.command()
def cancel(context: typer.Context, job: str, *, as_json: JsonOption = False) -> None:
    """Stop a job; steps that somebody else wants go on."""
    client: Client = context.obj
    state = client.jobs.cancel(job)
    if as_json:
        print_json(state)
    else:
        make_console().print(f"job {state['id']}: {state['state']}")


def finish(
    client: Client, job: str, console: Console, out: Path | None = None, *, as_json: bool = False
) -> None:
    """Watch a job to its end, and write what it gave into `out`; print its last state as JSON."""
    again = "" if out is None else f" --out {shlex.quote(str(out))}"
    states = client.jobs.watch(job, on_lost=tell_lost(console))
    last = follow(console, states, noun="job", name=job, again=again)
    if last is not None:
        if as_json:
            print_json(last)
        require_success(last, JobFailed)
        for warning in last["warnings"]:
            console.print(f"[dim]{escape(warning)}[/]")
    if out is not None:
        print_files(console, client.jobs.download(job, out), as_json=False)
