"""Verify every artifact and every upload that the database counts on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import select

from syntrust_core.contracts.base import FileInfo, Kind, Manifest, Ref
from syntrust_core.contracts.models import NAMES_PREFIX, ModelEntry
from syntrust_core.contracts.uploads import CONTENT_PREFIX
from syntrust_core.errors import Unavailable
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.db.session import Sessions
from syntrust_gateway.db.tables import Case, CaseState, Step, StepState, Upload
from syntrust_gateway.lifecycle.integrity import Loss, find_loss, find_object_damage
from syntrust_gateway.orchestrator.containment import require_store
from syntrust_gateway.orchestrator.healing.heal import heal

_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Finding:
    """What is wrong with one artifact or upload; `name` is its key or its kind and step."""

    name: str
    reason: str
    repair: str


@dataclass
class Verification:
    """How many were looked at, and what is wrong with some."""

    artifacts: int = 0
    uploads: int = 0
    models: int = 0
    findings: tuple[Finding, ...] = ()


class Verifier:
    """Compare the store with the database. With `repairs`, what can be computed again will be."""

    def __init__(
        self,
        write: Sessions,
        read: Sessions,
        store: ObjectStore,
        *,
        sizes_only: bool,
        repairs: bool,
    ) -> None:
        self._write, self._read, self._store = write, read, store
        self._hashed = None if sizes_only else ""
        self._repairs = repairs
        self._seen = Verification()

    def verify(self) -> Verification:
        """Look at everything; `Unavailable` is raised if the store does not answer."""
        require_store(self._store)
        findings = (*self._artifacts(), *self._models(), *self._uploads())
        return replace(self._seen, findings=findings)

    def _artifacts(self) -> Iterator[Finding]:
        last = ""
        while steps := self._next_steps(last):
            for step in steps:
                self._seen.artifacts += 1
                loss = self._find_loss(step)
                if loss is not None:
                    yield self._told(loss)
            last = steps[-1].id

    def _next_steps(self, after: str) -> list[Step]:
        query = select(Step).where(Step.state == StepState.DONE, Step.id > after)
        with self._read() as session:
            return list(session.scalars(query.order_by(Step.id).limit(_ROWS_AT_ONCE)))

    def _find_loss(self, step: Step) -> Loss | None:
        ref = Ref(kind=Kind(step.kind), id=step.id)
        try:
            recorded = Manifest.model_validate(step.manifest)
        except ValueError:
            return Loss(ref, "its record in the database cannot be read")
        try:
            return find_loss(self._store, ref, recorded=recorded, hashed=self._hashed)
        except Unavailable as error:
            require_store(self._store)
            return Loss(ref, f"it cannot be read: {error.detail}", recorded.attempt)

    def _told(self, loss: Loss) -> Finding:
        name, repair = f"{loss.artifact.kind} {loss.artifact.id}", "not asked for"
        if self._repairs:
            with self._write.begin() as session:
                repair = heal(session, self._store, loss)
        return Finding(name, loss.reason, repair)

    def _models(self) -> Iterator[Finding]:
        """Look at the models that were published under a name, which no step computes."""
        for item in list(self._store.list(NAMES_PREFIX)):
            self._seen.models += 1
            try:
                ref = ModelEntry.model_validate_json(self._store.get(item.key)).ref
            except ValueError:
                yield Finding(item.key, "it cannot be read", "start the worker that publishes it")
                continue
            loss = find_loss(self._store, ref, hashed=self._hashed)
            if loss is not None:
                how = "start the worker that publishes it anew, or import it again"
                yield Finding(item.key, loss.reason, how)

    def _uploads(self) -> Iterator[Finding]:
        for key, info in sorted(self._contents().items()):
            self._seen.uploads += 1
            reason = find_object_damage(self._store, info, must_hash=self._hashed is not None)
            if reason is not None:
                yield Finding(key, reason, "restore it from a backup, or upload it again")

    def _contents(self) -> dict[str, FileInfo]:
        """List the received files that cases and uploads name."""
        found: dict[str, FileInfo] = {}
        with self._read() as session:
            live = select(Case.files).where(Case.state != CaseState.WITHDRAWN)
            for query in (live, select(Upload.files)):
                for files in session.scalars(query):
                    for file in files.values():
                        if str(file["key"]).startswith(CONTENT_PREFIX):
                            found[file["key"]] = FileInfo.model_validate(file)
        return found
