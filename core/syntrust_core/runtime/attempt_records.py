"""What an attempt leaves in the store about itself: that it began, got further, and failed."""

from __future__ import annotations

import json
import platform
import socket
import threading
from datetime import UTC, datetime

from syntrust_core import recent_log
from syntrust_core.contracts.base import Provenance, Ref, StepError
from syntrust_core.errors import Context, Fault, PlatformError, Stalled, WorkerLost
from syntrust_core.runtime.children import Death, LostStep
from syntrust_core.storage.base import ObjectStore

INTERNAL_TEXT = "The platform failed at this step; its log has the reason."


class AttemptRecords:
    """The records of one attempt. Once it is forgotten, nothing of it is written any more."""

    def __init__(
        self, store: ObjectStore, ref: Ref, attempt: str, *, has_begun: bool = False
    ) -> None:
        self._store, self._ref, self._attempt = store, ref, attempt
        self._lock = threading.Lock()
        self._open, self._has_begun = True, has_begun
        self._has_progressed = False

    def begin(self, made: Provenance) -> None:
        """Record that this attempt has the lease; from now on it counts."""
        self._has_begun = True
        self._put(self._ref.attempt_key(self._attempt), made.model_dump_json())

    def mark_progress(self) -> None:
        """Record, once, that this attempt got further than those before it."""
        if self._has_progressed:
            return
        prefix = self._ref.attempts_prefix
        names = (item.key.removeprefix(prefix) for item in self._store.list(prefix))
        before = sorted({name.removesuffix(".json") for name in names} - {self._attempt})
        self._put(self._ref.progress_key(self._attempt), json.dumps({"before": before}))
        self._has_progressed = True

    def fail(self, error: StepError) -> None:
        """Record why this attempt failed."""
        self._put(self._ref.error_key(self._attempt), error.model_dump_json())

    def forget(self) -> None:
        """Remove the record of a clean stop, so that it never counts."""
        with self._lock:
            self._open = False
            if self._has_begun:
                self._store.delete(self._ref.attempt_key(self._attempt))

    def _put(self, key: str, text: str) -> None:
        with self._lock:
            if self._open:
                self._store.put(key, text.encode())


def record_loss(store: ObjectStore, lost: LostStep) -> None:
    """Say for a dead process how its attempt ended, unless it did so itself.

    An attempt that was cut off because its worker ends does not count.
    """
    records, ref = AttemptRecords(store, lost.ref, lost.attempt, has_begun=True), lost.ref
    if lost.death is Death.STOPPING:
        records.forget()
        return
    counts = store.exists(ref.attempt_key(lost.attempt))
    if counts and not store.exists(ref.error_key(lost.attempt)):
        records.fail(describe_error(_name_death(lost.death)).model_copy(update={"log": lost.log}))


def _name_death(death: Death) -> PlatformError:
    host = socket.gethostname()
    if death is Death.SILENT:
        return Stalled(
            f"The process of the step on {host} gave no sign of life any more; it was ended."
        )
    if death is Death.WITH_WORKER:
        return WorkerLost(f"The whole worker on {host} was killed in this step.", whole=True)
    return WorkerLost(f"The process of the step on {host} was killed, perhaps for lack of memory.")


def describe_run() -> Provenance:
    """Say where and when this attempt runs; its seconds are not known yet."""
    versions = {"python": platform.python_version(), "platform": platform.platform()}
    return Provenance(host=socket.gethostname(), started=_now(), seconds=0.0, versions=versions)


def describe_error(error: BaseException) -> StepError:
    """Give what may be told of an error: of a bug only that there was one."""
    if isinstance(error, PlatformError) and error.fault is not Fault.INTERNAL:
        return _step_error(error.fault, error.slug, error.detail, error.context)
    return _step_error(Fault.INTERNAL, "internal", INTERNAL_TEXT, {})


def _step_error(fault: Fault, slug: str, text: str, context: dict[str, Context]) -> StepError:
    return StepError(
        fault=fault.value,
        slug=slug,
        text=text,
        context=context,
        host=socket.gethostname(),
        at=_now(),
        log=tuple(recent_log.list_lines()),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
