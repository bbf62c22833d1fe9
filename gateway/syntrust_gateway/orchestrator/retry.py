"""Read the attempts at a step from the store, and decide whether it is tried again.

Attempts are a set: clocks of hosts differ, so their times order nothing that matters. What an
attempt got further than is in its own record of progress.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError

from syntrust_core.contracts.base import Provenance, Ref, StepError
from syntrust_core.errors import (
    Context,
    Fault,
    ObjectMissing,
    QueueUnavailable,
    StoreUnavailable,
    Unavailable,
    WorkerDiskFull,
    WorkerLost,
)
from syntrust_core.log import get_logger
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.orchestrator.damage import read_instant

log = get_logger(__name__)

MAX_ATTEMPTS: Final = 3  # without progress
# Of them and of deaths of whole workers together: a machine that is switched off says less about
# the step than a process that dies alone, but a step that takes its worker down must end too.
MAX_WORKER_DEATHS: Final = 8
MOST_ATTEMPTS: Final = 50  # in all, so that nothing is tried for ever
BACK_OFF: Final = (timedelta(seconds=2), timedelta(seconds=15), timedelta(seconds=60))
# What passes without anybody's doing, and says nothing about the step.
_OUTAGES: Final = {
    error.slug for error in (Unavailable, StoreUnavailable, QueueUnavailable, WorkerDiskFull)
}
_UNKNOWN_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC).isoformat()
_UNREADABLE: Final = Provenance(host="an unknown host", started=_UNKNOWN_TIME, seconds=0.0)


@dataclass(frozen=True)
class AttemptRecord:
    """One lease taken. It `progressed` if it, or an attempt after it, kept more than was there."""

    id: str
    made: Provenance
    error: StepError | None
    progressed: bool = False


@dataclass(frozen=True)
class Submit:
    """Try the step now."""


@dataclass(frozen=True)
class Wait:
    """Try the step again, but not before `until`."""

    until: datetime


@dataclass(frozen=True)
class Fail:
    """Give the step up, and tell the caller `slug` and `text`."""

    slug: str
    text: str
    context: Mapping[str, Context] = field(default_factory=dict)


Decision = Submit | Wait | Fail


def read_attempts(store: ObjectStore, ref: Ref) -> tuple[AttemptRecord, ...]:
    """List every attempt at the step: each lease taken, not each message sent.

    A record that cannot be read counts too. The order is that of the hosts' clocks.
    """
    names = [item.key.removeprefix(ref.attempts_prefix) for item in store.list(ref.attempts_prefix)]
    if not names:
        return ()
    progressed = _read_progress(store, ref)
    found = []
    for attempt in (name.removesuffix(".json") for name in names):
        with suppress(ObjectMissing):  # cancelled between the listing and the reading
            made = _made(store, ref, attempt)
            error = _error(store, ref, attempt)
            found.append(AttemptRecord(attempt, made, error, attempt in progressed))
    return tuple(sorted(found, key=lambda record: (record.made.started, record.id)))


def _made(store: ObjectStore, ref: Ref, attempt: str) -> Provenance:
    try:
        made = Provenance.model_validate_json(store.get(ref.attempt_key(attempt)))
        read_instant(made.started)
    except ValueError:
        log.warning("retry.record_unreadable", kind=ref.kind, step=ref.id, attempt=attempt)
        return _UNREADABLE
    return made


def _error(store: ObjectStore, ref: Ref, attempt: str) -> StepError | None:
    try:
        return StepError.model_validate_json(store.get(ref.error_key(attempt)))
    except ObjectMissing:
        return None
    except ValidationError:
        log.warning("retry.error_unreadable", kind=ref.kind, step=ref.id, attempt=attempt)
        return StepError(
            fault=Fault.INTERNAL.value,
            slug="internal",
            text="The platform failed at this step, and its record of the reason is damaged.",
            host=_UNREADABLE.host,
            at=_UNKNOWN_TIME,
        )


def _read_progress(store: ObjectStore, ref: Ref) -> set[str]:
    """List the attempts that progressed, and those that had been made before them."""
    found = set()
    for item in store.list(ref.progress_prefix):
        found.add(item.key.removeprefix(ref.progress_prefix).removesuffix(".json"))
        with suppress(ObjectMissing):
            found |= _before(store.get(item.key))
    return found


def _before(raw: bytes) -> frozenset[str]:
    try:
        record: Any = json.loads(raw)
    except ValueError:
        return frozenset()
    match record:
        case {"before": [*names]}:
            return frozenset(name for name in names if isinstance(name, str))
    return frozenset()


def decide(attempts: Sequence[AttemptRecord], *, now: datetime, waited: bool = False) -> Decision:
    """Decide what to do with a step that has no manifest, no lease and no mark.

    `waited` says that the step has waited since its last failure. Only the orchestrator's own clock
    counts: a worker's may be wrong.
    """
    for record in attempts:
        if record.error is not None and record.error.fault == "caller":
            return _give_up(record.error)
    counted = count_attempts(attempts)
    alone = [record for record in counted if not _died_with_worker(record)]
    if len(alone) >= MAX_ATTEMPTS or len(counted) >= MAX_WORKER_DEATHS:
        return _give_up_after(counted)
    if len(attempts) >= MOST_ATTEMPTS:
        return _give_up_at_last(attempts)
    if waited or not attempts or attempts[-1].error is None:
        return Submit()
    failures = sum(record.error is not None for record in attempts)
    return Wait(now + BACK_OFF[min(failures, len(BACK_OFF)) - 1])


def count_attempts(attempts: Iterable[AttemptRecord]) -> list[AttemptRecord]:
    """List the attempts that count: those without progress since the last that had any.

    An attempt that met a server that was away says nothing about the step either.
    """
    return [record for record in attempts if not record.progressed and not _met_outage(record)]


def _met_outage(record: AttemptRecord) -> bool:
    return record.error is not None and record.error.slug in _OUTAGES


def _give_up(error: StepError) -> Fail:
    return Fail(error.slug, error.text, error.context)


def _give_up_after(counted: Sequence[AttemptRecord]) -> Fail:
    last = counted[-1].error
    if last is not None and not _died(counted[-1]):
        return _give_up(last)
    died = [record for record in counted if _died(record)]
    hosts = ", ".join(sorted({record.made.host for record in died}))
    return Fail(
        WorkerLost.slug,
        f"The worker died {len(died)} times at this step (on {hosts}), perhaps for lack of memory.",
    )


def _died(record: AttemptRecord) -> bool:
    """Whether the worker died: it left no error, or its parent said so for it."""
    return record.error is None or record.error.slug == WorkerLost.slug


def _died_with_worker(record: AttemptRecord) -> bool:
    """Whether the next worker at that place has told that the whole one died."""
    return _died(record) and record.error is not None and bool(record.error.context.get("whole"))


def _give_up_at_last(attempts: Sequence[AttemptRecord]) -> Fail:
    errors = [record.error.text for record in attempts if record.error is not None]
    last = f" The last reason: {errors[-1]}" if errors else ""
    return Fail(
        "too-many-attempts",
        f"The step was begun {len(attempts)} times and never came to its end.{last}",
    )


def reset_attempts(store: ObjectStore, ref: Ref) -> None:
    """Remove the traces of earlier attempts, so that the step has all its attempts again."""
    for prefix in (ref.attempts_prefix, ref.errors_prefix, ref.progress_prefix):
        for item in list(store.list(prefix)):
            store.delete(item.key)
