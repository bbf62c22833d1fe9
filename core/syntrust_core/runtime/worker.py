"""A service's Celery worker: task names, child processes, a heartbeat."""

from __future__ import annotations

import importlib
import math
import os
import re
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from celery import Celery, Task
from celery.signals import task_unknown, worker_ready, worker_shutting_down
from celery.worker import state as celery_state
from opentelemetry.trace import SpanKind
from pydantic import ValidationError

from syntrust_core import log as structured_log
from syntrust_core.contracts.base import QUEUES, Kind, Queue, Ref, StepMessage, task_name
from syntrust_core.contracts.registry import parse_message
from syntrust_core.errors import (
    MessageNotUnderstood,
    QueueUnavailable,
    Unavailable,
    WorkerMisconfigured,
)
from syntrust_core.log import about_run, get_logger
from syntrust_core.observability import tracing
from syntrust_core.observability.clocks import name_process
from syntrust_core.observability.counters import COUNTERS
from syntrust_core.observability.gpus import read_gpus
from syntrust_core.runtime.attempt_records import record_loss
from syntrust_core.runtime.children import (
    HALF_WRITTEN,
    LIFE_SIGNS,
    ChildProcess,
    ChildWatch,
    LostStep,
    StopFlag,
    find_lost,
)
from syntrust_core.runtime.coordination import RedisCoordinator, StepCoordinator
from syntrust_core.runtime.departure.departure import Departure
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.queue import Sent, make_celery, read_sent, step_of
from syntrust_core.runtime.runner import (
    Outcome,
    StepContext,
    StepHandler,
    StepServers,
    device_lock,
    run_attempt,
    run_each,
    run_step,
)
from syntrust_core.settings import Settings
from syntrust_core.storage.base import ObjectStore
from syntrust_core.storage.s3 import S3Store
from syntrust_core.storage.withdrawn_copies import Forget, start_removing

log = get_logger(__name__)

HEARTBEAT_EVERY_S = 10.0
_COUNTS_EVERY_S = 1.0
_SILENT_BEATS = 12  # two minutes without a sign of life, on a machine of any load
_TASK_NAME = r"syntrust\.([a-z_]+)"


def run_worker(
    queue: Queue,
    handlers: Mapping[Kind, str],
    settings: Settings,
    *,
    options: object = None,
    at_start: Callable[[ObjectStore], None] = lambda _: None,
    forget: Forget = lambda _: None,
    processes: int = 1,
) -> None:
    """Serve `queue` until a signal says stop.

    `handlers` names the function of each kind as "module:function". A child imports it, the parent
    never does: a GPU context or a thread pool does not survive a fork. With several `processes`,
    each computes a step; `StepContext.device` lets them take turns on a GPU. The settings may name
    another number. `options` are the service's own settings, see `StepContext.require_options`.
    `forget` removes what was made of withdrawn steps from the service's own cache.
    """
    structured_log.configure(settings.log_format)
    processes = settings.worker.processes or processes
    settings.worker.scratch.mkdir(parents=True, exist_ok=True)
    lost = find_lost(settings.worker.scratch)
    remove_leftovers(settings.worker.scratch)
    store, coordinator = S3Store(settings.storage), RedisCoordinator.at(settings.queue.url)
    with suppress(QueueUnavailable):  # first, as the store serves nobody whose clock is off
        coordinator.report_clock(name_process(queue))
    store.ensure_bucket()
    report_lost(lost, store, coordinator)
    at_start(store)
    departure = Departure(settings.worker, queue, handlers)
    app = make_celery(settings.queue)
    worker = _Worker(settings, queue, processes, options, departure)
    for kind, location in handlers.items():
        _register(app, kind, location, worker)
    name = f"{queue}-{socket.gethostname()}-{os.getpid()}"
    task_unknown.connect(worker.on_unknown_task, weak=False, dispatch_uid="unknown")
    # A signal that comes before the worker is ready goes to Celery's own handler.
    worker_shutting_down.connect(lambda **_: worker.flag.set(), weak=False, dispatch_uid="stop")
    worker_ready.connect(
        lambda sender, **_: worker.on_ready(sender, [f"{name}-{n}" for n in range(processes)]),
        weak=False,
        dispatch_uid="ready",
    )
    worker_ready.connect(
        lambda **_: start_removing(settings, forget), weak=False, dispatch_uid="copies"
    )
    app.worker_main(
        [
            "worker",
            f"--queues={queue}",
            f"--hostname={name}@%h",
            "--pool=prefork",
            f"--concurrency={processes}",
            "--without-gossip",
            "--without-mingle",
            "--loglevel=WARNING",
        ]
    )
    if departure.exit_code:
        raise SystemExit(departure.exit_code)


