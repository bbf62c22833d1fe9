"""Which inputs of a step are gone or damaged, as its failed attempts say and the store confirms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from syntrust_core.contracts.base import Ref, StepError
from syntrust_core.contracts.models import NAMES_PREFIX, ModelEntry
from syntrust_core.errors import ObjectDamaged, ObjectMissing
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.lifecycle.integrity import (
    Loss,
    artifact_of,
    attempt_of,
    find_loss,
    read_stored_manifest,
)
from syntrust_gateway.orchestrator.retry import AttemptRecord

_SLUGS: Final = {ObjectMissing.slug, ObjectDamaged.slug}
_UPLOADS: Final = ("content/", "uploads/", "staging/")


@dataclass(frozen=True)
class Findings:
    """What the errors of attempts say about inputs.

    `losses` are to be computed again; `counted` are the attempts that say something about the step
    itself; `refusal` is why the step can never be computed.
    """

    losses: tuple[Loss, ...]
    counted: tuple[AttemptRecord, ...]
    refusal: dict[str, Any] | None = None


def find_losses(store: ObjectStore, ref: Ref, attempts: Sequence[AttemptRecord]) -> Findings:
    """Look which inputs of a step are gone, after its attempts that said so.

    An attempt that met a damaged input is forgotten once this input has been computed again.
    """
    losses: dict[str, Loss] = {}
    counted = []
    for record in attempts:
        key = _unread_key(record.error)
        artifact = None if key is None else artifact_of(key)
        if key is None or artifact is None:
            refusal = _missing_upload(store, key)
            if refusal is not None:
                return Findings((), tuple(attempts), refusal)
            counted.append(record)
            continue
        loss = find_loss(store, artifact, hashed=key)
        if loss is not None:
            losses[artifact.id] = replace(loss, seen_by=ref)
        elif not _was_replaced(store, artifact, key):
            counted.append(record)  # the input is whole: so this worker could not read it
    return Findings(tuple(losses.values()), tuple(counted))


def _unread_key(error: StepError | None) -> str | None:
    if error is None or error.slug not in _SLUGS:
        return None
    key = error.context.get("key")
    return key if isinstance(key, str) else None


def _was_replaced(store: ObjectStore, artifact: Ref, key: str) -> bool:
    """Whether the artifact was computed anew after the object at `key` could not be read."""
    if key == artifact.manifest_key:
        return True
    manifest = read_stored_manifest(store, artifact)
    return manifest is not None and manifest.attempt != attempt_of(key)


def _missing_upload(store: ObjectStore, key: str | None) -> dict[str, Any] | None:
    if key is None or not key.startswith(_UPLOADS) or store.exists(key):
        return None
    text = (
        f"The uploaded file {key} is gone from the object store and cannot be computed again. "
        "Restore it from a backup, or upload the file again."
    )
    return {"slug": ObjectMissing.slug, "text": text, "key": key}


def describe_lost_model(store: ObjectStore, loss: Loss) -> dict[str, Any]:
    """Say which imported model is lost, and what brings it back."""
    names = ", ".join(sorted(_names_of(store, loss.artifact))) or loss.artifact.id
    text = (
        f"The model {names} is damaged in the object store ({loss.reason}) and cannot be computed "
        "again. Import the model again; then retry."
    )
    return {"slug": ObjectDamaged.slug, "text": text, "model": loss.artifact.id}


def _names_of(store: ObjectStore, model: Ref) -> Iterator[str]:
    for item in store.list(NAMES_PREFIX):
        entry = ModelEntry.model_validate_json(store.get(item.key))
        if entry.ref == model:
            yield item.key.removeprefix(NAMES_PREFIX).removesuffix(".json")
