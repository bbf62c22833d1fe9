"""`syntrust dataset|experiment|job|model delete`, `dataset withdraw` and `dataset derive`."""

from __future__ import annotations

from typing import Annotated

import typer

from syntrust.api_types import RemovedBody
from syntrust.cli.datasets import dataset_app
from syntrust.cli.experiments import experiment_app
from syntrust.cli.jobs import job_app
from syntrust.cli.models import model_app
from syntrust.cli.printing.output import JsonOption, make_console, print_json
from syntrust.client import Client

CascadeOption = Annotated[bool, typer.Option(help="Delete what depends on it too.")]


@dataset_app.command("delete")
def delete_dataset(
    context: typer.Context,
    dataset: str,
    *,
    cascade: CascadeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Delete a dataset and all that was made of it and that nobody else has."""
    client: Client = context.obj
    _say(client.datasets.delete(dataset, cascade=cascade), as_json=as_json)


@experiment_app.command("delete")
def delete_experiment(
    context: typer.Context,
    experiment: str,
    *,
    cascade: CascadeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Delete an experiment with its report."""
    client: Client = context.obj
    _say(client.experiments.delete(experiment, cascade=cascade), as_json=as_json)


@job_app.command("delete")
def delete_job(
    context: typer.Context,
    job: str,
    *,
    cascade: CascadeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Delete a job with its files."""
    client: Client = context.obj
    _say(client.jobs.delete(job, cascade=cascade), as_json=as_json)


@model_app.command("delete")
def delete_model(
    context: typer.Context,
    model: str,
    *,
    cascade: CascadeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Delete a model, by name or id."""
    client: Client = context.obj
    _say(client.models.delete(model, cascade=cascade), as_json=as_json)


@dataset_app.command("withdraw")
def withdraw(
    context: typer.Context,
    dataset: str,
    case: str,
    *,
    delete_models: Annotated[
        bool, typer.Option(help="Delete models that were trained on it; else they are marked.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Withdraw a patient: the files and all images of the case go, and running work on it ends."""
    client: Client = context.obj
    done = client.datasets.withdraw(dataset, case, delete_models=delete_models)
    if as_json:
        print_json(done)
        return
    console = make_console()
    if done is None:
        console.print(f"{case} is removed; the dataset is still open.", markup=False)
        return
    console.print(f"{case} is withdrawn; {done['objects']} files are removed.", markup=False)
    for name, told in (
        ("failed runs", done["failed_runs"]),
        ("models marked", done["models_marked"]),
        ("models deleted", done["models_deleted"]),
        ("your other datasets with the same files", done["kept_for"]),
    ):
        if told:
            console.print(f"{name}: {', '.join(told)}", markup=False)
    console.print(f"next: syntrust dataset derive {dataset}", markup=False)


@dataset_app.command("derive")
def derive(
    context: typer.Context,
    dataset: str,
    *,
    name: Annotated[str | None, typer.Option(help="By default that of the dataset.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="A further case to leave out; any number of times.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a ready dataset of the cases that were not withdrawn."""
    client: Client = context.obj
    state = client.datasets.derive(dataset, name=name, without=without or [])
    if as_json:
        print_json(state)
    else:
        make_console().print(f"{state['id']} is ready with {len(state['cases'])} cases")


def _say(removed: RemovedBody, *, as_json: bool) -> None:
    if as_json:
        print_json(removed)
        return
    console = make_console()
    for name in ("datasets", "experiments", "jobs", "models", "uploads"):
        if removed[name]:
            console.print(f"{name}: {', '.join(removed[name])}", markup=False)
    console.print(f"{removed['steps']} results and {removed['objects']} files are removed.")
