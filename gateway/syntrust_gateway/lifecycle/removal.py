"""Bytes leave the store after the rows have changed; what a crash leaves behind, gc finds."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Manifest, Ref
from syntrust_core.contracts.uploads import CONTENT_PREFIX
from syntrust_core.storage.base import ObjectStore
from syntrust_core.storage.tombstones import tombstone_key
from syntrust_gateway.db.schedule_tables import StepNeed
from syntrust_gateway.db.session import in_chunks
from syntrust_gateway.db.tables import Case, CaseState, Step, StepState, Upload
from syntrust_gateway.lifecycle.integrity import artifact_of
from syntrust_gateway.runs.ready_steps import no_longer_ready

WITHDRAWN_SLUG = "case-withdrawn"
_IDS_AT_ONCE = 500


@dataclass
class Removal:
    """What is to leave the store. Of `marked` artifacts, none may be published again.

    Those in `cut` stay, with the files that their new manifest names.
    """

    artifacts: set[Ref] = field(default_factory=set)
    marked: set[Ref] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    cut: dict[Ref, Manifest] = field(default_factory=dict)

    def add(self, other: Removal) -> None:
        self.artifacts |= other.artifacts
        self.marked |= other.marked
        self.keys |= other.keys
        self.cut |= other.cut

    def covers(self, key: str) -> bool:
        return key in self.keys or artifact_of(key) in self.artifacts | self.marked


def mark(store: ObjectStore, removal: Removal) -> None:
    """Say in the store which artifacts may not be published again."""
    for ref in removal.marked:
        store.put(tombstone_key(ref), b"-")


def write_cut(store: ObjectStore, removal: Removal) -> None:
    """Let the store's manifests name what is left. Until then the recorded ones hold."""
    for ref, manifest in removal.cut.items():
        store.put(ref.manifest_key, manifest.model_dump_json().encode())


def remove(store: ObjectStore, removal: Removal) -> int:
    """Remove the objects, and count them. Marks are written before, so no late worker wins."""
    mark(store, removal)
    write_cut(store, removal)
    removed = 0
    for ref in removal.artifacts | removal.marked:
        store.delete(ref.manifest_key)
        for item in list(store.list(f"{ref.prefix}/")):
            store.delete(item.key)
            removed += 1
    for key in removal.keys:
        store.delete(key)
    return removed + len(removal.keys)


def find_dependants(session: Session, step: str, kinds: Collection[Kind]) -> set[Ref]:
    """Find the steps that need a step, directly or through others, of these kinds only."""
    found: set[Ref] = set()
    names = [str(kind) for kind in kinds]
    border = {step}
    while border:
        needing: set[Ref] = set()
        for chunk in in_chunks(border, _IDS_AT_ONCE):
            query = select(Step.id, Step.kind).join(StepNeed, StepNeed.step_id == Step.id)
            rows = session.execute(query.where(StepNeed.need_id.in_(chunk), Step.kind.in_(names)))
            needing |= {Ref(kind=Kind(kind), id=found_id) for found_id, kind in rows}
        border = {ref.id for ref in needing - found}
        found |= needing
    return found


def close_steps(session: Session, refs: Iterable[Ref], text: str) -> None:
    """Let steps fail whose artifacts go, so that whoever asks for them is told why."""
    error = {"slug": WITHDRAWN_SLUG, "text": text}
    values = {"state": StepState.FAILED, "error": error, "manifest": None, "done_at": None}
    for chunk in in_chunks([ref.id for ref in refs], _IDS_AT_ONCE):
        session.execute(update(Step).where(Step.id.in_(chunk)).values(values))
        session.execute(update(StepNeed).where(StepNeed.need_id.in_(chunk)).values(met=False))
        no_longer_ready(session, chunk)


def unnamed_contents(session: Session, keys: Iterable[str]) -> set[str]:
    """Find those of `keys` of received files that no live case and no upload names."""
    left = {key for key in keys if key.startswith(CONTENT_PREFIX)}
    if not left:
        return left
    live = select(Case.files).where(Case.state != CaseState.WITHDRAWN)
    for query in (live, select(Upload.files)):
        for files in session.scalars(query.execution_options(yield_per=1000)):
            left -= {str(file["key"]) for file in files.values()}
    return left
