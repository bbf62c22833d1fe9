"""Run one step: lease, inputs, progress, cancel, publish. A step handler knows none of it."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from syntrust_core import recent_log
from syntrust_core.contracts.base import (
    RECIPES,
    FileInfo,
    Manifest,
    Progress,
    Provenance,
    Ref,
    StepError,
    StepMessage,
    Upload,
)
from syntrust_core.contracts.uploads import STAGING_PREFIX
from syntrust_core.errors import (
    Cancelled,
    Context,
    DeviceBusy,
    Fault,
    LeaseLost,
    PlatformError,
    QueueUnavailable,
    Unavailable,
    WorkerMisconfigured,
    WrongRecipe,
)
from syntrust_core.files import file_sha256
from syntrust_core.log import get_logger
from syntrust_core.runtime import received_files
from syntrust_core.runtime.coordination import LEASE_RENEWAL, StepCoordinator
from syntrust_core.runtime.device_lock import exclusive_lock
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.storage.base import ObjectStore

log = get_logger(__name__)

_REPORT_EVERY_S = 0.5
INTERNAL_TEXT = "The platform failed at this step; its log has the reason."


class Outcome(StrEnum):
    DONE = "done"
    ALREADY_DONE = "already done"
    HELD_ELSEWHERE = "held elsewhere"
    CANCELLED = "cancelled"
    FAILED = "failed"
    GIVEN_BACK = "given back"
    BROKEN = "broken"  # the worker failed, not the request


class StepContext:
    """What a step handler may ask of the platform.

    `scratch` is an empty folder that is removed afterwards; `threads` is the number of CPU threads
    that the handler uses: exactly so many, because sums depend on it. `report` raises
    `Cancelled` when nobody wants the step any more and `LeaseLost` when another attempt has it.
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
    ) -> None:
        self.ref = ref
        self.threads = threads
        self.attempt = str(uuid4())
        self.scratch = scratch
        self.files: dict[str, Path] = {}
        self.lost = threading.Event()
        self._store = store
        self._coordinator = coordinator
        self._cache = cache
        self._reported_s = 0.0
        self._has_checkpoint = False
        self._live_artifacts: set[str] = set()
        self._used_up: set[str] = set()

    def prepare(self) -> None:
        """Make the scratch folder. It is part of the attempt, so a full disk counts as one."""
        self._cache.trim()
        self.scratch.mkdir(mode=0o700)

    def fetch(self, ref: Ref) -> Path:
        """Give a read-only folder with every file of a published artifact; digests are checked."""
        return self._cache.folder(ref)

    def read(self, ref: Ref, name: str) -> bytes:
        """Read one small file of a published artifact; its digest is checked."""
        return self._cache.read(ref, name)

    def fetch_upload(self, role: str, upload: Upload, path: Path) -> Path:
        """Download the file of a role and check it against the digest it was announced with."""
        return received_files.fetch(self._store, role, upload, path)

    def receive_upload(self, role: str, upload: Upload) -> None:
        """Check a staged file and keep it under its digest; see `received_files.receive`."""
        if upload.key.startswith(STAGING_PREFIX):
            self._used_up.add(upload.key)
        received_files.receive(
            self._store, role, upload, attempt=self.attempt, scratch=self.scratch
        )

    def add(self, name: str, path: Path) -> None:
        """Make a local file part of what this step publishes."""
        self.files[name] = path

    def report(self, done: int, total: int, **detail: float | str) -> None:
        """Report progress. Call it often: it sends at most two reports a second."""
        if self.lost.is_set():
            raise LeaseLost("Another attempt holds this step now.")
        now = time.monotonic()
        if done < total and now - self._reported_s < _REPORT_EVERY_S:
            return
        self._reported_s = now
        # Without Redis nobody can be told and no flag can be read. The step goes on.
        with suppress(QueueUnavailable):
            self._coordinator.report(self.ref.id, Progress(done=done, total=total, detail=detail))
            if self._coordinator.cancelled(self.ref.id):
                raise Cancelled("Nobody wants this step any more.")

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

    def save_checkpoint(self, path: Path) -> None:
        """Keep the state of a long training, so that another attempt can go on from it."""
        if not self.lost.is_set():
            self._store.put_file(self.ref.checkpoint_key, path)
            self._has_checkpoint = True

    def load_checkpoint(self, path: Path) -> bool:
        """Fetch the state an earlier attempt kept; False if there is none."""
        if not self._store.exists(self.ref.checkpoint_key):
            return False
        self._store.get_file(self.ref.checkpoint_key, path)
        self._has_checkpoint = True
        return True

    def save_live_artifact(self, name: str, path: Path) -> str:
        """Show a file of a running step; the next of that name replaces it. Give its key."""
        key = self.ref.live_artifact_key(name)
        if not self.lost.is_set():
            self._store.put_file(key, path)
            self._live_artifacts.add(key)
        return key

    def drop_checkpoint(self) -> None:
        """Remove what a published step no longer needs: checkpoint, live files, staged uploads."""
        if self._has_checkpoint:
            self._store.delete(self.ref.checkpoint_key)
        for key in self._live_artifacts | self._used_up:
            self._store.delete(key)


def device_lock(worker: int | str) -> str:
    """Name the lock file of a worker's device; `worker` is the parent of its processes."""
    return f"device-{worker}"


