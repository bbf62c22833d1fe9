"""Uploaded files on a worker: take them in once, and read what was taken in."""

from __future__ import annotations

from pathlib import Path

from syntrust_core.contracts.base import Upload
from syntrust_core.contracts.uploads import CONTENT_PREFIX, INCOMING_PREFIX, content_key
from syntrust_core.errors import InvalidVolume, ObjectDamaged
from syntrust_core.files import file_sha256
from syntrust_core.storage.base import ObjectStore


def receive(store: ObjectStore, role: str, upload: Upload, *, attempt: str, scratch: Path) -> None:
    """Check the uploaded bytes of a role, and keep exactly these under their digest.

    A private copy is hashed and then kept, so nothing that is written to the uploaded key meanwhile
    can slip under the digest.

    Raises
    ------
    InvalidVolume
        If the file is not there, or has another size or digest than was announced.
    """
    _require_announced_size(store, role, upload)
    private = f"{INCOMING_PREFIX}{attempt}/{role}"
    path = scratch / "incoming"
    store.copy(upload.key, private)
    try:
        store.get_file(private, path)
        if not _is(path, upload):
            raise _other_digest(role)
        if not _holds(store, upload, path):
            store.copy(private, content_key(upload.sha256))
    finally:
        path.unlink(missing_ok=True)
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


def _holds(store: ObjectStore, upload: Upload, path: Path) -> bool:
    """Tell whether the content is there already and whole; another client may read it just now."""
    key = content_key(upload.sha256)
    if store.info(key) is None:
        return False
    store.get_file(key, path)
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
