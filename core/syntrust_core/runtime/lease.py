"""Holding the lease of a step: a thread renews it, and ends the step where it does not end itself.

The handler hears of a cancel, a lost lease or a worker that ends at its next report. One that does
not report is ended with its process: 5 s after a cancel, after its time to stop, or after it has
stood still for longer than its kind may.
"""

from __future__ import annotations

import contextvars
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Final

from syntrust_core.contracts.base import Kind
from syntrust_core.errors import QueueUnavailable, Stalled, Unavailable
from syntrust_core.log import get_logger
from syntrust_core.observability.counters import COUNTERS
from syntrust_core.runtime.attempt_records import describe_error
from syntrust_core.runtime.context import StepContext
from syntrust_core.runtime.coordination import LEASE, LEASE_RENEWAL, StepCoordinator, Taking
from syntrust_core.storage.base import ObjectStore

log = get_logger(__name__)

_LOOK_EVERY_S: Final = 1.0
_ACQUIRE_PATIENCE_S: Final = 60.0
CANCEL_GRACE_S: Final = 5.0
_LAST_WORDS_S: Final = 10.0  # for a store that may not answer, before the process is killed
# A process that was stopped and goes on has not stood still meanwhile.
_LONGEST_LOOK_S: Final = 5.0
# Long against what a slow machine takes between two reports, short against a night that is lost.
_LONGEST_PATIENCE: Final = timedelta(minutes=30)
_PATIENCE: Final[Mapping[str, timedelta]] = {
    Kind.INSPECT_CASE: timedelta(minutes=10),
    Kind.SCORE_CASES: timedelta(minutes=10),
    Kind.PRINT_REPORT: timedelta(minutes=10),
    Kind.EXPORT_IMAGES: timedelta(minutes=10),
    Kind.SCORE_VOLUMES: timedelta(minutes=10),
    Kind.EXPORT_BUNDLE: timedelta(minutes=15),
    Kind.IMPORT_MODEL: timedelta(minutes=15),
    Kind.RECEIVE_UPLOAD: timedelta(minutes=15),
}


def patience_s(kind: str, factor: float = 1.0) -> float:
    """Give the seconds that a step of `kind` may go without a sign of progress."""
    return _PATIENCE.get(kind, _LONGEST_PATIENCE).total_seconds() * factor


@contextmanager
def hold_lease(
    context: StepContext, coordinator: StepCoordinator, store: ObjectStore
) -> Iterator[Taking]:
    """Hold the step's lease under this attempt's token while the block runs, if it could be taken.

    The queue mark goes in either case: the message that it stands for has been taken. A queue
    server that is away is waited for, because the mark would outlive the message. The lease goes
    back with the next one, so whoever runs no further step calls `release_due`.
    """
    take = partial(coordinator.take_lease, context.ref.id, context.attempt)
    taking = context.ride_out(take, _ACQUIRE_PATIENCE_S)
    if taking is not Taking.OURS:
        yield taking
        return
    keeper = LeaseKeeper(context, coordinator, store, threading.Event())
    context.process.sign(context.ref, context.attempt)
    try:
        with LEASES.keeping(keeper):
            yield taking
    finally:
        context.process.quiet()
        with suppress(QueueUnavailable):
            coordinator.release_soon(context.ref.id, context.attempt)


