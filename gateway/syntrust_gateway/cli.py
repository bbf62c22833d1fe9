"""`syntrust-gateway migrate|serve|conduct|key`: the entry points, where settings are read."""

from __future__ import annotations

from typing import Annotated

import typer
import uvicorn
from rich.console import Console

from syntrust_core import log as structured_log
from syntrust_core.board import RedisBoard
from syntrust_core.errors import PlatformError, StoreUnavailable
from syntrust_core.log import get_logger
from syntrust_core.s3 import S3Store
from syntrust_core.settings import Settings
from syntrust_gateway import auth
from syntrust_gateway.app import create_app
from syntrust_gateway.conductor import run
from syntrust_gateway.db import Role, make_engine, read_factory, session_factory
from syntrust_gateway.deps import Deps
from syntrust_gateway.migrations import migrate
from syntrust_gateway.settings import GatewaySettings

log = get_logger(__name__)

MAX_CONNECTIONS = 512
GRACE_S = 20

cli = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
key_cli = typer.Typer(no_args_is_help=True, help="API keys.")
cli.add_typer(key_cli, name="key")


@cli.command("migrate")
def migrate_database() -> None:
    """Bring the database to the newest schema."""
    migrate(GatewaySettings().database_url)


@cli.command()
def serve(host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve the REST API."""
    settings = Settings()
    structured_log.configure(settings.log_format)
    deps = make_deps(settings, GatewaySettings())
    uvicorn.run(
        create_app(deps),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=64 << 10,
    )


@cli.command()
def conduct() -> None:
    """Drive datasets and experiments until told to stop."""
    run(Settings(), GatewaySettings())


@key_cli.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="A name for the client, unique.")],
    role: Annotated[Role, typer.Option(help="An admin sees everybody's work.")] = Role.USER,
) -> None:
    """Add a client and print its API key, which cannot be shown again."""
    engine = make_engine(GatewaySettings().database_url)
    try:
        with session_factory(engine).begin() as session:
            key = auth.create_client(session, name, role)
    except PlatformError as error:
        Console(stderr=True).print(error.detail, markup=False)
        raise typer.Exit(1) from error
    finally:
        engine.dispose()
    typer.echo(key)


def make_deps(settings: Settings, gateway: GatewaySettings) -> Deps:
    """The API's collaborators on real servers; makes sure of bucket and admin key."""
    engine = make_engine(gateway.database_url)
    write = session_factory(engine)
    if gateway.admin_key is not None:
        with write.begin() as session:
            auth.ensure_admin(session, gateway.admin_key.get_secret_value())
    store = S3Store(settings.storage)
    try:
        store.ensure_bucket()
    except StoreUnavailable:
        # Scores need no store, and the workers make sure of the bucket as well.
        log.warning("gateway.store_away")
    return Deps(
        write=write,
        read=read_factory(engine),
        store=store,
        board=RedisBoard.at(settings.queue.url),
        max_body_bytes=gateway.max_body_bytes,
        body_timeout=gateway.body_timeout,
        upload_expires=gateway.upload_expires,
    )


def main() -> None:
    cli()