StepHandler = Callable[[StepMessage, StepContext], None]
Message = TypeVar("Message", bound=StepMessage)


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
) -> Outcome:
    """Compute `message`, unless it is done or runs elsewhere, and publish the result.

    Safe to call any number of times, on any number of workers at once. The manifest is created
    once; the files of an attempt that lost stay where no manifest names them.
    """
    ref = message.ref
    if store.exists(ref.manifest_key):
        return Outcome.ALREADY_DONE
    folder = scratch / f"step-{os.getpid()}-{uuid4().hex}"
    context = StepContext(
        ref, store=store, coordinator=coordinator, cache=cache, scratch=folder, threads=threads
    )
    try:
        with _lease(context, coordinator) as taken:
            if not taken:
                return Outcome.HELD_ELSEWHERE
            if coordinator.cancelled(ref.id):
                return Outcome.CANCELLED
            return _attempt(message, handler, context, store)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _attempt(
    message: StepMessage, handler: StepHandler, context: StepContext, store: ObjectStore
) -> Outcome:
    ref, started = context.ref, time.monotonic()
    made = _made()
    store.put(ref.attempt_key(context.attempt), made.model_dump_json().encode())
    recent_log.clear()
    log.info("step.started", kind=ref.kind, step=ref.id, attempt=context.attempt)
    try:
        context.prepare()
        _require_recipe(message)
        handler(message, context)
        seconds = round(time.monotonic() - started, 3)
        made = made.model_copy(update={"seconds": seconds})
        publish(store, ref, context.attempt, context.files, made)
        context.drop_checkpoint()
    except Cancelled:
        store.delete(ref.attempt_key(context.attempt))
        log.info("step.cancelled", kind=ref.kind, step=ref.id)
        return Outcome.CANCELLED
    except DeviceBusy:
        store.delete(ref.attempt_key(context.attempt))
        log.info("step.given_back", kind=ref.kind, step=ref.id)
        return Outcome.GIVEN_BACK
    except LeaseLost:
        log.warning("step.lease_lost", kind=ref.kind, step=ref.id, attempt=context.attempt)
        return Outcome.HELD_ELSEWHERE
    except Exception as error:  # noqa: BLE001 - the orchestrator must learn of every failure
        _record_error(context, store, error)
        return Outcome.BROKEN if isinstance(error, WorkerMisconfigured) else Outcome.FAILED
    log.info("step.done", kind=ref.kind, step=ref.id, seconds=seconds)
    return Outcome.DONE


def _require_recipe(message: StepMessage) -> None:
    mine = RECIPES[message.KIND]
    if message.recipe != mine:
        raise WrongRecipe(
            f"This worker computes recipe {mine} of {message.KIND}, not {message.recipe}."
        )


def publish(
    store: ObjectStore, ref: Ref, attempt: str, paths: Mapping[str, Path], made: Provenance
) -> None:
    """Upload the files, then create the manifest: whoever sees it sees everything."""
    files = {}
    for name, path in sorted(paths.items()):
        key = ref.file_key(attempt, name)
        store.put_file(key, path)
        files[name] = FileInfo(key=key, bytes=path.stat().st_size, sha256=file_sha256(path))
    manifest = Manifest(kind=ref.kind, id=ref.id, attempt=attempt, files=files, made=made)
    store.create(
        ref.manifest_key, manifest.model_dump_json().encode(), content_type="application/json"
    )


def publish_imported(store: ObjectStore, ref: Ref, paths: Mapping[str, Path]) -> None:
    """Publish files that were not computed here, such as a shipped model, under their digest."""
    if not store.exists(ref.manifest_key):
        publish(store, ref, str(uuid4()), paths, _made())


def _record_error(context: StepContext, store: ObjectStore, error: Exception) -> None:
    ref = context.ref
    if isinstance(error, PlatformError) and error.fault is not Fault.INTERNAL:
        record = _step_error(error.fault, error.slug, error.detail, error.context)
        log.warning("step.failed", kind=ref.kind, step=ref.id, slug=error.slug, detail=error.detail)
    else:
        record = _step_error(Fault.INTERNAL, "internal", INTERNAL_TEXT, {})
        log.error("step.failed", kind=ref.kind, step=ref.id, exc_info=error)
    try:
        store.put(ref.error_key(context.attempt), record.model_dump_json().encode())
    except Unavailable:
        # The attempt record without a manifest tells the orchestrator enough.
        log.exception("step.error_not_recorded", kind=ref.kind, step=ref.id)


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


@contextmanager
def _lease(context: StepContext, coordinator: StepCoordinator) -> Iterator[bool]:
    """Hold the step's lease under this attempt's token while the block runs."""
    step, token = context.ref.id, context.attempt
    if not coordinator.acquire_lease(step, token):
        yield False
        return
    stop = threading.Event()
    renewal = threading.Thread(
        target=_keep_lease, args=(context, coordinator, stop), name="lease", daemon=True
    )
    renewal.start()
    try:
        yield True
    finally:
        stop.set()
        renewal.join()
        with suppress(QueueUnavailable):
            coordinator.release_lease(step, token)


def _keep_lease(context: StepContext, coordinator: StepCoordinator, stop: threading.Event) -> None:
    while not stop.wait(LEASE_RENEWAL.total_seconds()):
        # A Redis that lost everything gives the lease back to whoever asks first.
        with suppress(QueueUnavailable):
            if not coordinator.acquire_lease(context.ref.id, context.attempt):
                context.lost.set()
                return


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _made() -> Provenance:
    versions = {"python": platform.python_version(), "platform": platform.platform()}
    return Provenance(host=socket.gethostname(), started=_now(), seconds=0.0, versions=versions)
