"""Bring a backup back on an empty installation. Withdrawn patients do not come back with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, inspect, text
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind
from syntrust_core.errors import Conflict, InvalidRequest
from syntrust_core.files import file_sha256
from syntrust_core.log import get_logger
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.db.migrations import migrate, revisions, roll_back
from syntrust_gateway.lifecycle.backup.rows import load_rows
from syntrust_gateway.lifecycle.backup.write import (
    HEAD_FILE,
    LIST_FILE,
    OBJECTS,
    ROWS_FILE,
    TOMBSTONES_FILE,
    object_path,
)
from syntrust_gateway.lifecycle.removal import Removal, mark, write_cut
from syntrust_gateway.lifecycle.withdrawal import apply_tombstones

log = get_logger(__name__)

_HELD: Final = ("dataset", "experiment", "job", "upload", "model")


@dataclass(frozen=True)
class Restored:
    """What came back, and how many objects of withdrawn cases did not."""

    rows: int
    objects: int
    withheld: int


@dataclass(frozen=True)
class Backup:
    """A backup whose lists are what its head says."""

    folder: Path
    schema: str

    @classmethod
    def open(cls, folder: Path) -> Backup:
        """Open a whole backup.

        Raises
        ------
        InvalidRequest
            If it was interrupted, damaged, or made by a newer platform.
        """
        try:
            head = json.loads((folder / HEAD_FILE).read_bytes())
        except (OSError, ValueError) as error:
            raise InvalidRequest(f"{folder} has no {HEAD_FILE}: it is no whole backup.") from error
        for name, sha256 in head["sha256"].items():
            if file_sha256(folder / name) != sha256:
                raise InvalidRequest(f"{folder / name} was changed after the backup was made.")
        if head["schema"] not in revisions():
            raise InvalidRequest(
                f"The backup's schema {head['schema']} is newer than this program."
            )
        return cls(folder, head["schema"])

    def lines(self, name: str) -> Iterator[str]:
        with (self.folder / name).open(encoding="utf-8") as file:
            yield from file

    def objects(self) -> Iterator[dict[str, Any]]:
        """List the objects, the manifests last: whoever sees a manifest sees everything."""
        listed = [json.loads(line) for line in self.lines(LIST_FILE)]
        yield from sorted(listed, key=lambda item: item["key"].endswith("/manifest.json"))

    def path(self, sha256: str) -> Path:
        return object_path(self.folder.parent / OBJECTS, sha256)


def restore(
    backup: Backup, engine: Engine, url: str, store: ObjectStore, tombstones: Sequence[Path] = ()
) -> Restored:
    """Restore a backup into an empty database and an empty store.

    `tombstones` are files of later withdrawals; those of the backup are applied too.

    Raises
    ------
    Conflict
        If the database or the store holds work already.
    InvalidRequest
        If an object of the backup is missing or damaged; nothing is kept of the database then.
    """
    _require_empty(engine, backup, store)
    roll_back(url, "base")  # what a first start has written, such as its admin
    migrate(url, backup.schema)
    with engine.begin() as connection:
        counts = load_rows(connection, backup.lines(ROWS_FILE))
    try:
        migrate(url)
        removal = _withdraw(engine, backup, tombstones)
        objects, withheld = _put_objects(backup, store, removal)
    except BaseException:
        roll_back(url, "base")
        raise
    log.info("restore.done", rows=sum(counts.values()), objects=objects, withheld=withheld)
    return Restored(sum(counts.values()), objects, withheld)


def _require_empty(engine: Engine, backup: Backup, store: ObjectStore) -> None:
    names = set(inspect(engine).get_table_names())
    with engine.begin() as connection:
        for name in sorted(names.intersection(_HELD)):
            if connection.scalar(text(f'SELECT 1 FROM "{name}" LIMIT 1')):  # noqa: S608 - ours
                raise Conflict(f"The database has rows in {name}; restore into an empty one.")
    restored = {item["key"] for item in backup.objects()}
    for item in store.list("artifacts/"):
        # Workers publish their models when they start.
        if item.key not in restored and f"/{Kind.IMPORTED_MODEL}/" not in item.key:
            raise Conflict("The object store holds other artifacts; restore into an empty bucket.")


def _withdraw(engine: Engine, backup: Backup, later: Sequence[Path]) -> Removal:
    lines = list(backup.lines(TOMBSTONES_FILE))
    for path in later:
        lines += path.read_text(encoding="utf-8").splitlines()
    with Session(engine) as session, session.begin():
        return apply_tombstones(session, [json.loads(line) for line in lines if line])


def _put_objects(backup: Backup, store: ObjectStore, removal: Removal) -> tuple[int, int]:
    mark(store, removal)
    restored = withheld = 0
    for item in backup.objects():
        if removal.covers(item["key"]):
            withheld += 1
            continue
        path = backup.path(item["sha256"])
        if not path.is_file() or file_sha256(path) != item["sha256"]:
            raise InvalidRequest(f"{item['key']} is missing from the backup, or damaged: {path}")
        store.put_file(item["key"], path)
        restored += 1
    write_cut(store, removal)
    return restored, withheld
