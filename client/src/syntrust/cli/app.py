"""The `syntrust` command. `failures` has its exit codes."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from syntrust.cli import removal, synthetic  # noqa: F401 - they add commands to those below
from syntrust.cli.datasets import dataset_app
from syntrust.cli.experiments import experiment_app
from syntrust.cli.failures import run
from syntrust.cli.jobs import job_app, synthesise
from syntrust.cli.models import model_app
from syntrust.cli.planning.commands import compare, power
from syntrust.cli.segment import segment
from syntrust.cli.studies.demo import demo
from syntrust.cli.studies.study import study
from syntrust.cli.trust_score import trust_score
from syntrust.client import Client
from syntrust.config import read_key

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Boxes of 80 columns would cut the paths and ids in usage errors.
    rich_markup_mode=None,
    help="How far can synthetic medical images be trusted? For research use only.",
    epilog=(
        "Exit codes: 0 done, 1 refused or failed, 2 usage, 3 no answer, 70 fault, 130 interrupted."
    ),
)
app.add_typer(dataset_app, name="dataset")
app.add_typer(experiment_app, name="experiment")
app.add_typer(job_app, name="job")
app.add_typer(model_app, name="model")
app.command()(segment)
app.command()(synthesise)
app.command("trust-score")(trust_score)
app.command()(power)
app.command()(compare)
app.command()(demo)
app.command()(study)


def main(arguments: list[str] | None = None) -> None:
    """Run the command and turn what goes wrong into a sentence and an exit code."""
    run(lambda: app(arguments, prog_name="syntrust"))


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer's own signature
    if not asked:
        return
    try:
        number = version("syntrust-client")
    except PackageNotFoundError:  # run from its folder
        number = "of a checkout"
    typer.echo(f"syntrust {number}")
    raise typer.Exit


@app.callback()
def configure(
    context: typer.Context,
    *,
    url: Annotated[
        str | None, typer.Option(envvar="SYNTRUST_URL", help="Of the server's API.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(envvar="SYNTRUST_KEY", show_default=False, help="API key.")
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            envvar="SYNTRUST_KEY_FILE",
            help="File with the key, as a stack's credentials.json or .env.",
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Tell it.")
    ] = False,
) -> None:
    """Say which server to talk to."""
    context.obj = context.with_resource(Client(url, _choose_key(context, key, key_file)))


def _choose_key(context: typer.Context, key: str | None, key_file: Path | None) -> str | None:
    """Choose what was typed over what the environment holds, and a key over a file."""
    typed = not _is_of_environment(context, "key_file")
    if key_file is not None and (key is None or (typed and _is_of_environment(context, "key"))):
        return read_key(key_file)
    return key


def _is_of_environment(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "ENVIRONMENT"
