"""Records in the store that cannot be read are set aside, and what they told is found out again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from pydantic import AwareDatetime, TypeAdapter

from syntrust_core.contracts.base import Manifest, Ref
from syntrust_core.contracts.case_record import PROBLEMS_FILE, CaseRefused, Problem
from syntrust_core.errors import ObjectDamaged, ObjectMissing
from syntrust_core.log import get_logger
from syntrust_core.storage.base import ObjectStore
from syntrust_core.storage.tombstones import tombstone_key
from syntrust_core.storage.verified import read_verified

log = get_logger(__name__)

MOST_DAMAGED: Final = 3
_PROBLEMS: Final = TypeAdapter(list[Problem])
_INSTANT: Final[TypeAdapter[datetime]] = TypeAdapter(AwareDatetime)  # half a millisecond to make


class Damaged(Exception):
    """A record of a step is not what it should be; `key` is where it is."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True)
class Result:
    """What a step has published. `refusal` says why an inspection refused its case."""

    manifest: Manifest
    refusal: dict[str, Any] | None


def read_result(store: ObjectStore, ref: Ref) -> Result | None:
    """Read what the step has published; None if it has published nothing.

    Raises
    ------
    Damaged
        If the manifest, or the problems that it names, cannot be read.
    """
    try:
        raw = store.get(ref.manifest_key)
    except ObjectMissing:
        return None
    try:
        manifest = Manifest.model_validate_json(raw)
        if (manifest.kind, manifest.id) != (ref.kind, ref.id):
            raise Damaged(ref.manifest_key)
        read_instant(manifest.made.started)
        return Result(manifest, _refusal(store, manifest))
    except (ValueError, ObjectMissing, ObjectDamaged) as error:
        raise Damaged(ref.manifest_key) from error


def read_instant(text: str) -> datetime:
    """Read a moment with its time zone."""
    return _INSTANT.validate_python(text)


def _refusal(store: ObjectStore, manifest: Manifest) -> dict[str, Any] | None:
    info = manifest.files.get(PROBLEMS_FILE)
    if info is None:
        return None
    problems = _PROBLEMS.validate_json(read_verified(store, info))
    refusal = CaseRefused(problems)
    told = [problem.model_dump(mode="json") for problem in problems]
    return {"slug": refusal.slug, "text": refusal.detail, "problems": told}


def set_aside_manifest(store: ObjectStore, ref: Ref) -> int:
    """Set the manifest aside, so that the step can be computed again; count how often it was."""
    _set_aside(store, ref, ref.manifest_key, "manifest")
    return sum(1 for _ in store.list(f"{_aside(ref)}manifest-"))


def note_lost(store: ObjectStore, ref: Ref, reason: str) -> int:
    """Set the manifest of a lost artifact aside with the reason; count how often it was lost."""
    if not store.exists(ref.manifest_key):
        store.put(f"{_aside(ref)}manifest-{uuid4().hex}.json", json.dumps(reason).encode())
    return set_aside_manifest(store, ref)


def _set_aside(store: ObjectStore, ref: Ref, key: str, name: str) -> None:
    """Keep a copy of a damaged record, and remove it from where it is read."""
    try:
        store.put(f"{_aside(ref)}{name}-{uuid4().hex}.json", store.get(key))
    except ObjectMissing:
        return
    store.delete(key)
    log.error("orchestrator.set_aside", kind=ref.kind, step=ref.id, key=key)


def _aside(ref: Ref) -> str:
    return f"{ref.prefix}/damaged/"


def forget_damage(store: ObjectStore, ref: Ref) -> None:
    """Remove what was set aside, so that the step may be computed as often as a new one."""
    for item in list(store.list(_aside(ref))):
        store.delete(item.key)
    store.delete(tombstone_key(ref))  # somebody has uploaded the same case anew
