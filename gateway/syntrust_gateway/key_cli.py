"""`syntrust-gateway key …`: API keys, managed by whoever has the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from syntrust_core.configuration import read_at_start
from syntrust_gateway.auth import keys
from syntrust_gateway.auth import service as auth
from syntrust_gateway.db.auth_tables import ApiKey, Scope
from syntrust_gateway.db.session import make_engine, session_factory
from syntrust_gateway.db.tables import Client, Role, utc_now
from syntrust_gateway.settings import DatabaseSettings

cli = typer.Typer(no_args_is_help=True, help="API keys.")
KeyId = Annotated[str, typer.Argument(help="The key's id, as `key list` tells it.")]
Days = Annotated[
    float | None, typer.Option("--days", min=0, help="Days until it expires; else never.")
]
_COLUMNS = ("id", "client", "scope", "label", "state", "created", "expires")


@cli.command("create")
def create_key(  # noqa: PLR0917 - each is an option of the command
    name: Annotated[str, typer.Argument(help="A name for the client, unique.")],
    role: Annotated[Role, typer.Option(help="An admin sees the work of all clients.")] = Role.USER,
    scope: Annotated[
        Scope | None, typer.Option(help="What the key opens; else all that the role allows.")
    ] = None,
    label: Annotated[str, typer.Option(help="What the key is for, in your words.")] = "",
    days: Days = None,
    further: Annotated[
        bool, typer.Option("--further", help="A further key for a client that is there.")
    ] = False,
) -> None:
    """Add a client and print its API key, which cannot be shown again."""
    expires = None if days is None else utc_now() + timedelta(days=days)
    request = auth.NewKey(label, scope, expires)
    with _session() as session:
        if further:
            issued = keys.create(session, name, request)
        else:
            issued = auth.add_client(session, name, role, request)
    typer.echo(issued.key)


@cli.command("list")
def list_keys(
    client: Annotated[str | None, typer.Argument(help="The keys of this client alone.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List API keys: whose they are, what they open and until when, never the keys themselves."""
    with _session() as session:
        rows = [_describe(*found) for found in keys.list_keys(session, client)]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    # A table of 80 columns would cut the ids.
    typer.echo("\t".join(_COLUMNS))
    for row in rows:
        typer.echo("\t".join(row[column] or "" for column in _COLUMNS))


@cli.command("rotate")
def rotate_key(
    key_id: KeyId,
    overlap_hours: Annotated[
        float, typer.Option(min=0, help="Hours for which the old key is still good.")
    ] = 0,
) -> None:
    """Replace a key by a new one, and print that. The old one ends at once or after the overlap."""
    with _session() as session:
        issued = keys.rotate(session, key_id, overlap=timedelta(hours=overlap_hours))
    typer.echo(issued.key)


@cli.command("expire")
def expire_key(key_id: KeyId, days: Days = None) -> None:
    """Set in how many days a key expires: 0 is now."""
    with _session() as session:
        at = None if days is None else utc_now() + timedelta(days=days)
        keys.expire(session, key_id, at)


@cli.command("revoke")
def revoke_key(key_id: KeyId) -> None:
    """Revoke a key for ever. It is refused from the next request on."""
    with _session() as session:
        keys.revoke(session, key_id)


@contextmanager
def _session() -> Iterator[Session]:
    """Open a session that writes."""
    engine = make_engine(read_at_start(DatabaseSettings).gateway.database_url)
    try:
        with session_factory(engine).begin() as session:
            yield session
    finally:
        engine.dispose()


def _describe(key: ApiKey, client: Client) -> dict[str, str | None]:
    return {
        "id": key.id,
        "client": client.name,
        "scope": str(key.scope),
        "label": key.label,
        "state": str(keys.state_of(key)),
        "created": _text(key.created),
        "expires": _text(key.expires),
    }


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat(timespec="seconds")
