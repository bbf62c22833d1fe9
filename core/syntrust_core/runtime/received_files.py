"""Uploaded files on a worker: take them in once, and read what was taken in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from syntrust_core.contracts.base import Upload
from syntrust_core.contracts.uploads import CONTENT_PREFIX, INCOMING_PREFIX, content_key
from syntrust_core.errors import InvalidVolume, ObjectDamaged
from syntrust_core.files import file_sha256
from syntrust_core.storage.base import ObjectStore

Rewrite: TypeAlias = Callable[[Path, Path], bool]
"""Writes a file anew without what must not be kept, or says that there is nothing to leave out."""


def receive(
    store: ObjectStore,
    role: str,
    upload: Upload,
    *,
    attempt: str,
    scratch: Path,
    rewrite: Rewrite | None = None,
) -> Upload:
    """Check the uploaded bytes of a role, and keep exactly these under their digest.

    A private copy is hashed and then kept, so nothing that is written to the uploaded key meanwhile
    can slip under the digest. Where `rewrite` leaves something out, what it wrote is kept instead,
    under its own digest.

    Returns
    -------
    Upload
        What is kept, and where.

    Raises
    ------
    InvalidVolume
        If the file is not there, or has another size or digest than was announced.
    """
    _require_announced_size(store, role, upload)
    private = f"{INCOMING_PREFIX}{attempt}/{role}"
    path, rewritten = scratch / "incoming", scratch / "rewritten"
    store.copy(upload.key, private)
    try:
        store.get_file(private, path)
        if not _is(path, upload):
            raise _other_digest(role)
        if rewrite is not None and rewrite(path, rewritten):
            return _keep(store, rewritten, path)
        kept = upload.model_copy(update={"key": content_key(upload.sha256)})
        if not _holds(store, kept, path):
            store.copy(private, kept.key)
        return kept
    finally:
        path.unlink(missing_ok=True)
        rewritten.unlink(missing_ok=True)
        store.delete(private)


def fetch(store: ObjectStore, role: str, upload: Upload, path: Path) -> Path:
    """Download the file of a role and check it against its digest.

    Raises
    ------
    ObjectDamaged
        If the store no longer holds the bytes that were received.
    InvalidVolume
        If the bytes, which nobody has received yet, are not those that were announced.
    """
    store.get_file(upload.key, path)
    if _is(path, upload):
        return path
    if upload.key.startswith(CONTENT_PREFIX):
        raise ObjectDamaged(
            f"The stored {role} is damaged; upload the file again.", file=role, field="sha256"
        )
    raise _other_digest(role)


def _require_announced_size(store: ObjectStore, role: str, upload: Upload) -> None:
    """Refuse a file before it is copied and downloaded at a size that nobody has announced."""
    held = store.info(upload.key)
    if held is None:
        raise InvalidVolume(
            f"The uploaded {role} is not in the store; upload the file again.",
            file=role,
            field="file",
        )
    if held.bytes != upload.bytes:
        raise InvalidVolume(
            f"The uploaded {role} has {held.bytes} bytes; {upload.bytes} were announced.",
            file=role,
            field="bytes",
        )


def _keep(store: ObjectStore, path: Path, spare: Path) -> Upload:
    sha256 = file_sha256(path)
    kept = Upload(key=content_key(sha256), bytes=path.stat().st_size, sha256=sha256)
    if not _holds(store, kept, spare):
        store.put_file(kept.key, path)
    return kept


def _holds(store: ObjectStore, upload: Upload, path: Path) -> bool:
    """Tell whether the content is there already and whole; another client may read it just now."""
    if store.info(upload.key) is None:
        return False
    store.get_file(upload.key, path)
    return _is(path, upload)


def _is(path: Path, upload: Upload) -> bool:
    return path.stat().st_size == upload.bytes and file_sha256(path) == upload.sha256


def _other_digest(role: str) -> InvalidVolume:
    return InvalidVolume(
        f"The uploaded {role} does not have the SHA-256 it was announced with; "
        "upload the file again, or announce its true digest.",
        file=role,
        field="sha256",
    )
