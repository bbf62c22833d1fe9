"""Run one step: lease, inputs, progress, cancel, publish. A step handler knows none of it."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

from structlog.contextvars import bound_contextvars

from syntrust_core import recent_log
from syntrust_core.contracts.base import (
    RECIPES,
    Ref,
    StepMessage,
)
from syntrust_core.errors import (
    Cancelled,
    DeviceBusy,
    Fault,
    LeaseLost,
    Stopping,
    Unavailable,
    WorkerDiskFull,
    WorkerMisconfigured,
    WrongRecipe,
)
from syntrust_core.log import get_logger
from syntrust_core.observability import tracing
from syntrust_core.observability.counters import COUNTERS
from syntrust_core.runtime.attempt_records import INTERNAL_TEXT, describe_error, describe_run
from syntrust_core.runtime.context import StepContext, device_lock
from syntrust_core.runtime.coordination import StepCoordinator, Taking
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.lease import hold_lease
from syntrust_core.runtime.publish import publish, publish_imported, publish_result
from syntrust_core.runtime.step_process import StepProcess
from syntrust_core.storage.base import ObjectStore

__all__ = [
    "INTERNAL_TEXT",
    "Outcome",
    "StepContext",
    "StepHandler",
    "StepServers",
    "device_lock",
    "publish",
    "publish_imported",
    "require_message",
    "run_attempt",
    "run_each",
    "run_step",
]

log = get_logger(__name__)

# How long a worker waits for the store, with the step in hand, before it gives it up.
_BEGIN_PATIENCE_S: Final = 60.0
_RESULT_PATIENCE_S: Final = 600.0
# By then the orchestrator has sent again what a bundle of steps that were to be quick holds up.
_BUNDLE_PATIENCE_S: Final = 30.0
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


class Outcome(StrEnum):
    DONE = "done"
    ALREADY_DONE = "already done"
    HELD_ELSEWHERE = "held elsewhere"
    CANCELLED = "cancelled"
    FAILED = "failed"
    GIVEN_BACK = "given back"
    BROKEN = "broken"  # the worker failed, not the request


_NOT_TAKEN: Final[Mapping[Taking, Outcome]] = {
    Taking.HELD_ELSEWHERE: Outcome.HELD_ELSEWHERE,
    Taking.CANCELLED: Outcome.CANCELLED,
}
StepHandler = Callable[[StepMessage, StepContext], None]
Message = TypeVar("Message", bound=StepMessage)
T = TypeVar("T")


@dataclass(frozen=True)
class StepServers:
    """What a worker lends to the steps that it runs."""

    store: ObjectStore
    coordinator: StepCoordinator
    cache: InputCache
    scratch: Path
    threads: int = 1
    process: StepProcess | None = None
    options: object = None
    revision: str | None = None


def require_message(kind: type[Message], message: StepMessage) -> Message:
    """Give `message` as the kind that a handler serves. Another kind under its task is a bug."""
    if not isinstance(message, kind):
        msg = f"expected {kind.__name__}, got {type(message).__name__}"
        raise TypeError(msg)
    return message


def run_step(
    message: StepMessage,
    handler: StepHandler,
    *,
    store: ObjectStore,
    coordinator: StepCoordinator,
    cache: InputCache,
    scratch: Path,
    threads: int = 1,
    process: StepProcess | None = None,
    options: object = None,
    revision: str | None = None,
) -> Outcome:
    """Compute `message`, unless it is done or runs elsewhere, and publish the result.

    Safe to call any number of times, on any number of workers at once. The manifest is created
    once; the files of an attempt that lost are removed, or stay where no manifest names them.
    """

    def compute(context: StepContext) -> None:
        _require_recipe(message)
        handler(message, context)

    servers = StepServers(store, coordinator, cache, scratch, threads, process, options, revision)
    return run_attempt(message.ref, compute, servers)


def run_each(
    bundle: Sequence[T],
    attempt: Callable[[T], Outcome],
    now_s: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Attempt the steps of one message one after the other; give the outcome of the last attempt.

    What a broken process, or a bundle that takes long, leaves undone is found by the orchestrator
    and sent again, as the steps of a lost message are.
    """
    until_s, outcome = now_s() + _BUNDLE_PATIENCE_S, Outcome.GIVEN_BACK
    for number, step in enumerate(bundle):
        if number and now_s() > until_s:
            log.warning("worker.bundle_left", steps=len(bundle) - number)
            break
        outcome = attempt(step)
        if outcome is Outcome.BROKEN:
            break
    return outcome


