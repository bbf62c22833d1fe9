"""The `syntrust` command.

Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 no server answers; 130 interrupted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from syntrust.cli import removal, synthetic  # noqa: F401 - they add commands to those below
from syntrust.cli.arguments import read_json
from syntrust.cli.datasets import dataset_app
from syntrust.cli.experiments import experiment_app
from syntrust.cli.jobs import job_app, synthesise
from syntrust.cli.models import model_app
from syntrust.cli.segment import segment
from syntrust.cli.tables import print_trust
from syntrust.client import Client
from syntrust.config import read_key
from syntrust.errors import SynTrustError, Unreachable

REFUSED: Final = 1
UNREACHABLE: Final = 3

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="How far can synthetic medical images be trusted? For research use only.",
    epilog="Exit codes: 0 done, 1 refused or failed, 2 usage, 3 no answer, 130 interrupted.",
)
app.add_typer(dataset_app, name="dataset")
app.add_typer(experiment_app, name="experiment")
app.add_typer(job_app, name="job")
app.add_typer(model_app, name="model")
app.command()(segment)
app.command()(synthesise)
errors = Console(stderr=True, highlight=False)


def main(arguments: list[str] | None = None) -> None:
    """Run the command and turn what goes wrong into a sentence and an exit code."""
    try:
        app(arguments)
    except Unreachable as error:
        _say(error)
        raise SystemExit(UNREACHABLE) from None
    except SynTrustError as error:
        _say(error)
        raise SystemExit(REFUSED) from None


@app.callback()
def configure(
    context: typer.Context,
    *,
    url: Annotated[
        str | None, typer.Option(envvar="SYNTRUST_URL", help="Of the server's API.")
    ] = None,
    key: Annotated[str | None, typer.Option(envvar="SYNTRUST_KEY", help="API key.")] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            envvar="SYNTRUST_KEY_FILE", help="File with the key, as a stack's credentials.json."
        ),
    ] = None,
) -> None:
    """Say which server to talk to."""
    if key is None and key_file is not None:
        key = read_key(key_file)
    context.obj = context.with_resource(Client(url, key))


@app.command("trust-score")
def trust_score(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Dice: .csv or .json.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer's body.")] = False,
) -> None:
    """Trust factors of Dice scores that you already have.

    CSV: case,set,region,dice[,group][,seed] with set real or synthetic. JSON: the body of
    POST /trust-score.
    """
    client: Client = context.obj
    if file.suffix.lower() == ".csv":
        answer = client.trust_score(file.read_text(encoding="utf-8-sig"))
    else:
        answer = client.trust_score(_scores(file))
    console = Console(highlight=False)
    if as_json:
        console.print_json(data=answer)
    else:
        print_trust(console, answer)


def _scores(file: Path) -> dict[str, object]:
    body = read_json(file)
    if isinstance(body, list):
        return {"cases": body}
    if not isinstance(body, dict):
        raise SynTrustError(f"{file} should hold a JSON object with `cases`.")
    return body


def _say(error: SynTrustError) -> None:
    errors.print(f"[red]error:[/] {escape(str(error))}", soft_wrap=True)
