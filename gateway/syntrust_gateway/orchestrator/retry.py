"""Read the attempts at a step from the store, and decide whether it is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syntrust_core.contracts.base import Provenance, Ref, StepError
from syntrust_core.errors import Context, ObjectMissing
from syntrust_core.storage.base import ObjectStore

MAX_ATTEMPTS = 3
BACK_OFF = (timedelta(seconds=2), timedelta(seconds=15))


@dataclass(frozen=True)
class AttemptRecord:
    id: str
    made: Provenance
    error: StepError | None


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
    """List every attempt at the step, oldest first: each lease taken, not each message sent."""
    found = []
    for item in store.list(ref.attempts_prefix):
        attempt = item.key.removeprefix(ref.attempts_prefix).removesuffix(".json")
        try:
            made = Provenance.model_validate_json(store.get(item.key))
        except ObjectMissing:
            continue  # cancelled between the listing and the reading
        found.append(AttemptRecord(attempt, made, _error(store, ref, attempt)))
    return tuple(sorted(found, key=lambda record: record.made.started))


def _error(store: ObjectStore, ref: Ref, attempt: str) -> StepError | None:
    try:
        return StepError.model_validate_json(store.get(ref.error_key(attempt)))
    except ObjectMissing:
        return None


def decide(attempts: tuple[AttemptRecord, ...]) -> Decision:
    """Decide what to do with a step that has no manifest, no lease and no mark."""
    if not attempts:
        return Submit()
    last = attempts[-1].error
    for record in attempts:
        if record.error is not None and record.error.fault == "caller":
            return _give_up(record.error)
    if len(attempts) >= MAX_ATTEMPTS:
        if last is None:
            hosts = ", ".join(sorted({record.made.host for record in attempts}))
            return Fail(
                "worker-lost",
                f"The worker died {len(attempts)} times at this step (on {hosts}), perhaps for "
                "lack of memory.",
            )
        return _give_up(last)
    if last is None:
        return Submit()
    return Wait(datetime.fromisoformat(last.at) + BACK_OFF[len(attempts) - 1])


def _give_up(error: StepError) -> Fail:
    return Fail(error.slug, error.text, error.context)


def reset_attempts(store: ObjectStore, ref: Ref) -> None:
    """Remove the traces of earlier attempts, so that the step has all its attempts again."""
    for prefix in (ref.attempts_prefix, ref.errors_prefix):
        for item in list(store.list(prefix)):
            store.delete(item.key)
