"""Look once at the steps that are pending: record what is done, submit what is ready."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from syntrust_core.contracts.base import QUEUES, Kind, Manifest, Queue, Ref
from syntrust_core.contracts.case_record import PROBLEMS_FILE, CaseRefused, Problem
from syntrust_core.contracts.registry import parse_message
from syntrust_core.log import get_logger
from syntrust_core.runtime.coordination import StepCoordinator
from syntrust_core.runtime.queue import StepQueue
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.db.tables import Attempt, Base, Step, StepState
from syntrust_gateway.orchestrator.retry import Fail, Submit, Wait, decide, read_attempts

log = get_logger(__name__)

SMALLEST_WINDOW = 8
WINDOW_PER_WORKER = 2


class Clock(Protocol):
    def __call__(self) -> datetime: ...


@dataclass(frozen=True)
class Servers:
    """The servers that the orchestrator reads and writes, besides its database."""

    store: ObjectStore
    coordinator: StepCoordinator
    queue: StepQueue
    clock: Clock = lambda: datetime.now(UTC)


class Reconciled(NamedTuple):
    """The `rows` to merge into the database, and the ids of steps that run now."""

    rows: list[Base]
    running: set[str]


def reconcile(servers: Servers, pending: Sequence[Step], done: set[str]) -> Reconciled:
    """Look at the pending steps in order until the window of each queue is full.

    `pending` are the waiting steps in order of precedence. They are detached from their session, so
    that no database lock is held while servers are asked. `done` are the ids of artifacts that are
    there; it grows.
    """
    found = Reconciled([], set())
    for queue in Queue:
        steps = (step for step in pending if QUEUES[Kind(step.kind)] is queue)
        _Window(queue, servers, done, found).submit_ready(steps)
    return found


class _Window:
    """The few steps of one queue that are submitted at a time.

    As a queue is short, the orchestrator decides order, precedence and fair shares.
    """

    def __init__(self, queue: Queue, servers: Servers, done: set[str], found: Reconciled) -> None:
        self._servers, self._done = servers, done
        workers = servers.coordinator.workers(queue)
        self._free = max(SMALLEST_WINDOW, WINDOW_PER_WORKER * workers)
        self._queue_is_empty = servers.queue.length(queue) == 0
        self._rows, self._running = found

    def submit_ready(self, steps: Iterable[Step]) -> None:
        for step in steps:
            if self._free <= 0:
                break
            if all(need in self._done for _, need in step.needs) and self._act(step):
                self._rows.append(step)

    def _act(self, step: Step) -> bool:
        """Act on one ready step; True if its row changed.

        It reads mark, lease and manifest in this order, in which they follow each other.
        """
        coordinator = self._servers.coordinator
        marked, leased = coordinator.is_queued(step.id), coordinator.has_lease(step.id)
        if self._record_if_done(step):
            return True
        if leased:
            self._running.add(step.id)
        if leased or marked:
            self._free -= 1
            if marked and not leased and not self._queue_is_empty:
                coordinator.set_queued(step.id)
            return False
        return self._decide(step)

    def _record_if_done(self, step: Step) -> bool:
        ref = Ref(kind=Kind(step.kind), id=step.id)
        store = self._servers.store
        if not store.exists(ref.manifest_key):
            return False
        manifest = Manifest.model_validate_json(store.get(ref.manifest_key))
        step.manifest = manifest.model_dump(mode="json")
        step.state, step.error = StepState.DONE, self._refusal(manifest)
        step.done_at = self._servers.clock()
        self._record_attempts(step, ref)
        if step.error is None:
            self._done.add(step.id)
        return True

    def _refusal(self, manifest: Manifest) -> dict[str, Any] | None:
        """Say why an inspection has refused its case; None if it has not."""
        info = manifest.files.get(PROBLEMS_FILE)
        if info is None:
            return None
        problems = json.loads(self._servers.store.get(info.key))
        refusal = CaseRefused([Problem.model_validate(problem) for problem in problems])
        return {"slug": refusal.slug, "text": refusal.detail, "problems": problems}

    def _record_attempts(self, step: Step, ref: Ref) -> None:
        records = read_attempts(self._servers.store, ref)
        step.attempts = len(records)
        for record in records:
            self._rows.append(
                Attempt(
                    step_id=step.id,
                    attempt=record.id,
                    host=record.made.host,
                    started=datetime.fromisoformat(record.made.started),
                    error=record.error.model_dump(mode="json") if record.error else None,
                )
            )

    def _decide(self, step: Step) -> bool:
        now = self._servers.clock()
        if step.not_before is not None and now < step.not_before:
            return False
        ref = Ref(kind=Kind(step.kind), id=step.id)
        decision = decide(read_attempts(self._servers.store, ref))
        match decision:
            case Wait(until) if now < until:
                step.not_before = until
                return True
            case Submit() | Wait():
                self._submit(step)
            case Fail(slug, text, context):
                step.state = StepState.FAILED
                step.error = {**context, "slug": slug, "text": text}
                self._record_attempts(step, ref)
                log.warning("orchestrator.step_failed", kind=step.kind, step=step.id, slug=slug)
                return True
        return False

    def _submit(self, step: Step) -> None:
        self._servers.coordinator.uncancel(step.id)
        self._servers.queue.submit(parse_message(Kind(step.kind), step.message))
        self._servers.coordinator.set_queued(step.id)
        self._free -= 1
