"""Publish segmenters and start weights in the object store, for workers and the gateway."""

from __future__ import annotations

import re
from pathlib import Path

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.contracts.models import NAME_PATTERN, ModelEntry, ModelKind, name_key
from syntrust_core.errors import Conflict, InvalidRequest
from syntrust_core.files import file_sha256
from syntrust_core.runtime.runner import publish_imported
from syntrust_core.storage.base import ObjectStore
from syntrust_segmenter.models.start_weights import START_FILE, read_imported
from syntrust_segmenter.models.store import CONFIG_FILE, MODEL_FILES, load_model
from syntrust_segmenter.models.weights import WEIGHTS_FILE


def publish_model(store: ObjectStore, folder: Path, name: str) -> Ref:
    """Publish a trained segmenter, or imported start weights, under a name for every client.

    The artifact's id is the digest of its card, which names the weights' digest. Experiments and
    segmentations refer to the name.

    Raises
    ------
    InvalidRequest
        The name has other characters, or the folder holds neither; see also `load_model`.
    Conflict
        Another model has the name.
    ObjectDamaged
        The weights are not those that the card names.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        raise InvalidRequest(
            f"{name}: name a model with small letters, digits, and single `-`, `_` or `.`.",
            pointer="/name",
        )
    kind, card, files = _verify_folder(folder)
    ref = Ref(kind=Kind.IMPORTED_MODEL, id=file_sha256(folder / card))
    entry = ModelEntry(id=ref.id, kind=kind)
    key = name_key(name)
    if store.exists(key) and ModelEntry.model_validate_json(store.get(key)) != entry:
        raise Conflict(f"Another model has the name {name}; choose another.")
    publish_imported(store, ref, {file: folder / file for file in files})
    store.put(key, entry.model_dump_json().encode())
    return ref


def _verify_folder(folder: Path) -> tuple[ModelKind, str, tuple[str, ...]]:
    """Check a folder's digests; return its kind, the file that describes it, and all files."""
    if (folder / START_FILE).is_file():
        read_imported(folder)
        return "start_weights", START_FILE, (WEIGHTS_FILE, START_FILE)
    if not (folder / CONFIG_FILE).is_file():
        raise InvalidRequest(
            f"{folder} holds neither {CONFIG_FILE} (a trained segmenter) nor {START_FILE} (start "
            "weights).",
            pointer="/folder",
        )
    load_model(folder)
    return "segmenter", CONFIG_FILE, MODEL_FILES