class LeaseKeeper:
    """Renews the lease of a running step, reads its cancel flag, and sees that it moves."""

    def __init__(
        self,
        context: StepContext,
        coordinator: StepCoordinator,
        store: ObjectStore,
        ended: threading.Event,
    ) -> None:
        self._context, self._coordinator, self._store = context, coordinator, store
        self.ended = ended
        self._scope = contextvars.copy_context()  # so that its log lines name the step
        self._looking = threading.Lock()
        self._looked_s = time.monotonic()
        self._since_renewal_s = 0.0
        self._renewal_due = False
        self._cancelled_s = self._stopping_s = -math.inf  # not yet
        self._idle_s = 0.0
        self._signs = -1
        self._patience_s = patience_s(context.ref.kind, context.process.patience_factor)

    def look_now(self) -> None:
        """Look, unless the step has ended."""
        with self._looking:
            now = time.monotonic()
            if not self.ended.is_set():
                self._scope.run(self.look, now - self._looked_s)
            self._looked_s = now

    def end(self) -> None:
        """Look no more: a look that goes on is waited for, since it may take the lease again."""
        self.ended.set()
        with self._looking:
            pass

    def look(self, elapsed_s: float) -> None:
        """Look once, `elapsed_s` after the last time."""
        self._sign()
        if not self._context.lost.is_set():
            self._renew(elapsed_s)
        self._read_cancel_flag()
        self._count(elapsed_s)
        if self._context.process.stopping():
            self._context.woken.set()
        self._end_if_due()

    def _sign(self) -> None:
        self._context.process.sign(self._context.ref, self._context.attempt)

    def _renew(self, elapsed_s: float) -> None:
        self._since_renewal_s += elapsed_s
        try:
            if self._is_renewal_due():
                held = self._coordinator.acquire_lease(self._context.ref.id, self._context.attempt)
                if not held or self._was_overtaken():
                    self._context.lost.set()
                    self._context.woken.set()
                self._since_renewal_s, self._renewal_due = 0.0, False
        except Unavailable:
            self._renewal_due = True  # somebody may have taken it when the server is back

    def _is_renewal_due(self) -> bool:
        """Whether it is time, or the lease is gone: an emptied Redis gives it to who asks first."""
        late = self._since_renewal_s >= LEASE_RENEWAL.total_seconds()
        return late or self._renewal_due or not self._coordinator.has_lease(self._context.ref.id)

    def _was_overtaken(self) -> bool:
        """Whether the step was done by another attempt after this lease had run out."""
        ran_out = self._since_renewal_s > LEASE.total_seconds()
        return ran_out and self._store.exists(self._context.ref.manifest_key)

    def _read_cancel_flag(self) -> None:
        with suppress(QueueUnavailable):
            if self._coordinator.cancelled(self._context.ref.id):
                self._context.cancelled.set()
                self._context.woken.set()
            else:
                self._context.cancelled.clear()

    def _count(self, elapsed_s: float) -> None:
        context = self._context
        moved, self._signs = context.signs != self._signs, context.signs
        self._idle_s = 0.0 if moved else self._idle_s + min(elapsed_s, _LONGEST_LOOK_S)
        self._cancelled_s = _go_on(self._cancelled_s, elapsed_s, context.cancelled.is_set())
        self._stopping_s = _go_on(self._stopping_s, elapsed_s, context.process.stopping())

    def _end_if_due(self) -> None:
        process, records = self._context.process, self._context.records
        if self._cancelled_s >= CANCEL_GRACE_S:
            self._end("cancelled", records.forget)
        elif self._stopping_s >= process.stop_grace_s:
            self._end("stopping", records.forget)
        elif self._idle_s > self._patience_s:
            lost = self._context.lost.is_set()
            self._end("stalled", (lambda: None) if lost else self._record_stall)

    def _record_stall(self) -> None:
        error = Stalled(
            f"The step made no progress for {self._patience_s / 60:.0f} minutes on "
            f"{socket.gethostname()}; its process was ended."
        )
        self._context.records.fail(describe_error(error))

    def _end(self, why: str, last_words: Callable[[], None]) -> None:
        """End the process of a step that does not end itself, unless it just has."""
        _do_within(_LAST_WORDS_S, last_words)
        if self.ended.is_set():
            return
        log.warning("step.killed", why=why)
        kind = str(self._context.ref.kind)
        COUNTERS.add("syntrust_step_attempts", kind=kind, outcome=f"killed: {why}")
        with suppress(QueueUnavailable):
            self._coordinator.release_lease(self._context.ref.id, self._context.attempt)
            self._coordinator.send_counts()
        self._context.process.kill()


class LeaseThread:
    """The thread of this process that looks at its leases, every second while it holds any.

    A thread for each step would cost a short step more than its lease does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keepers: set[LeaseKeeper] = set()
        self._is_running = False

    @contextmanager
    def keeping(self, keeper: LeaseKeeper) -> Iterator[None]:
        """Look at the lease of `keeper` while the block runs."""
        with self._lock:
            self._keepers.add(keeper)
            if not self._is_running:
                threading.Thread(target=self._run, name="leases", daemon=True).start()
                self._is_running = True
        try:
            yield
        finally:
            with self._lock:
                self._keepers.discard(keeper)
            keeper.end()

    def _run(self) -> None:
        pause = threading.Event()
        while self._goes_on():
            pause.wait(_LOOK_EVERY_S)
            with self._lock:
                keepers = list(self._keepers)
            for keeper in keepers:
                try:
                    keeper.look_now()
                except Exception:
                    # Without this thread every later step would lose its lease.
                    log.exception("lease.look_failed")

    def _goes_on(self) -> bool:
        with self._lock:
            self._is_running = bool(self._keepers)
            return self._is_running

    def forget(self) -> None:
        """Begin anew after a fork, which copies no thread, and may copy a lock that is held."""
        self.__init__()  # type: ignore[misc]


LEASES: Final = LeaseThread()
os.register_at_fork(after_in_child=LEASES.forget)


def _go_on(since_s: float, elapsed_s: float, holds: bool) -> float:  # noqa: FBT001 - a measurement
    """Count how long something holds: from 0 at the first look that sees it, -inf without it."""
    return max(since_s + elapsed_s, 0.0) if holds else -math.inf


def _do_within(seconds: float, action: Callable[[], None]) -> None:
    """Do `action`, but go on after `seconds` whether it has ended or not."""

    def attempt() -> None:
        try:
            action()
        except Unavailable as error:
            log.warning("step.last_words_lost", slug=error.slug)

    thread = threading.Thread(target=attempt, name="last words", daemon=True)
    thread.start()
    thread.join(seconds)
