"""Examine one step by what the store holds of it: done, failed, to be submitted, or to be left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from syntrust_core.contracts.base import Kind, Manifest, Ref
from syntrust_core.errors import ObjectDamaged, PlatformError, Unavailable
from syntrust_core.log import get_logger
from syntrust_core.runtime.coordination import StepCoordinator
from syntrust_core.runtime.queue import StepQueue
from syntrust_core.runtime.runner import INTERNAL_TEXT
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.db.tables import StepState
from syntrust_gateway.lifecycle.integrity import Loss
from syntrust_gateway.orchestrator.containment import require_store
from syntrust_gateway.orchestrator.damage import (
    MOST_DAMAGED,
    Damaged,
    Result,
    read_instant,
    read_result,
    set_aside_manifest,
)
from syntrust_gateway.orchestrator.healing.losses import (
    Findings,
    describe_lost_model,
    find_losses,
)
from syntrust_gateway.orchestrator.retry import (
    AttemptRecord,
    Fail,
    Submit,
    Wait,
    decide,
    read_attempts,
)

log = get_logger(__name__)

TROUBLE_REST_S: Final = 15.0
MOST_TROUBLES: Final = 4


class Clock(Protocol):
    def __call__(self) -> datetime: ...


@dataclass(frozen=True)
class Servers:
    """The servers that the orchestrator reads and writes, besides its database.

    `clock` only dates what is recorded and compares with other machines' dates; how long something
    is waited for is measured with `monotonic`, which no change of the clock moves.
    """

    store: ObjectStore
    coordinator: StepCoordinator
    queue: StepQueue
    clock: Clock = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    most_running: int | None = None
    """Steps that a client without a limit of its own may have in flight; None: any number."""


@dataclass(frozen=True)
class Finished:
    """A step that is done or has failed, as it is to be recorded."""

    ref: Ref
    state: StepState
    error: Mapping[str, Any] | None
    manifest: Manifest | None = None
    attempts: tuple[AttemptRecord, ...] = ()

    @property
    def leaves_artifact(self) -> bool:
        """Whether other steps can use what it left; a refused inspection leaves nothing."""
        return self.error is None

    def attempt_rows(self) -> list[dict[str, Any]]:
        """Give the rows of its attempts."""
        return [
            {
                "step_id": self.ref.id,
                "attempt": record.id,
                "host": record.made.host,
                "started": read_instant(record.made.started),
                "error": record.error.model_dump(mode="json") if record.error else None,
            }
            for record in self.attempts
        ]


@dataclass(frozen=True)
class Rest:
    """Leave the step alone for a while."""

    seconds: float


@dataclass(frozen=True)
class Again:
    """Submit the step; `attempts` is how many there were."""

    attempts: int = 0


@dataclass(frozen=True)
class Starved:
    """The step cannot be computed until what it needs is computed again."""

    losses: tuple[Loss, ...]


Verdict = Finished | Rest | Again | Starved


class Examiner:
    """Judge steps that have neither queue mark nor lease.

    Whatever is wrong with one step ends with a verdict on this step. Only a store that does not
    answer at all raises `Unavailable`.
    """

    def __init__(self, servers: Servers) -> None:
        self._store, self._clock = servers.store, servers.clock
        self._troubles: Counter[str] = Counter()
        self._rested: dict[str, int] = {}

    def examine(self, ref: Ref, *, was_tried: bool, is_new: bool) -> Verdict:
        """Judge a step. Attempts at one that `is_new` to this process are not asked for."""
        try:
            verdict = self._examine(ref, was_tried=was_tried, is_new=is_new)
        except Exception as error:  # noqa: BLE001 - one step must never stop the others
            verdict = self._contain(ref, error)
        else:
            self._troubles.pop(ref.id, None)
        if isinstance(verdict, Finished):
            self._rested.pop(ref.id, None)
        return verdict

    def fail(self, ref: Ref, slug: str, text: str, **context: Any) -> Finished:  # noqa: ANN401 - JSON
        """Give a step up."""
        log.warning("orchestrator.step_failed", kind=ref.kind, step=ref.id, slug=slug)
        return Finished(ref, StepState.FAILED, {**context, "slug": slug, "text": text})

    def _examine(self, ref: Ref, *, was_tried: bool, is_new: bool) -> Verdict:
        try:
            result = read_result(self._store, ref)
        except Damaged:
            return self._compute_again(ref)
        if result is not None:
            return self._done(ref, result, was_tried=was_tried)
        if is_new and not was_tried:
            return Again()
        return self._decide(ref)

    def _done(self, ref: Ref, result: Result, *, was_tried: bool) -> Finished:
        manifest = result.manifest
        attempts: tuple[AttemptRecord, ...] = (
            AttemptRecord(manifest.attempt, manifest.made, None),
        )
        if was_tried:
            attempts = read_attempts(self._store, ref) or attempts
        return Finished(ref, StepState.DONE, result.refusal, manifest, attempts)

    def _decide(self, ref: Ref) -> Verdict:
        found = find_losses(self._store, ref, read_attempts(self._store, ref))
        if (refusal := self._refusal(found)) is not None:
            return self.fail(ref, **refusal)
        if found.losses:
            return Starved(found.losses)
        attempts, now = found.counted, self._clock()
        waited = self._rested.get(ref.id) == len(attempts)
        match decide(attempts, now=now, waited=waited):
            case Wait(until):
                self._rested[ref.id] = len(attempts)
                return Rest((until - now).total_seconds())
            case Fail(slug, text, context):
                failed = self.fail(ref, slug, text, **context)
                return Finished(ref, failed.state, failed.error, attempts=attempts)
            case Submit():
                return Again(len(attempts))

    def _refusal(self, found: Findings) -> dict[str, Any] | None:
        """Say why the step can never be computed; None if it can."""
        models = (loss for loss in found.losses if loss.artifact.kind is Kind.IMPORTED_MODEL)
        model = next(models, None)
        return found.refusal if model is None else describe_lost_model(self._store, model)

    def _compute_again(self, ref: Ref) -> Verdict:
        times = set_aside_manifest(self._store, ref)
        if times < MOST_DAMAGED:
            return Again()
        return self.fail(
            ref,
            ObjectDamaged.slug,
            f"The artifact {ref.kind} {ref.id} was damaged {times} times: its manifest could not "
            "be read. Check the disks of the object store, then ask again.",
        )

    def _contain(self, ref: Ref, error: Exception) -> Verdict:
        """Try a step again later that could not be examined, and give it up in the end."""
        if isinstance(error, Unavailable):
            require_store(self._store)
        log.warning("orchestrator.step_trouble", kind=ref.kind, step=ref.id, exc_info=error)
        self._troubles[ref.id] += 1
        if self._troubles[ref.id] < MOST_TROUBLES:
            return Rest(TROUBLE_REST_S)
        del self._troubles[ref.id]
        return self.fail(ref, *tell(error))


def tell(error: Exception) -> tuple[str, str]:
    """Give the slug and the sentence of an error that a caller may read."""
    if isinstance(error, PlatformError) and error.slug != PlatformError.slug:
        return error.slug, error.detail
    return PlatformError.slug, INTERNAL_TEXT


def ref_of(kind: str, step: str) -> Ref:
    return Ref(kind=Kind(kind), id=step)
