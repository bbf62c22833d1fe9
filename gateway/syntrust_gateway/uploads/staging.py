"""Where a caller puts announced files: a place for each that it has not proven to have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from syntrust_core.contracts.uploads import STAGING_PREFIX, staging_key
from syntrust_core.storage.base import ObjectInfo, ObjectStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import utc_now
from syntrust_gateway.uploads.receipts import FileRow, find_proven, is_received
from syntrust_gateway.uploads.schemas import UploadTarget

Held = Mapping[str, dict[str, Any]]
"""What the store keeps of proven files, {key, bytes, sha256}, by the SHA-256 they came with."""


def find_held(container: Container, owner: int, files: Mapping[str, FileRow]) -> Held:
    """Find those of `files` that this client has proven and that the store still holds."""
    with container.read() as session:
        proven = find_proven(session, owner, (file["sha256"] for file in files.values()))
    return {
        sha256: kept
        for sha256, kept in proven.items()
        if _size(container.store, kept["key"]) == kept["bytes"]
    }


def place_files(
    owner: int,
    files: Mapping[str, FileRow],
    held: Held,
    before: Mapping[str, FileRow] | None = None,
) -> dict[str, dict[str, Any]]:
    """Give each announced file, {role: {bytes, sha256}}, its key.

    A file that was announced as the same `before` keeps its place, so that an upload which was
    interrupted goes on.
    """
    return {
        role: _place(owner, file, held, (before or {}).get(role)) for role, file in files.items()
    }


def _place(owner: int, file: FileRow, held: Held, before: FileRow | None) -> dict[str, Any]:
    if file["sha256"] in held:
        return held[file["sha256"]]
    if before is not None and not is_received(before) and before == {**file, "key": before["key"]}:
        return dict(before)
    return {"key": staging_key(owner), **file}


def make_targets(
    store: ObjectStore, files: Mapping[str, FileRow], expires_in: timedelta
) -> dict[str, UploadTarget]:
    """Sign a PUT of exactly its size for every file that has not arrived."""
    return {role: make_target(store, file, expires_in) for role, file in files.items()}


def make_target(store: ObjectStore, file: FileRow, expires_in: timedelta) -> UploadTarget:
    if has_arrived(store, file):
        return UploadTarget(url=None, expires=None)
    url = store.presign_put(file["key"], size_bytes=file["bytes"], expires=expires_in)
    return UploadTarget(url=url, expires=utc_now() + expires_in)


def has_arrived(store: ObjectStore, file: FileRow) -> bool:
    """Tell whether the file is received, or staged at its announced size."""
    return is_received(file) or _size(store, file["key"]) == file["bytes"]


def _size(store: ObjectStore, key: str) -> int | None:
    info = store.info(key)
    return None if info is None else info.bytes


def list_staged(store: ObjectStore, *, before: datetime) -> Iterator[ObjectInfo]:
    """List staged objects last written before an instant, private copies of workers included.

    Some may still be named by cases and uploads that wait for other files.
    """
    for item in store.list(STAGING_PREFIX):
        if item.modified is not None and item.modified < before:
            yield item
