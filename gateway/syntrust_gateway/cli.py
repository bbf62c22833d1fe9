"""`syntrust-gateway migrate|serve|orchestrate|openapi|key|admin`: where settings are read.

Each command imports what it needs when it runs. All imports together would take seconds.
"""

from __future__ import annotations

import json

import typer
from rich.console import Console

from syntrust_core.configuration import read_at_start
from syntrust_core.errors import PlatformError
from syntrust_gateway.admin_cli import cli as admin_cli
from syntrust_gateway.key_cli import cli as key_cli
from syntrust_gateway.settings import DatabaseSettings, GatewaySettings

cli = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
cli.add_typer(key_cli, name="key")
cli.add_typer(admin_cli, name="admin")


@cli.command("migrate")
def migrate_database() -> None:
    """Bring the database to the newest schema."""
    from syntrust_gateway.db.migrations import migrate  # noqa: PLC0415

    migrate(read_at_start(DatabaseSettings).gateway.database_url)


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
    """Run the command. A refusal prints one sentence and gives exit code 1."""
    try:
        cli()
    except PlatformError as error:
        Console(stderr=True).print(error.detail, markup=False)
        raise SystemExit(1) from error
