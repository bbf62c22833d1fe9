"""Write a backup: rows and tombstones, then every object that is new since the last, then its list.

Objects are kept once under their digest, for all backups in a folder. What names a backup is
written last, so that one which was interrupted is none.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Manifest
from syntrust_core.contracts.uploads import CONTENT_PREFIX, INCOMING_PREFIX
from syntrust_core.errors import Conflict, ObjectMissing
from syntrust_core.files import file_sha256
from syntrust_core.log import get_logger
from syntrust_core.storage.base import ObjectInfo, ObjectStore
from syntrust_gateway.db.lifecycle_tables import Tombstone
from syntrust_gateway.db.migrations import revisions
from syntrust_gateway.db.session import Sessions
from syntrust_gateway.db.tables import utc_now
from syntrust_gateway.lifecycle.backup.rows import dump_rows

log = get_logger(__name__)

OBJECTS: Final = "objects"
ROWS_FILE: Final = "database.jsonl"
LIST_FILE: Final = "objects.jsonl"
TOMBSTONES_FILE: Final = "tombstones.jsonl"
HEAD_FILE: Final = "backup.json"
_NOT_KEPT: Final = (INCOMING_PREFIX, "health")


@dataclass(frozen=True)
class Written:
    """What a backup has: `new_bytes` were copied now; `damaged` is not what its digest says."""

    folder: Path
    objects: int
    bytes: int
    new_bytes: int
    damaged: tuple[str, ...]


def write_backup(read: Sessions, store: ObjectStore, root: Path) -> Written:
    """Write one more backup into the folder `root`.

    Raises
    ------
    Conflict
        If the folder holds a backup of this very second.
    """
    folder = root / utc_now().strftime("%Y-%m-%dT%H-%M-%SZ")
    try:
        folder.mkdir(parents=True, mode=0o700)
    except FileExistsError as error:
        raise Conflict(f"There is a backup {folder.name} already; wait a second.") from error
    with read() as session:
        write_lines(folder / ROWS_FILE, dump_rows(session))
        write_lines(folder / TOMBSTONES_FILE, dump_tombstones(session))
    copied = _Copier(store, root / OBJECTS).copy_all(folder / LIST_FILE)
    names = (ROWS_FILE, TOMBSTONES_FILE, LIST_FILE)
    head = {
        "made": utc_now().isoformat(),
        "schema": revisions()[-1],
        "sha256": {name: file_sha256(folder / name) for name in names},
        "damaged": copied.damaged,
    }
    _write_whole(folder / HEAD_FILE, json.dumps(head, indent=2).encode())
    return Written(folder, copied.objects, copied.bytes, copied.new_bytes, tuple(copied.damaged))


def dump_tombstones(session: Session) -> Iterator[str]:
    """Give every tombstone as a line; newer ones can be applied to an older backup."""
    for row in session.scalars(select(Tombstone).order_by(Tombstone.id)):
        names = ("id", "dataset_id", "case_id", "owner", "step", "contents")
        told: dict[str, Any] = {name: getattr(row, name) for name in names}
        yield json.dumps(told | {"at": row.at.isoformat()})


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines to a new file that only its owner reads."""
    path.touch(mode=0o600, exist_ok=False)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())


def _write_whole(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    write_lines(part, [content.decode()])
    part.rename(path)


class _Copier:
    """Copies the objects that a folder does not hold yet, and lists all."""

    def __init__(self, store: ObjectStore, folder: Path) -> None:
        self._store, self._folder = store, folder
        self.objects = self.bytes = self.new_bytes = 0
        self.damaged: list[str] = []

    def copy_all(self, listing: Path) -> _Copier:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        items = [item for item in self._store.list("") if not item.key.startswith(_NOT_KEPT)]
        promised = dict(self._promised(items))
        write_lines(listing, self._lines(items, promised))
        return self

    def _promised(self, items: Iterable[ObjectInfo]) -> Iterator[tuple[str, str]]:
        """Give the digests that are known beforehand: of received files, and from manifests."""
        for item in items:
            if item.key.startswith(CONTENT_PREFIX):
                yield item.key, item.key.removeprefix(CONTENT_PREFIX)
            elif item.key.startswith("artifacts/") and item.key.endswith("/manifest.json"):
                yield from self._promised_by(item.key)

    def _promised_by(self, manifest: str) -> Iterator[tuple[str, str]]:
        try:
            files = Manifest.model_validate_json(self._store.get(manifest)).files
        except (ValueError, ObjectMissing):
            return
        for info in files.values():
            yield info.key, info.sha256

    def _lines(self, items: Iterable[ObjectInfo], promised: dict[str, str]) -> Iterator[str]:
        for item in items:
            kept = self._keep(item, promised.get(item.key))
            if kept is None:
                continue
            self.objects += 1
            self.bytes += item.bytes
            yield json.dumps({"key": item.key, "bytes": item.bytes, "sha256": kept})

    def _keep(self, item: ObjectInfo, promised: str | None) -> str | None:
        """Make sure that the folder holds the object; give its digest, None if it is bad."""
        if promised is not None and self._has(promised, item.bytes):
            return promised
        handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
        os.close(handle)
        part = Path(name)
        try:
            return self._fetch(item, promised, part)
        except ObjectMissing:
            return None  # removed between the listing and the reading
        finally:
            part.unlink(missing_ok=True)

    def _fetch(self, item: ObjectInfo, promised: str | None, part: Path) -> str | None:
        self._store.get_file(item.key, part)
        sha256 = file_sha256(part)
        if promised is not None and sha256 != promised:
            log.error("backup.object_damaged", key=item.key)
            self.damaged.append(item.key)
            return None
        place = object_path(self._folder, sha256)
        if not place.exists():
            place.parent.mkdir(exist_ok=True, mode=0o700)
            part.rename(place)
            self.new_bytes += item.bytes
        return sha256

    def _has(self, sha256: str, size_bytes: int) -> bool:
        place = object_path(self._folder, sha256)
        return place.exists() and place.stat().st_size == size_bytes


def object_path(folder: Path, sha256: str) -> Path:
    return folder / sha256[:2] / sha256
