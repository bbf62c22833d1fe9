"""Collect what nobody needs any more. What is removed, and why, can be read before it is done."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, delete, null, select, union
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Manifest, Ref
from syntrust_core.contracts.uploads import CONTENT_PREFIX, STAGED_FOR
from syntrust_core.log import get_logger
from syntrust_core.runtime.coordination import StepCoordinator
from syntrust_core.storage.base import ObjectInfo, ObjectStore
from syntrust_core.storage.tombstones import list_withdrawn
from syntrust_gateway.db.content_tables import JobUpload
from syntrust_gateway.db.schedule_tables import ReadyStep, StepNeed
from syntrust_gateway.db.session import Sessions, in_chunks
from syntrust_gateway.db.tables import (
    Attempt,
    Base,
    Case,
    CaseState,
    Model,
    Step,
    StepState,
    Upload,
    utc_now,
)
from syntrust_gateway.lifecycle.integrity import artifact_of, read_stored_manifest
from syntrust_gateway.lifecycle.withdrawal import list_withdrawn_steps
from syntrust_gateway.runs.tables import TABLES
from syntrust_gateway.uploads.receipts import is_received
from syntrust_gateway.uploads.staging import list_staged

log = get_logger(__name__)

_RECORDS: Final = ("attempts", "errors", "progress")
_EXPIRING: Final = ("idempotency_key", "web_session")


@dataclass(frozen=True)
class Retention:
    """How long what nobody names is kept."""

    unnamed: timedelta = timedelta(days=1)
    damaged: timedelta = timedelta(days=30)
    unwanted: timedelta = timedelta(days=30)


@dataclass(frozen=True)
class Garbage:
    """An object that nobody needs, and why."""

    key: str
    bytes: int
    why: str


@dataclass(frozen=True)
class _Steps:
    """Steps by what is known of them."""

    unwanted: Collection[str]
    known: Collection[str]
    withdrawn: Collection[str]
    active: Collection[str]
    reports: Mapping[str, Manifest]


class Collector:
    """Find garbage, and remove it."""

    def __init__(
        self,
        write: Sessions,
        read: Sessions,
        store: ObjectStore,
        coordinator: StepCoordinator,
        *,
        retention: Retention | None = None,
        now: datetime | None = None,
    ) -> None:
        self._write, self._read, self._store = write, read, store
        self._coordinator = coordinator
        self._retention = retention or Retention()
        self._now = now or utc_now()

    def find(self) -> list[Garbage]:
        """List what can go; nothing is changed."""
        with self._read() as session:
            rows = [_describe_row(upload) for upload in self._find_abandoned(session)]
        return rows + self._find_objects()

    def _find_objects(self) -> list[Garbage]:
        with self._read() as session:
            reports = _read_reports(session)
            unwanted = find_unwanted(session, self._now - self._retention.unwanted)
            known = set(session.scalars(select(Step.id)))
            named = set(_named_keys(session))
            withdrawn = list_withdrawn_steps(session) | list_withdrawn(self._store)
        active = self._coordinator.active()
        found = list(self._in_artifacts(_Steps(unwanted, known, withdrawn, active, reports)))
        found += [item for item in self._in_content() if item.key not in named]
        return found + [item for item in self._in_staging() if item.key not in named]

    def collect(self) -> list[Garbage]:
        """Remove what can go. Rows go first: a crash leaves objects, which are found again."""
        with self._write.begin() as session:
            unwanted = find_unwanted(session, self._now - self._retention.unwanted)
            forget_steps(session, unwanted - self._coordinator.active())
            _forget_expired(session, self._now)
            uploads = self._find_abandoned(session)
            session.execute(delete(Upload).where(Upload.id.in_(uploads)))
        found = self._find_objects()
        remove_objects(self._store, [item.key for item in found])
        size = sum(item.bytes for item in found)
        log.info("gc.removed", objects=len(found), bytes=size, uploads=len(uploads))
        return [*map(_describe_row, uploads), *found]

    def _find_abandoned(self, session: Session) -> list[str]:
        """List the uploads that no job has taken in time: their staged files go by then."""
        taken = select(JobUpload.upload_id)
        old = Upload.created < self._now - STAGED_FOR
        query = select(Upload).where(old, Upload.step.is_(None), Upload.id.not_in(taken))
        found = session.scalars(query.order_by(Upload.id))
        return [row.id for row in found if not all(map(is_received, row.files.values()))]

    def _in_artifacts(self, steps: _Steps) -> Iterator[Garbage]:
        for ref, items in _by_artifact(self._store.list("artifacts/")):
            if ref.id in steps.active:
                continue
            if ref.id in steps.withdrawn:
                yield from _garbage(items, "its case was withdrawn")
            elif ref.id in steps.unwanted:
                yield from _garbage(items, "no run, dataset or model has this step")
            elif ref.id not in steps.known and ref.kind is not Kind.IMPORTED_MODEL:
                old = self._older(items, self._retention.unwanted)
                yield from _garbage(old, "its step is not in the database")
            else:
                yield from self._in_artifact(ref, items, steps.reports.get(ref.id))

    def _in_artifact(
        self, ref: Ref, items: list[ObjectInfo], recorded: Manifest | None
    ) -> Iterator[Garbage]:
        manifest = read_stored_manifest(self._store, ref)
        named = set() if manifest is None else {info.key for info in manifest.files.values()}
        cut = set() if manifest is None else _find_cut(manifest, recorded)
        yield from _garbage([item for item in items if item.key in cut], "its case was withdrawn")
        files = [item for item in items if item.key not in named and _is_of_an_attempt(item.key)]
        old = self._older(files, self._retention.unnamed)
        yield from _garbage(old, "of an attempt that has not won")
        aside = [item for item in items if f"{ref.prefix}/damaged/" in item.key]
        old = self._older(aside, self._retention.damaged)
        yield from _garbage(old, "was set aside as damaged")

    def _older(self, items: Iterable[ObjectInfo], age: timedelta) -> list[ObjectInfo]:
        before = self._now - age
        return [item for item in items if item.modified is not None and item.modified < before]

    def _in_content(self) -> Iterator[Garbage]:
        old = self._older(self._store.list(CONTENT_PREFIX), self._retention.unnamed)
        yield from _garbage(old, "no case or upload names this file")

    def _in_staging(self) -> Iterator[Garbage]:
        staged = list_staged(self._store, before=self._now - STAGED_FOR)
        yield from _garbage(staged, "an upload that was not received")


def _describe_row(upload: str) -> Garbage:
    return Garbage(f"upload {upload}", 0, "announced, and taken by no job in time")


def _read_reports(session: Session) -> dict[str, Manifest]:
    """Read what is recorded of reports: of one that shows a withdrawn case, less than is stored."""
    query = select(Step.id, Step.manifest).where(
        Step.kind == str(Kind.BUILD_REPORT), Step.state == StepState.DONE
    )
    rows = session.execute(query.where(Step.manifest.is_not(null())))
    return {step: Manifest.model_validate(manifest) for step, manifest in rows}


def _find_cut(stored: Manifest, recorded: Manifest | None) -> set[str]:
    """Find the files of a report that were cut out of it, by their keys."""
    if recorded is None or recorded.attempt != stored.attempt:
        return set()
    return {info.key for name, info in stored.files.items() if name not in recorded.files}


def _garbage(items: Iterable[ObjectInfo], why: str) -> Iterator[Garbage]:
    return (Garbage(item.key, item.bytes, why) for item in items)


def _by_artifact(items: Iterable[ObjectInfo]) -> Iterator[tuple[Ref, list[ObjectInfo]]]:
    grouped: dict[Ref, list[ObjectInfo]] = {}
    for item in items:
        ref = artifact_of(item.key)
        if ref is not None:
            grouped.setdefault(ref, []).append(item)
    yield from grouped.items()


def _is_of_an_attempt(key: str) -> bool:
    match key.split("/"):
        case [_, _, _, folder, _]:
            return folder not in {*_RECORDS, "damaged", "checkpoints"}
    return False


def remove_objects(store: ObjectStore, keys: Iterable[str]) -> None:
    """Remove objects, the manifests first: whoever sees a manifest sees everything."""
    for key in sorted(keys, key=lambda key: (not key.endswith("/manifest.json"), key)):
        store.delete(key)


def find_unwanted(session: Session, before: datetime | None = None) -> set[str]:
    """Find the steps that no run, dataset, upload or model has, and that none of theirs waits for.

    Only those that ended before an instant, if it is given.
    """
    query = select(Step.id).where(Step.state != StepState.WAITING, Step.id.not_in(wanted_steps()))
    if before is not None:
        query = query.where(Step.done_at.is_(None) | (Step.done_at < before))
    return set(session.scalars(query))


def wanted_steps() -> Select[Any]:
    """Select the steps that something has, and what those of them need that wait."""
    linked = union(
        *(select(table.links.step_id.label("id")) for table in TABLES),
        select(Case.step).where(Case.step.is_not(None), Case.state != CaseState.WITHDRAWN),
        select(Upload.step).where(Upload.step.is_not(None)),
        select(Model.step),
    ).subquery()
    waiting = (
        select(StepNeed.need_id)
        .join(Step, Step.id == StepNeed.step_id)
        .where(Step.state == StepState.WAITING, Step.id.in_(select(linked.c[0])))
    )
    wanted = union(select(linked.c[0]), waiting).subquery()
    return select(wanted.c[0])


def forget_steps(session: Session, steps: Iterable[str]) -> None:
    """Remove the rows of steps, and what hangs on them."""
    for chunk in in_chunks(steps, 500):
        for table, column in (
            (ReadyStep, ReadyStep.step_id),
            (StepNeed, StepNeed.step_id),
            (Attempt, Attempt.step_id),
            (Step, Step.id),
        ):
            session.execute(delete(table).where(column.in_(chunk)))


def _forget_expired(session: Session, now: datetime) -> None:
    """Remove what was kept for requests that nobody repeats any more, and sessions that ended."""
    for name in _EXPIRING:
        table = Base.metadata.tables[name]
        session.execute(delete(table).where(table.c.expires < now))


def _named_keys(session: Session) -> Iterator[str]:
    """List the keys of uploaded files that something names."""
    live = select(Case.files).where(Case.state != CaseState.WITHDRAWN)
    for query in (live, select(Upload.files)):
        for files in session.scalars(query):
            yield from (str(file["key"]) for file in files.values())
    for message in session.scalars(select(Step.message).where(Step.state == StepState.WAITING)):
        yield from _keys_in(message)


def _keys_in(message: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(message, dict):
        if isinstance(message.get("key"), str):
            yield message["key"]
        for value in message.values():
            yield from _keys_in(value)
    elif isinstance(message, list):
        for value in message:
            yield from _keys_in(value)
