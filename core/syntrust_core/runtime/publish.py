"""Publishing the files of an artifact: the manifest is written last, and only once."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol
from uuid import uuid4

from pydantic import ValidationError

from syntrust_core.contracts.base import FileInfo, Manifest, Provenance, Ref
from syntrust_core.errors import ObjectMissing, StoreUnavailable
from syntrust_core.files import file_sha256
from syntrust_core.runtime.attempt_records import describe_run
from syntrust_core.runtime.context import StepContext
from syntrust_core.storage.base import ObjectStore
from syntrust_core.storage.tombstones import remove_if_withdrawn

_RESULT_PATIENCE_S: Final = 600.0  # a result of hours is worth waiting for the store
BINARY: Final = "application/octet-stream"


class ResultStore(Protocol):
    """What publishing needs of an `ObjectStore`."""

    def put_file(self, key: str, path: Path) -> None: ...
    def create(self, key: str, data: bytes, *, content_type: str = ...) -> bool: ...
    def get(self, key: str) -> bytes: ...


class _LeasedStore:
    """Writes the result of a step as the holder of its lease; waits for a store that is away."""

    def __init__(self, store: ObjectStore, context: StepContext) -> None:
        self._store, self._context = store, context

    def put_file(self, key: str, path: Path) -> None:
        self._context.ride_out(lambda: self._store.put_file(key, path), _RESULT_PATIENCE_S)

    def create(self, key: str, data: bytes, *, content_type: str = BINARY) -> bool:
        def create() -> bool:
            self._context.require_lease()
            return self._store.create(key, data, content_type=content_type)

        return self._context.ride_out(create, _RESULT_PATIENCE_S)

    def get(self, key: str) -> bytes:
        return self._store.get(key)


def publish(
    store: ResultStore, ref: Ref, attempt: str, paths: Mapping[str, Path], made: Provenance
) -> bool:
    """Upload the files, then create the manifest: whoever sees it sees everything.

    False if another attempt was first, so that the files of this one are of no use.
    """
    files = {
        name: _upload(store, ref.file_key(attempt, name), path)
        for name, path in sorted(paths.items())
    }
    manifest = Manifest(kind=ref.kind, id=ref.id, attempt=attempt, files=files, made=made)
    body = manifest.model_dump_json().encode()
    if store.create(ref.manifest_key, body, content_type="application/json"):
        return True
    return _is_ours(store, ref, attempt)


def publish_result(context: StepContext, store: ObjectStore, made: Provenance) -> bool:
    """Publish the files of a step as the holder of its lease. What a loser wrote is removed."""
    won = publish(_LeasedStore(store, context), context.ref, context.attempt, context.files, made)
    keys = [context.ref.file_key(context.attempt, name) for name in context.files]
    if won:
        context.ride_out(lambda: remove_if_withdrawn(store, context.ref, keys), _RESULT_PATIENCE_S)
    else:
        with suppress(StoreUnavailable):
            for key in keys:
                store.delete(key)
    return won


def publish_imported(store: ObjectStore, ref: Ref, paths: Mapping[str, Path]) -> None:
    """Publish files that were not computed here, such as a shipped model, under their digest."""
    if not store.exists(ref.manifest_key):
        publish(store, ref, str(uuid4()), paths, describe_run())


def _upload(store: ResultStore, key: str, path: Path) -> FileInfo:
    store.put_file(key, path)
    return FileInfo(key=key, bytes=path.stat().st_size, sha256=file_sha256(path))


def _is_ours(store: ResultStore, ref: Ref, attempt: str) -> bool:
    """Whether the manifest is of this attempt: the answer to its creation may have been lost.

    One that cannot be read is taken for ours, so that no file is removed that it may name.
    """
    try:
        return Manifest.model_validate_json(store.get(ref.manifest_key)).attempt == attempt
    except (ValidationError, ObjectMissing, StoreUnavailable):
        return True
