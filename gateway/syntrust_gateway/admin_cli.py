"""`syntrust-gateway admin verify|gc|backup|restore`: the data of an installation as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from syntrust_core.configuration import read_at_start
from syntrust_core.settings import StorageSettings
from syntrust_core.storage.s3 import S3Store
from syntrust_gateway.db.session import make_engine, read_factory, session_factory
from syntrust_gateway.settings import DatabaseSettings, GatewaySettings

cli = typer.Typer(no_args_is_help=True, help="Verify, collect, back up and restore all data.")


@contextmanager
def _database(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _store(settings: StorageSettings) -> S3Store:
    store = S3Store(settings)
    store.ensure_bucket()
    return store


@cli.command("verify")
def verify(
    sizes_only: Annotated[bool, typer.Option(help="Read no content, only sizes.")] = False,
    repair: Annotated[bool, typer.Option(help="Compute again what can be.")] = False,
) -> None:
    """Compare every artifact and upload with its digest. Exit code 1 says that some are damaged."""
    from syntrust_gateway.lifecycle.verification import Verifier  # noqa: PLC0415

    settings = read_at_start(GatewaySettings)
    with _database(settings.gateway.database_url) as engine:
        write, read = session_factory(engine), read_factory(engine)
        store = _store(settings.storage)
        verifier = Verifier(write, read, store, sizes_only=sizes_only, repairs=repair)
        found = verifier.verify()
    for finding in found.findings:
        typer.echo(f"{finding.name}: {finding.reason} ({finding.repair})")
    looked = f"{found.artifacts} artifacts, {found.models} models, {found.uploads} uploaded files"
    typer.echo(f"{looked}: {len(found.findings)} are not whole.")
    if found.findings:
        raise typer.Exit(1)


@cli.command("gc")
def collect(
    delete: Annotated[bool, typer.Option(help="Remove it; without, it is only listed.")] = False,
) -> None:
    """List what nobody needs any more, or remove it."""
    from syntrust_core.runtime.coordination import RedisCoordinator  # noqa: PLC0415
    from syntrust_gateway.lifecycle.collection import Collector, Retention  # noqa: PLC0415

    settings = read_at_start(GatewaySettings)
    gateway = settings.gateway
    kept = Retention(gateway.keep_unnamed, gateway.keep_damaged, gateway.keep_unwanted)
    coordinator = RedisCoordinator.at(settings.queue.url)
    with _database(gateway.database_url) as engine:
        write, read = session_factory(engine), read_factory(engine)
        store = _store(settings.storage)
        collector = Collector(write, read, store, coordinator, retention=kept)
        found = collector.collect() if delete else collector.find()
    for item in found:
        typer.echo(f"{item.key}: {item.bytes} bytes, {item.why}")
    said = "removed" if delete else "can go; --delete removes them"
    typer.echo(f"{len(found)} objects of {sum(item.bytes for item in found)} bytes {said}.")


@cli.command("backup")
def backup(
    folder: Annotated[Path, typer.Argument(help="Holds all backups; equal objects are kept once.")],
) -> None:
    """Write a backup of the database and of every object, while the platform runs."""
    from syntrust_gateway.lifecycle.backup.write import write_backup  # noqa: PLC0415

    settings = read_at_start(GatewaySettings)
    with _database(settings.gateway.database_url) as engine:
        done = write_backup(read_factory(engine), _store(settings.storage), folder)
    for key in done.damaged:
        typer.echo(f"{key} is damaged and not in the backup.", err=True)
    typer.echo(f"{done.folder}: {done.objects} objects, {done.bytes} bytes, {done.new_bytes} new.")
    if done.damaged:
        raise typer.Exit(1)


@cli.command("restore")
def restore_backup(
    folder: Annotated[Path, typer.Argument(help="One backup: the folder with its `backup.json`.")],
    tombstones: Annotated[
        list[Path] | None,
        typer.Option(help="A `tombstones.jsonl` of a later backup; give it any number of times."),
    ] = None,
) -> None:
    """Restore a backup on an empty installation. What was withdrawn does not come back."""
    from syntrust_gateway.lifecycle.backup.restore import Backup, restore  # noqa: PLC0415

    settings = read_at_start(GatewaySettings)
    url = settings.gateway.database_url
    with _database(url) as engine:
        store = _store(settings.storage)
        done = restore(Backup.open(folder), engine, url, store, tombstones or [])
    withheld = f", {done.withheld} of withdrawn cases were left out" if done.withheld else ""
    typer.echo(f"{done.rows} rows and {done.objects} objects are restored{withheld}.")


@cli.command("tombstones")
def export_tombstones(
    file: Annotated[Path, typer.Argument(help="A new file, to be kept apart from the backups.")],
) -> None:
    """Export which cases were withdrawn, for `restore --tombstones`."""
    from syntrust_gateway.lifecycle.backup.write import (  # noqa: PLC0415
        dump_tombstones,
        write_lines,
    )

    url = read_at_start(DatabaseSettings).gateway.database_url
    with _database(url) as engine, read_factory(engine)() as session:
        write_lines(file, dump_tombstones(session))
