"""Putting imported start weights where every worker finds them."""

from __future__ import annotations

from pathlib import Path

from syntrust_core.contracts import Kind, Ref
from syntrust_core.files import file_sha256
from syntrust_core.steps import publish_imported
from syntrust_core.store import ObjectStore
from syntrust_segmenter.start import START_FILE, read_imported
from syntrust_segmenter.weights import WEIGHTS_FILE


def publish_start(store: ObjectStore, folder: Path) -> Ref:
    """Publish imported weights under the digest of their card, which names the weights' digest.

    The reference is what a training's `start` takes.

    Raises
    ------
    ObjectDamaged
        The weights are not those that the card names.
    """
    read_imported(folder)
    ref = Ref(kind=Kind.IMPORTED_MODEL, id=file_sha256(folder / START_FILE))
    publish_imported(store, ref, {name: folder / name for name in (WEIGHTS_FILE, START_FILE)})
    return ref
