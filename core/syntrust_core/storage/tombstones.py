"""Marks in the store that say: nothing of this step may be published, its case was withdrawn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from syntrust_core.contracts.base import Ref
from syntrust_core.log import get_logger
from syntrust_core.storage.base import ObjectStore

log = get_logger(__name__)

TOMBSTONES_PREFIX: Final = "tombstones/"


def tombstone_key(ref: Ref) -> str:
    return f"{TOMBSTONES_PREFIX}{ref.id}"


def is_withdrawn(store: ObjectStore, ref: Ref) -> bool:
    return store.exists(tombstone_key(ref))


def list_withdrawn(store: ObjectStore) -> set[str]:
    """List the steps that are marked."""
    return {item.key.removeprefix(TOMBSTONES_PREFIX) for item in store.list(TOMBSTONES_PREFIX)}


def remove_if_withdrawn(store: ObjectStore, ref: Ref, keys: Iterable[str]) -> bool:
    """Remove what was just published if its case is withdrawn; True if it was.

    This comes after the manifest was created. Who withdraws a case marks its steps first and
    removes their artifacts then; so one of the two removes what a late worker publishes.
    """
    if not is_withdrawn(store, ref):
        return False
    for key in (ref.manifest_key, *keys):
        store.delete(key)
    log.warning("step.withdrawn", kind=ref.kind, step=ref.id)
    return True