def run_attempt(ref: Ref, compute: Callable[[StepContext], None], servers: StepServers) -> Outcome:
    """Make one attempt at the step `ref`: `compute` names the files that are then published."""
    recent_log.clear()
    context = StepContext(
        ref,
        store=servers.store,
        coordinator=servers.coordinator,
        cache=servers.cache,
        scratch=servers.scratch / f"step-{os.getpid()}-{uuid4().hex}",
        threads=servers.threads,
        process=servers.process,
        options=servers.options,
        revision=servers.revision,
    )
    tracing.annotate(step=ref.id, attempt=context.attempt)
    with bound_contextvars(kind=str(ref.kind), step=ref.id, attempt=context.attempt):
        try:
            outcome = _under_lease(context, compute, servers)
        except Unavailable:
            _count(ref, "not begun")
            raise
        finally:
            shutil.rmtree(context.scratch, ignore_errors=True)
    _count(ref, outcome)
    return outcome


def _count(ref: Ref, outcome: str) -> None:
    tracing.annotate(outcome=outcome)
    COUNTERS.add("syntrust_step_attempts", kind=str(ref.kind), outcome=outcome)


def _under_lease(
    context: StepContext, compute: Callable[[StepContext], None], servers: StepServers
) -> Outcome:
    try:
        with hold_lease(context, servers.coordinator, servers.store) as taking:
            if taking is Taking.OURS:
                return _attempt(context, compute, servers)
            return _NOT_TAKEN[taking]
    except Stopping:  # before it had the lease
        return Outcome.GIVEN_BACK


def _attempt(
    context: StepContext, compute: Callable[[StepContext], None], servers: StepServers
) -> Outcome:
    """Run the step under its lease. A clean stop leaves no record, so it is not counted."""
    try:
        context.check()
        if _is_done(context, servers.store):
            return Outcome.ALREADY_DONE
        return _compute(context, compute, servers.store)
    except Cancelled:
        _forget(context)
        log.info("step.cancelled")
        return Outcome.CANCELLED
    except (DeviceBusy, Stopping) as reason:
        _forget(context)
        log.info("step.given_back", reason=reason.slug)
        return Outcome.GIVEN_BACK
    except LeaseLost:
        log.warning("step.lease_lost")
        COUNTERS.add("syntrust_lease_losses", kind=str(context.ref.kind))
        return Outcome.HELD_ELSEWHERE


def _is_done(context: StepContext, store: ObjectStore) -> bool:
    """Look for the manifest, with patience: who gives up at once empties the queue into nothing."""
    return context.ride_out(lambda: store.exists(context.ref.manifest_key), _BEGIN_PATIENCE_S)


def _forget(context: StepContext) -> None:
    try:
        context.records.forget()
    except Unavailable as error:
        log.warning("step.not_forgotten", slug=error.slug)


def _compute(
    context: StepContext, compute: Callable[[StepContext], None], store: ObjectStore
) -> Outcome:
    made, started = describe_run(), time.monotonic()
    context.ride_out(lambda: context.records.begin(made), _BEGIN_PATIENCE_S)
    log.info("step.started")
    try:
        context.prepare()
        compute(context)
        seconds = round(time.monotonic() - started, 3)
        won = publish_result(context, store, made.model_copy(update={"seconds": seconds}))
    except (Cancelled, DeviceBusy, Stopping, LeaseLost):
        raise
    except Exception as error:  # noqa: BLE001 - the orchestrator must learn of every failure
        return _record_error(context, _name_disk_full(error))
    context.drop_checkpoint()
    if won:
        COUNTERS.observe("syntrust_step_seconds", seconds, kind=str(context.ref.kind))
    log.info("step.done" if won else "step.done_elsewhere", seconds=seconds)
    return Outcome.DONE if won else Outcome.ALREADY_DONE


def _require_recipe(message: StepMessage) -> None:
    mine = RECIPES[message.KIND]
    if message.recipe != mine:
        raise WrongRecipe(
            f"This worker computes recipe {mine} of {message.KIND}, not {message.recipe}."
        )


def _name_disk_full(error: Exception) -> Exception:
    """Tell a full disk of this worker from a bug: it passes, and another worker has room."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return WorkerDiskFull(f"The worker on {socket.gethostname()} has no room for its files.")
    return error


def _record_error(context: StepContext, error: Exception) -> Outcome:
    record = describe_error(error)
    if record.fault == Fault.INTERNAL.value:
        log.error("step.failed", slug=record.slug, exc_info=error)
    elif record.fault == Fault.CALLER.value:
        # What a caller has sent may name a patient, and so may the sentence about it.
        log.warning("step.failed", slug=record.slug)
    else:
        log.warning("step.failed", slug=record.slug, detail=record.text)
    try:
        context.ride_out(lambda: context.records.fail(record), _RESULT_PATIENCE_S)
    except Unavailable:
        # The attempt record without a manifest tells the orchestrator enough.
        log.exception("step.error_not_recorded")
    return Outcome.BROKEN if isinstance(error, WorkerMisconfigured) else Outcome.FAILED
