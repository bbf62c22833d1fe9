"""A service's Celery worker: task names, child processes, a heartbeat."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import worker_ready

from syntrust_core import log as structured_log
from syntrust_core.contracts.base import QUEUES, Kind, Queue, StepMessage, task_name
from syntrust_core.contracts.registry import parse_message
from syntrust_core.errors import QueueUnavailable, WorkerMisconfigured
from syntrust_core.log import get_logger
from syntrust_core.runtime.coordination import RedisCoordinator
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.queue import make_celery
from syntrust_core.runtime.runner import Outcome, StepContext, StepHandler, device_lock, run_step
from syntrust_core.settings import Settings
from syntrust_core.storage.base import ObjectStore
from syntrust_core.storage.s3 import S3Store

log = get_logger(__name__)

HEARTBEAT_EVERY_S = 10.0


def run_worker(
    queue: Queue,
    handlers: Mapping[Kind, str],
    *,
    at_start: Callable[[ObjectStore], None] = lambda _: None,
    processes: int = 1,
) -> None:
    """Serve `queue` until a signal says stop.

    `handlers` names the function of each kind as "module:function". A child imports it, the parent
    never does: a GPU context or a thread pool does not survive a fork. With several `processes`,
    each computes a step; they take turns on the device, see `StepContext.device`.
    """
    settings = Settings()
    structured_log.configure(settings.log_format)
    settings.worker.scratch.mkdir(parents=True, exist_ok=True)
    remove_leftovers(settings.worker.scratch)
    store = S3Store(settings.storage)
    store.ensure_bucket()
    at_start(store)
    app = make_celery(settings.queue)
    for kind, location in handlers.items():
        _register(app, kind, location, settings, processes)
    name = f"{queue}-{socket.gethostname()}-{os.getpid()}"
    worker_ready.connect(
        lambda **_: _start_heartbeat(settings, queue, [f"{name}-{n}" for n in range(processes)]),
        weak=False,
        dispatch_uid="heartbeat",
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


def remove_leftovers(scratch: Path) -> None:
    """Remove the files of worker processes that were killed before they could clean up."""
    for left in (
        *scratch.glob("step-*"),
        *scratch.glob("cache-*"),
        *scratch.glob(device_lock("*")),
    ):
        if Path(f"/proc/{left.name.split('-')[1]}").exists():
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


class _Resources:
    """What a child builds at its first task and keeps; connections do not survive a fork."""

    def __init__(self, settings: Settings, processes: int) -> None:
        self.store = S3Store(settings.storage)
        self.coordinator = RedisCoordinator.at(settings.queue.url)
        self.scratch = settings.worker.scratch
        self.cache = InputCache(
            self.store,
            self.scratch / f"cache-{os.getpid()}",
            limit_bytes=settings.worker.cache_bytes // processes,
        )


def _register(app: Celery, kind: Kind, location: str, settings: Settings, processes: int) -> None:
    kept: list[_Resources] = []

    def task(message: dict[str, Any]) -> str:
        if not kept:
            kept.append(_Resources(settings, processes))
        resources = kept[0]
        outcome = run_step(
            parse_message(kind, message),
            import_late(location),
            store=resources.store,
            coordinator=resources.coordinator,
            cache=resources.cache,
            scratch=resources.scratch,
            threads=settings.worker.threads,
        )
        if outcome is Outcome.BROKEN:
            # A module that loaded half-way loads no better in this process. The worker is started
            # again after a pause, in which sound workers take the steps.
            os.kill(os.getppid(), signal.SIGTERM)
        return str(outcome)

    app.task(task, name=task_name(kind))


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


def _start_heartbeat(settings: Settings, queue: Queue, names: Sequence[str]) -> None:
    threading.Thread(
        target=_beat, args=(settings, queue, names), name="heartbeat", daemon=True
    ).start()


def _beat(settings: Settings, queue: Queue, names: Sequence[str]) -> None:
    coordinator = RedisCoordinator.at(settings.queue.url)
    pause = threading.Event()
    while True:
        # A busy worker cannot answer a ping, so health is the age of this file.
        if settings.worker.heartbeat_file is not None:
            settings.worker.heartbeat_file.touch()
        with suppress(QueueUnavailable):
            for name in names:
                coordinator.worker_alive(queue, name)
        pause.wait(HEARTBEAT_EVERY_S)


def healthcheck(path: Path, *, max_age_s: float, now_s: float) -> int:
    """Exit code 0 if the heartbeat file is younger than `max_age_s`, else 1."""
    if not path.exists() or now_s - path.stat().st_mtime > max_age_s:
        sys.stderr.write(f"no heartbeat in {path} within {max_age_s:g} s\n")
        return 1
    return 0
