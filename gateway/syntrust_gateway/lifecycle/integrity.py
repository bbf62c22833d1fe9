"""Whether a published artifact is still what its manifest says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from syntrust_core.contracts.base import FileInfo, Manifest, Ref
from syntrust_core.errors import ObjectMissing
from syntrust_core.storage.base import ObjectStore

_PIECE_BYTES: Final = 8 << 20


def artifact_of(key: str) -> Ref | None:
    """Find which artifact an object belongs to; None if to none."""
    match key.split("/"):
        case ["artifacts", kind, step, *_]:
            try:
                return Ref.model_validate({"kind": kind, "id": step})
            except ValueError:
                return None
    return None


def attempt_of(key: str) -> str | None:
    """Find which attempt has written a file of an artifact."""
    match key.split("/"):
        case ["artifacts", _, _, attempt, _]:
            return attempt
    return None


def read_stored_manifest(store: ObjectStore, ref: Ref) -> Manifest | None:
    """Read the manifest of an artifact; None if it is missing or cannot be read."""
    try:
        return Manifest.model_validate_json(store.get(ref.manifest_key))
    except (ObjectMissing, ValueError):
        return None


@dataclass(frozen=True)
class Loss:
    """An artifact that is no longer whole.

    `attempt` is whose files it held, if that could be read; `seen_by` the step that could not read
    it.
    """

    artifact: Ref
    reason: str
    attempt: str | None = None
    seen_by: Ref | None = None


def find_loss(
    store: ObjectStore, ref: Ref, *, recorded: Manifest | None = None, hashed: str | None = ""
) -> Loss | None:
    """Find out what is wrong with an artifact in the store; None if it is whole.

    Of files whose key begins with `hashed` the bytes are read and compared with their digest, of
    the others (or of all, if it is None) only the sizes. `recorded` is the manifest as the database
    has it, whose files count then.
    """
    found = read_stored_manifest(store, ref)
    if found is None:
        exists = store.exists(ref.manifest_key)
        reason = "its manifest cannot be read" if exists else "its manifest is missing"
        return Loss(ref, reason)
    if (found.kind, found.id) != (ref.kind, ref.id):
        return Loss(ref, "its manifest is of another artifact", found.attempt)
    if recorded is not None and not _has_all(found, recorded):
        return Loss(ref, "its manifest is not the one that was recorded", found.attempt)
    wrong = next(_wrong_files(store, recorded or found, hashed), None)
    return None if wrong is None else Loss(ref, wrong, found.attempt)


def _has_all(found: Manifest, recorded: Manifest) -> bool:
    """Whether what was recorded is there. Of a report that was cut, the store may name more."""
    return all(found.files.get(name) == info for name, info in recorded.files.items())


def was_replaced(store: ObjectStore, loss: Loss) -> bool:
    """Whether the artifact was computed anew since the loss was found."""
    found = read_stored_manifest(store, loss.artifact)
    return found is not None and found.attempt != loss.attempt


def _wrong_files(store: ObjectStore, manifest: Manifest, hashed: str | None) -> Iterator[str]:
    for name, info in sorted(manifest.files.items()):
        must_hash = hashed is not None and info.key.startswith(hashed)
        wrong = find_object_damage(store, info, must_hash=must_hash)
        if wrong is not None:
            yield f"{name} {wrong}"


def find_object_damage(store: ObjectStore, info: FileInfo, *, must_hash: bool) -> str | None:
    """Say what is wrong with one object; None if it is whole."""
    there = store.info(info.key)
    if there is None:
        return "is missing"
    if there.bytes != info.bytes:
        return f"has {there.bytes} bytes instead of {info.bytes}"
    if must_hash and hash_object(store, info.key, info.bytes) != info.sha256:
        return "has other content than its digest says"
    return None


def hash_object(store: ObjectStore, key: str, size_bytes: int) -> str:
    """Compute the SHA-256 of an object, a piece at a time."""
    digest = hashlib.sha256()
    for offset in range(0, size_bytes, _PIECE_BYTES):
        digest.update(store.get(key, offset=offset, length=min(_PIECE_BYTES, size_bytes - offset)))
    return digest.hexdigest()
