"""Publishing models in the object store for the gateway and all workers. Loads no torch."""

from __future__ import annotations

from pathlib import Path

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.contracts.models import ModelEntry, name_key
from syntrust_core.files import file_sha256
from syntrust_core.runtime.runner import publish_imported
from syntrust_core.storage.base import ObjectStore
from syntrust_generator.model_card import CARD_FILE, WEIGHTS_FILE, read_card

SHIPPED = Path(__file__).parent / "shipped"


def publish_shipped(store: ObjectStore) -> None:
    """Publish every model folder of the package, and its name once its manifest is there."""
    for card in sorted(SHIPPED.glob(f"*/{CARD_FILE}")):
        publish_model(store, card.parent)


def find_shipped(ref: Ref) -> Path | None:
    """Find the folder of a model that comes with the package; None if it is another."""
    cards = SHIPPED.glob(f"*/{CARD_FILE}")
    return next((card.parent for card in cards if file_sha256(card) == ref.id), None)


def publish_again(store: ObjectStore, folder: Path) -> Ref:
    """Replace a published model that is damaged. Who reads it meanwhile finds it missing."""
    store.delete(Ref(kind=Kind.IMPORTED_MODEL, id=file_sha256(folder / CARD_FILE)).manifest_key)
    return publish_model(store, folder)


def publish_model(store: ObjectStore, folder: Path) -> Ref:
    """Publish a model folder under the digest of its card, which names the weights' digest."""
    files = {name: folder / name for name in (WEIGHTS_FILE, CARD_FILE)}
    ref = Ref(kind=Kind.IMPORTED_MODEL, id=file_sha256(folder / CARD_FILE))
    publish_imported(store, ref, files)
    entry = ModelEntry(id=ref.id, kind="generator")
    store.put(name_key(read_card(folder).name), entry.model_dump_json().encode())
    return ref
