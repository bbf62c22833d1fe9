"""What a step handler may ask of the platform: inputs, progress, checkpoints, a device."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

from syntrust_core.contracts.base import Progress, Ref, Upload
from syntrust_core.contracts.uploads import STAGING_PREFIX
from syntrust_core.errors import (
    Cancelled,
    DeviceBusy,
    LeaseLost,
    ObjectDamaged,
    ObjectMissing,
    QueueUnavailable,
    Stopping,
    StoreUnavailable,
    Unavailable,
)
from syntrust_core.log import get_logger
from syntrust_core.runtime import received_files
from syntrust_core.runtime.attempt_records import AttemptRecords
from syntrust_core.runtime.checkpoints import Checkpoints
from syntrust_core.runtime.coordination import StepCoordinator
from syntrust_core.runtime.device_lock import exclusive_lock
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.step_process import InProcess, StepProcess
from syntrust_core.storage.base import ObjectStore

log = get_logger(__name__)

_REPORT_EVERY_S: Final = 0.5
_QUEUE_AWAY_S: Final = 5.0  # between two reports that a queue server without an answer holds up
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 5.0
_INPUTS_PATIENCE_S: Final = 300.0

T = TypeVar("T")


class StepContext:
    """What a step handler may ask of the platform.

    `scratch` is an empty folder that is removed afterwards; `threads` is the number of CPU threads
    that the handler uses: exactly so many, because sums depend on it. `report` raises `Cancelled`
    when nobody wants the step any more, `LeaseLost` when another attempt has it, and `Stopping`
    when the worker ends: a training then keeps a checkpoint and raises it again.
    """

    def __init__(
        self,
        ref: Ref,
        *,
        store: ObjectStore,
        coordinator: StepCoordinator,
        cache: InputCache,
        scratch: Path,
        threads: int,
        process: StepProcess | None = None,
        options: object = None,
        revision: str | None = None,
    ) -> None:
        self.ref = ref
        self.threads = threads
        self.revision = revision
        self.attempt = str(uuid4())
        self.scratch = scratch
        self.files: dict[str, Path] = {}
        self.lost = threading.Event()
        self.cancelled = threading.Event()
        self.woken = threading.Event()
        self.process = process or InProcess()
        self.records = AttemptRecords(store, ref, self.attempt)
        self.signs = 0
        self._options = options
        self._store = store
        self._coordinator = coordinator
        self._cache = cache
        self._reported_s = 0.0
        self._checkpoints = Checkpoints(store, ref, self.attempt)
        self._live_artifacts: set[str] = set()
        self._used_up: set[str] = set()

    def require_options(self, kind: type[T]) -> T:
        """Give the settings of the service that were read when its worker started."""
        if not isinstance(self._options, kind):
            msg = (
                f"this worker was started with {type(self._options).__name__}, not {kind.__name__}"
            )
            raise TypeError(msg)
        return self._options

    def prepare(self) -> None:
        """Make the scratch folder. It is part of the attempt, so a full disk counts as one."""
        self._cache.trim()
        self.scratch.mkdir(mode=0o700)

    def fetch(self, ref: Ref) -> Path:
        """Give a read-only folder with every file of a published artifact; digests are checked."""
        return self.ride_out(lambda: self._cache.folder(ref), _INPUTS_PATIENCE_S)

    def fetch_shipped(self, ref: Ref, put_back: Callable[[ObjectStore], object]) -> Path:
        """Do the same for an artifact that comes with this service, which no step can compute.

        `put_back` publishes it anew where the store has lost or damaged it.
        """
        try:
            return self.fetch(ref)
        except (ObjectMissing, ObjectDamaged) as error:
            log.warning("step.shipped_again", kind=ref.kind, artifact=ref.id, slug=error.slug)
            put_back(self._store)
            return self.fetch(ref)

    def read(self, ref: Ref, name: str) -> bytes:
        """Read one small file of a published artifact; its digest is checked."""
        return self.ride_out(lambda: self._cache.read(ref, name), _INPUTS_PATIENCE_S)

    def fetch_upload(self, role: str, upload: Upload, path: Path) -> Path:
        """Download the file of a role and check it against the digest it was announced with."""
        return self.ride_out(
            lambda: received_files.fetch(self._store, role, upload, path), _INPUTS_PATIENCE_S
        )

    def receive_upload(
        self, role: str, upload: Upload, rewrite: received_files.Rewrite | None = None
    ) -> Upload:
        """Check a staged file and keep it under its digest; see `received_files.receive`."""
        if upload.key.startswith(STAGING_PREFIX):
            self._used_up.add(upload.key)

        def receive() -> Upload:
            return received_files.receive(
                self._store,
                role,
                upload,
                attempt=self.attempt,
                scratch=self.scratch,
                rewrite=rewrite,
            )

        return self.ride_out(receive, _INPUTS_PATIENCE_S)

    def add(self, name: str, path: Path) -> None:
        """Make a local file part of what this step publishes."""
        self.files[name] = path

    def report(self, done: int, total: int, **detail: float | str) -> None:
        """Report progress. Call it often: it sends at most two reports a second.

        A step that never reports for longer than its kind may take is ended as hung.
        """
        self.signs += 1
        self.check(ends=done >= total)
        now = time.monotonic()
        if done < total and now < self._reported_s + _REPORT_EVERY_S:
            return
        self._reported_s = now
        try:
            self._coordinator.report(self.ref.id, Progress(done=done, total=total, detail=detail))
            if self._coordinator.cancelled(self.ref.id):
                raise Cancelled("Nobody wants this step any more.")
        except QueueUnavailable:
            # Without Redis nobody can be told and no flag can be read. The step goes on.
            self._reported_s = time.monotonic() + _QUEUE_AWAY_S

    def check(self, *, ends: bool = False) -> None:
        """Raise if this attempt must stop. One that `ends` may still publish when its worker ends.

        Raises
        ------
        LeaseLost
            Another attempt holds the step now.
        Cancelled
            Nobody wants the step any more.
        Stopping
            The worker ends.
        """
        if self.lost.is_set():
            raise LeaseLost("Another attempt holds this step now.")
        if self.cancelled.is_set():
            raise Cancelled("Nobody wants this step any more.")
        if not ends and self.process.stopping():
            raise Stopping("The worker ends.")

    def require_lease(self) -> None:
        """Renew the lease, right before something is written that only its holder may write."""
        self.check(ends=True)
        try:
            held = self._coordinator.acquire_lease(self.ref.id, self.attempt)
        except QueueUnavailable:
            return  # nobody can take it now either
        if not held:
            self.lost.set()
            raise LeaseLost("Another attempt holds this step now.")

    def ride_out(self, action: Callable[[], T], patience_s: float) -> T:
        """Do `action`, again and again while a server is away, for up to `patience_s` of pauses."""
        waited_s, pause_s = 0.0, _FIRST_PAUSE_S
        while True:
            self.signs += 1
            try:
                return action()
            except Unavailable as error:
                if waited_s >= patience_s:
                    raise
                if waited_s == 0:
                    log.warning("step.server_away", slug=error.slug)
            self.process.pause(pause_s, self.woken)
            self.check()
            waited_s, pause_s = waited_s + pause_s, min(2 * pause_s, _LONGEST_PAUSE_S)

    @contextmanager
    def device(self, *, patience_s: float) -> Iterator[None]:
        """Hold the worker's device while the block runs; its processes take turns.

        Waiting is reported, can be cancelled, and ends after `patience_s` seconds with
        `DeviceBusy`, because another worker may be free by then.
        """
        since = time.monotonic()

        def waiting() -> None:
            self.report(0, 1, waiting="for the device")
            if time.monotonic() - since > patience_s:
                raise DeviceBusy("Another step has the device of this worker.")

        with exclusive_lock(self.scratch.parent / device_lock(os.getppid()), waiting=waiting):
            yield

    def save_checkpoint(self, path: Path, iteration: int) -> None:
        """Keep the state of a long training after `iteration`, so that another attempt goes on.

        A store that is away is no reason to stop: a checkpoint only saves time.
        """
        self.require_lease()
        self.signs += 1
        try:
            self._checkpoints.save(path, iteration)
            if iteration > self._checkpoints.began_at:
                self.records.mark_progress()
        except StoreUnavailable as error:
            log.warning("step.checkpoint_not_kept", iteration=iteration, reason=error.detail)

    def load_checkpoint(self, path: Path) -> bool:
        """Fetch the state an earlier attempt kept; False if there is none."""
        return self.ride_out(lambda: self._checkpoints.load(path), _INPUTS_PATIENCE_S)

    def save_live_artifact(self, name: str, path: Path) -> str:
        """Show a file of a running step; the next of that name replaces it. Give its key."""
        key = self.ref.live_artifact_key(name)
        self.require_lease()
        try:
            self._store.put_file(key, path)
            self._live_artifacts.add(key)
        except StoreUnavailable as error:
            log.warning("step.live_artifact_not_kept", name=name, reason=error.detail)
        return key

    def drop_checkpoint(self) -> None:
        """Remove what a published step no longer needs: checkpoints, live files, staged uploads."""
        try:
            self._checkpoints.drop()
            for key in self._live_artifacts | self._used_up:
                self._store.delete(key)
        except StoreUnavailable as error:
            log.warning("step.checkpoint_not_removed", reason=error.detail)


def device_lock(worker: int | str) -> str:
    """Name the lock file of a worker's device; `worker` is the parent of its processes."""
    return f"device-{worker}"