def remove_leftovers(scratch: Path) -> None:
    """Remove the files of worker processes that were killed before they could clean up."""
    for left in (
        *scratch.glob("step-*"),
        *scratch.glob("cache-*"),
        *scratch.glob(LIFE_SIGNS),
        *scratch.glob(HALF_WRITTEN),
        *scratch.glob(device_lock("*")),
    ):
        if Path(f"/proc/{left.name.split('-')[1]}").exists():
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


class _Worker:
    """One worker: its parent process, and in each child what the child keeps between steps."""

    def __init__(
        self,
        settings: Settings,
        queue: Queue,
        processes: int,
        options: object,
        departure: Departure,
    ) -> None:
        self.flag, self.departure = StopFlag(), departure
        self._options = options
        self._settings, self._queue, self._processes = settings, queue, processes

    def on_ready(self, consumer: object, names: Sequence[str]) -> None:
        """Listen to signals, begin the heartbeat, watch for when to leave. Runs in the parent."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, lambda *_: self._stop())
        signal.signal(signal.SIGUSR1, lambda *_: self._stop_for_now())
        beat = threading.Thread(target=self._beat, args=(names,), name="heartbeat", daemon=True)
        beat.start()
        self.departure.watch(consumer)

    @cached_property
    def process(self) -> ChildProcess:
        """This child, as its steps see it; the parent never asks."""
        tracing.configure(f"syntrust-{self._queue}", self._settings.tracing)
        worker = self._settings.worker
        return ChildProcess(
            self.flag,
            worker.scratch,
            stop_grace_s=worker.soft_shutdown.total_seconds(),
            patience_factor=worker.patience_factor,
        )

    @cached_property
    def servers(self) -> StepServers:
        """Connect at the first step; connections do not survive a fork."""
        worker, store = self._settings.worker, S3Store(self._settings.storage)
        coordinator = RedisCoordinator.at(self._settings.queue.url)
        send = partial(send_counts, coordinator, threading.Event())
        threading.Thread(target=send, name="counts", daemon=True).start()
        return StepServers(
            store=store,
            coordinator=coordinator,
            cache=InputCache(
                store,
                worker.scratch / f"cache-{os.getpid()}",
                limit_bytes=worker.cache_bytes // self._processes,
            ),
            scratch=worker.scratch,
            threads=worker.threads,
            process=self.process,
            options=self._options,
            revision=self._settings.revision,
        )

    def on_unknown_task(self, name: str = "", id: str = "", **_: object) -> None:  # noqa: A002 - Celery's name
        """Count a message of a kind that this worker does not know. Runs in the parent."""
        step = step_of(id)
        named = re.fullmatch(_TASK_NAME, name)
        if step is None or named is None:
            return
        kind: Any = named[1]  # none of this release's, so it is not checked
        ref = Ref.model_construct(kind=kind, id=step)
        worker, store = self._settings.worker, S3Store(self._settings.storage)
        servers = StepServers(
            store,
            RedisCoordinator.at(self._settings.queue.url),
            InputCache(store, worker.scratch / f"cache-{os.getpid()}", limit_bytes=0),
            worker.scratch,
        )
        _contain(lambda: refuse_message(ref, servers))
        release_due(servers.coordinator)

    def _stop(self) -> None:
        """Tell every child to hand its step back, take no more, and end once they have.

        Celery's own handling of these signals waits for steps to end, or cuts them off.
        """
        self.flag.set()
        celery_state.should_stop = 0

    def _stop_for_now(self) -> None:
        self.departure.come_back()
        self._stop()

    def _report(self, lost: Sequence[LostStep]) -> None:
        """Tell of dead children beside the heartbeat, which no silent server may hold up."""
        if lost:
            servers = S3Store(self._settings.storage), RedisCoordinator.at(self._settings.queue.url)
            threading.Thread(target=report_lost, args=(lost, *servers), daemon=True).start()

    def _beat(self, names: Sequence[str]) -> None:
        worker = self._settings.worker
        coordinator = RedisCoordinator.at(self._settings.queue.url)
        stopping = math.ceil(worker.soft_shutdown.total_seconds() / HEARTBEAT_EVERY_S) + 1
        watch = ChildWatch(worker.scratch, most_silent=_SILENT_BEATS, most_stopping=stopping)
        pause = threading.Event()
        while True:
            # A busy worker cannot answer a ping, so health is the age of this file.
            with suppress(OSError):
                if worker.heartbeat_file is not None:
                    worker.heartbeat_file.touch()
                self._report(watch.look(stopping=self.flag.is_set()))
            with suppress(QueueUnavailable):
                for name in names:
                    coordinator.worker_alive(self._queue, name)
                coordinator.report_clock(name_process(self._queue))
                coordinator.send_counts()
                if gpus := read_gpus():
                    coordinator.report_gpus(socket.gethostname(), gpus)
            pause.wait(HEARTBEAT_EVERY_S)


def report_lost(lost: Iterable[LostStep], store: ObjectStore, coordinator: StepCoordinator) -> None:
    """Record how the attempts of dead processes ended, and let go of their leases."""
    for each in lost:
        ref = each.ref
        log.warning("step.lost", kind=ref.kind, step=ref.id, attempt=each.attempt, why=each.death)
        COUNTERS.add("syntrust_step_attempts", kind=str(ref.kind), outcome=f"lost: {each.death}")
        try:
            record_loss(store, each)
            coordinator.release_lease(ref.id, each.attempt)
        except Unavailable as error:  # the lease runs out, and an attempt without an error counts
            log.warning("step.loss_not_recorded", slug=error.slug)


def send_counts(coordinator: StepCoordinator, stop: threading.Event) -> None:
    """Send what this process has counted, every second: after each step, it was a third of one."""
    while not stop.wait(_COUNTS_EVERY_S):
        coordinator.send_counts()


def release_due(coordinator: StepCoordinator) -> None:
    """Give back the lease of the last step. One that cannot be given back runs out."""
    with suppress(QueueUnavailable):
        coordinator.release_due()


def refuse_message(ref: Ref, servers: StepServers) -> Outcome:
    """Count an attempt at a step whose request this worker cannot read, and say which worker."""

    def refuse(_: StepContext) -> None:
        raise MessageNotUnderstood(
            f"The worker on {socket.gethostname()} (syntrust-core {version('syntrust-core')}) "
            f"cannot read this request for {ref.kind}; install one version on gateway and workers."
        )

    return run_attempt(ref, refuse, servers)


def _contain(run: Callable[[], Outcome]) -> Outcome:
    """Let no server that is away end the task with an exception: the orchestrator submits again."""
    try:
        return run()
    except Unavailable as error:
        log.warning("step.not_begun", slug=error.slug, reason=error.detail)
        return Outcome.FAILED


def _register(app: Celery, kind: Kind, location: str, worker: _Worker) -> None:
    def run(step: str | None, message: Any) -> Outcome:  # noqa: ANN401 - whatever was sent
        try:
            request = parse_message(kind, message)
        except ValidationError:
            if step is None:
                raise
            log.warning("step.message_not_understood", kind=kind, step=step)
            return refuse_message(Ref(kind=kind, id=step), worker.servers)
        servers = worker.servers
        return run_step(
            request,
            worker.departure.guard(import_late(location)),
            store=servers.store,
            coordinator=servers.coordinator,
            cache=servers.cache,
            scratch=servers.scratch,
            threads=servers.threads,
            process=servers.process,
            options=servers.options,
            revision=servers.revision,
        )

    def compute(sent: Sent) -> Outcome:
        with (
            about_run(sent.run),
            tracing.span(str(kind), parent=sent.parent, kind=SpanKind.CONSUMER),
        ):
            attempt = partial(_contain, lambda: run(sent.step, sent.message))
            return worker.departure.timed(kind, attempt)

    def task(self: Task, message: Any) -> str:  # noqa: ANN401 - whatever was sent
        with worker.process.listening():
            try:
                outcome = run_each(read_sent(self.request, message), compute)
            finally:
                release_due(worker.servers.coordinator)
        if worker.process.stopping():
            worker.servers.coordinator.send_counts()  # before this process ends
        if outcome is Outcome.BROKEN:
            # A module that loaded half-way loads no better in this process. The worker is started
            # again after a pause, in which sound workers take the steps.
            os.kill(os.getppid(), signal.SIGTERM)
        return str(outcome)

    app.task(task, name=task_name(kind), bind=True)


def import_late(location: str) -> StepHandler:
    """Give a handler that imports "module:function" when it is called.

    So the import is part of the attempt: one that fails, or kills the process, is counted.
    """

    def handler(message: StepMessage, context: StepContext) -> None:
        load_handler(location, QUEUES[message.KIND])(message, context)

    return handler


def load_handler(location: str, queue: Queue) -> StepHandler:
    """Import the function behind "module:function".

    Raises
    ------
    WorkerMisconfigured
        If it cannot be imported. The detail names the worker and the import; the log has the rest.
    """
    module, _, function = location.partition(":")
    try:
        handler: StepHandler = getattr(importlib.import_module(module), function)
    except Exception as error:
        missing = (error.name if isinstance(error, ImportError) else None) or module
        log.exception("worker.broken", location=location)
        raise WorkerMisconfigured(
            f"The {queue} worker on {socket.gethostname()} is not installed as it should be: "
            f"importing {missing} failed there; its log has the reason."
        ) from error
    return handler
