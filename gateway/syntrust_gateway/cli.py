"""`syntrust-gateway migrate|bucket|serve|orchestrate|openapi|key|admin`: where settings are read.

Each command imports what it needs when it runs. All imports together would take seconds.
"""

from __future__ import annotations

import json
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from syntrust_core.command_line import run, tell_version
from syntrust_core.configuration import read_at_start
from syntrust_gateway.admin_cli import cli as admin_cli
from syntrust_gateway.key_cli import cli as key_cli
from syntrust_gateway.settings import DatabaseSettings, GatewaySettings

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
cli.add_typer(key_cli, name="key")
cli.add_typer(admin_cli, name="admin")


@cli.callback()
def about(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=tell_version("syntrust-gateway"), help="Tell it."
        ),
    ] = False,
) -> None:
    """The REST API, its database, its keys and the orchestrator. Settings are read from variables.

    Exit codes: 0 done, 1 refused or failed, 2 usage, 70 fault, 78 settings, 130 interrupted.
    """


@cli.command("migrate")
def migrate_database(
    wait_s: Annotated[
        float | None,
        typer.Option(
            "--wait", min=0, help="Only wait, for so many seconds, until another has done it."
        ),
    ] = None,
) -> None:
    """Bring the database to the newest schema."""
    from syntrust_gateway.db.migrations import await_schema, migrate  # noqa: PLC0415

    url = read_at_start(DatabaseSettings).gateway.database_url
    if wait_s is None:
        migrate(url)
    else:
        await_schema(url, wait_s)


@cli.command("bucket")
def make_bucket() -> None:
    """Make the bucket of the object store if it is not there yet."""
    from syntrust_core.settings import Settings  # noqa: PLC0415
    from syntrust_core.storage.s3 import S3Store  # noqa: PLC0415

    S3Store(read_at_start(Settings).storage).ensure_bucket()


@cli.command("serve")
def serve_api(host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve the REST API."""
    from syntrust_gateway.server import serve  # noqa: PLC0415

    serve(read_at_start(GatewaySettings), host, port)


@cli.command("openapi")
def print_openapi() -> None:
    """Print the OpenAPI document."""
    from syntrust_gateway.app import openapi_document  # noqa: PLC0415

    typer.echo(json.dumps(openapi_document(), indent=2, ensure_ascii=False))


@cli.command("orchestrate")
@cli.command("conduct", hidden=True, deprecated=True)  # its name until release 0.2
def run_orchestrator() -> None:
    """Drive datasets, jobs and experiments until told to stop."""
    from syntrust_gateway.orchestrator import orchestrate  # noqa: PLC0415

    orchestrate(read_at_start(GatewaySettings))


def main() -> None:
    """Run the command. `syntrust_core.command_line` has its exit codes."""
    run(cli, {SQLAlchemyError: _explain_database})


def _explain_database(error: Exception) -> str:
    why = str(getattr(error, "orig", None) or error).partition("\n")[0].rstrip(".")
    return f"The database cannot be used: {why}. `syntrust-gateway migrate` makes its tables."
