"""`syntrust synthesise` and `syntrust job watch|list|cancel`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from syntrust.arguments import parse_scheme
from syntrust.bodies import JobState
from syntrust.client import Client
from syntrust.jobs import require_job_success
from syntrust.progress import show
from syntrust.tables import plain_table, short_time

job_app = typer.Typer(no_args_is_help=True, help="Jobs: syntheses, models, scores of label maps.")
JsonOption = Annotated[bool, typer.Option("--json", help="Print the API's own answer.")]


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
        typer.Option(help="Labels: auto, brats2021, brats2023, med_ddpm, or a mapping as JSON."),
    ] = "auto",
    model: Annotated[str | None, typer.Option(help="Name or id of a generator.")] = None,
    steps: Annotated[int | None, typer.Option(help="Denoising steps.")] = None,
    sampler: Annotated[str | None, typer.Option(help="ancestral, ddim or dpm++2m.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed draws another volume.")] = None,
    fit: Annotated[
        str | None, typer.Option(help="resize: squeeze the mask into the generator's grid.")
    ] = None,
) -> None:
    """Draw four modalities for a tumour mask, on the mask's own grid.

    Ctrl-C stops waiting; the job goes on. For research use only.
    """
    client: Client = context.obj
    console = Console(highlight=False)
    job = client.synthesise(
        mask,
        brain=brain,
        scheme=parse_scheme(scheme),
        fit=fit,
        **given(model=model, steps=steps, sampler=sampler, seed=seed),
    )
    console.print(f"job {job['id']}", soft_wrap=True)
    follow(client, job["id"], console, out)


@job_app.command()
def watch(
    context: typer.Context,
    job: str,
    *,
    out: Annotated[Path | None, typer.Option(help="Folder for the files it gives.")] = None,
) -> None:
    """Follow a job to its end. Ctrl-C stops watching; the job goes on."""
    follow(context.obj, job, Console(highlight=False), out)


@job_app.command("list")
def list_jobs(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """Every job."""
    client: Client = context.obj
    found = list(client.jobs())
    console = Console(highlight=False)
    if as_json:
        console.print_json(data=found)
        return
    table = plain_table("id", "kind", "state", "created", "name")
    for item in found:
        when, name = short_time(item["created"]), escape(item["name"] or "")
        table.add_row(item["id"], item["kind"], item["state"], when, name)
    console.print(table)


@job_app.command()
def cancel(context: typer.Context, job: str) -> None:
    """Stop a job; steps that somebody else wants go on."""
    client: Client = context.obj
    state = client.cancel_job(job)
    Console(highlight=False).print(f"job {state['id']}: {state['state']}")


def follow(client: Client, job: str, console: Console, out: Path | None = None) -> None:
    """Watch a job to its end, and write what it gave into `out`."""
    last: JobState | None = None
    try:
        last = show(console, client.watch_job(job), noun="job")
    except KeyboardInterrupt:
        _leave(job, console, out)
    if last is not None:
        require_job_success(last)
        for warning in last["warnings"]:
            console.print(f"[dim]{escape(warning)}[/]", soft_wrap=True)
    if out is not None:
        written = client.download(job, out)
        names = ", ".join(sorted(written))
        console.print(f"{names} are in {out}. For research use only.", soft_wrap=True)


def _leave(job: str, console: Console, out: Path | None) -> NoReturn:
    where = "" if out is None else f" --out {out}"
    console.print(
        f"Stopped watching. The job goes on: syntrust job watch {job}{where} follows it, "
        f"syntrust job cancel {job} stops it.",
        soft_wrap=True,
    )
    raise KeyboardInterrupt


def given(**fields: object) -> dict[str, Any]:
    """What was given: defaults are the server's."""
    return {name: value for name, value in fields.items() if value is not None}
