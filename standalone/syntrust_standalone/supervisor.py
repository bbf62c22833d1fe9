"""Start the stack, keep it running, and stop every process of it at the end."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import httpx
from redis import Redis

from syntrust_core.contracts.base import Queue
from syntrust_core.errors import Unavailable
from syntrust_core.precision.tuning import Tuning
from syntrust_standalone.liveness import Watcher
from syntrust_standalone.managed_process import (
    ManagedProcess,
    OnEvent,
    OrphanCleaner,
    end_adopted,
    run_once,
)
from syntrust_standalone.postgres import postgres_is_ready
from syntrust_standalone.precision.choices import describe, give_up, keep, list_unchosen
from syntrust_standalone.precision.measuring import measure
from syntrust_standalone.servers import (
    Program,
    read_log_end,
    redis_answers,
    weed_answers,
)
from syntrust_standalone.stack import SOFT_SHUTDOWN_S, Stack

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_POLL_S = 0.1
_READY_TIMEOUT_S = 240.0
_GRACE_S: Mapping[str, float] = {
    "gateway": 5,
    "orchestrator": 5,
    "s3": 10,
    "redis": 10,
    "postgres": 10,
}
# Longer than a step has to stop by itself, so that none is killed and counted as an attempt.
_WORKER_GRACE_S = SOFT_SHUTDOWN_S + 3.0
_STARTS_BEFORE_READY = 4
_LOG_BYTES = 32 << 20
_HOUSEKEEPING_S = 5.0


class Supervisor:
    """A running stack. `run` returns when every process has been stopped."""

    def __init__(self, stack: Stack, lock: int, on_event: OnEvent) -> None:
        self._stack = stack
        self._on_event = on_event
        self._cleaner = OrphanCleaner(lock)
        self._processes: list[ManagedProcess] = []
        self._passing = set[int]()
        """The process groups of what runs once and ends by itself."""
        self._liveness = stack.liveness()
        self._watchers: list[Watcher] = []
        self._watches: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Start everything, record that it is ready, and wait for a signal.

        Raises
        ------
        Unavailable
            A program does not start; the sentence contains the end of its log.
        """
        _become_subreaper()
        self._listen()
        housekeeping = asyncio.create_task(self._housekeeping())
        try:
            self._record_state("starting")
            await self._run_until_stopped(self._start())
            if not self._stop.is_set():
                for watcher in self._watchers:
                    watcher.note_ready()
                self._record_state("ready")
                await self._stop.wait()
        finally:
            self._record_state("stopping")
            for task in (housekeeping, *self._watches):
                task.cancel()
            await self._stop_all()
            self._cleaner.close()
            self._record_state("stopped")

    def _record_state(self, state: str) -> None:
        # A full disk must not prevent the stack from stopping.
        with suppress(OSError):
            self._stack.folder.write_run(state, self._stack.ports, self._stack.url)
        self._notify(state)

    def _notify(self, event: str) -> None:
        # Neither must a closed terminal.
        with suppress(OSError):
            self._on_event(event)

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(name) is not signal.SIG_IGN:  # nohup stays nohup
                loop.add_signal_handler(name, self._on_signal)

    def _on_signal(self) -> None:
        if self._stop.is_set():  # a second Ctrl-C
            for process in self._processes:
                process.kill()
        self._stop.set()

    async def _run_until_stopped(self, starting: Coroutine[None, None, None]) -> None:
        work = asyncio.create_task(starting)
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if work.done():
            await work
        else:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _start(self) -> None:
        await self._choose_precisions()
        database = asyncio.create_task(self._prepare_database())
        try:
            await self._start_servers()
            workers = [self._manage(program) for program in self._stack.workers()]
            await database
        finally:
            database.cancel()
            await asyncio.gather(database, return_exceptions=True)
        api = [self._manage(program) for program in self._stack.gateway()]
        await self._wait_until_all_ready([*workers, *api], lambda: _stack_is_ready(self._stack.url))

    async def _choose_precisions(self) -> None:
        """Measure what nobody has chosen for this folder yet, before anything else runs.

        Workers that compute side by side are measured so.
        """
        folder = self._stack.folder
        unchosen = list_unchosen(folder, os.environ)
        for queue in unchosen:
            self._notify(f"measuring the precision of the {queue}, once for this folder")
        turns = asyncio.Semaphore(self._stack.cores.processes)
        found = await asyncio.gather(*(self._tune(queue, turns) for queue in unchosen))
        for queue, chosen in zip(unchosen, found, strict=True):
            keep(folder, queue, chosen)
        self._notify(describe(folder, os.environ))

    async def _tune(self, queue: Queue, turns: asyncio.Semaphore) -> Tuning:
        program = self._stack.tuner(queue)
        log = self._stack.folder.log_file(program.name)
        try:
            async with turns:
                return await measure(program, log, self._note_passing)
        except Unavailable as error:
            chosen, sentence = give_up(queue, error.detail)
            self._notify(sentence)
            return chosen

    def _note_passing(self, group: int) -> None:
        self._passing.add(group)

    async def _prepare_database(self) -> None:
        """Start its server, if it has one, and migrate it: beside the start of all others."""
        server = await asyncio.to_thread(self._stack.database_server)
        if server is not None:
            url = self._stack.database_url
            await self._wait_until_ready(self._manage(server), lambda: postgres_is_ready(url))
        await self._migrate()

    async def _start_servers(self) -> None:
        ports, password = self._stack.ports, self._stack.credentials.redis_password
        redis, s3 = map(self._manage, self._stack.servers())
        await self._wait_until_ready(redis, lambda: redis_answers(ports.redis, password))
        await self._wait_until_ready(s3, lambda: weed_answers(ports.weed))
        flush_redis(self._stack.redis_url)

    def _manage(self, program: Program) -> ManagedProcess:
        log = self._stack.folder.log_file(program.name)
        process = ManagedProcess(program, log, self._cleaner, self._notify)
        self._processes.append(process)
        process.start()
        self._watch(process)
        return process

    def _watch(self, process: ManagedProcess) -> None:
        name = process.program.name

        def on_hang(silent_s: float) -> None:
            self._notify(f"{name} hangs: no sign of life for {silent_s:.0f} s; killing it")

        watcher = Watcher(process, self._liveness[name], on_hang)
        self._watchers.append(watcher)
        self._watches.append(asyncio.create_task(watcher.run()))

    async def _wait_until_ready(self, process: ManagedProcess, answers: Callable[[], bool]) -> None:
        await self._wait_until_all_ready([process], answers)
        self._notify(f"{process.program.name} answers")

    async def _wait_until_all_ready(
        self, processes: Iterable[ManagedProcess], answers: Callable[[], bool]
    ) -> None:
        watched, deadline = tuple(processes), time.monotonic() + _READY_TIMEOUT_S
        # A thread asks, so that signals are handled meanwhile; processes start in this one alone.
        while not await asyncio.to_thread(answers):
            for process in watched:
                if process.starts > _STARTS_BEFORE_READY:
                    raise Unavailable(_describe_failed_start(process.program.name, process.log))
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"The stack is not ready after {_READY_TIMEOUT_S:.0f} s; logs are in "
                    f"{self._stack.folder.logs}."
                )
            await asyncio.sleep(_POLL_S)

    async def _migrate(self) -> None:
        program = self._stack.migrate()
        log = self._stack.folder.log_file(program.name)
        if await run_once(program, log, self._note_passing) != 0:
            raise Unavailable(_describe_failed_start(program.name, log))

    async def _stop_all(self) -> None:
        """Stop API, orchestrator, workers, S3, Redis, PostgreSQL: each before what it needs."""
        *rest, orchestrator, gateway = self._list_in_order()
        servers, workers = rest[:3], rest[3:]
        await self._stop_together([gateway])
        await self._stop_together([orchestrator])
        await self._stop_together(workers)
        for server in reversed(servers):
            await self._stop_together([server])

    def _list_in_order(self) -> list[ManagedProcess | None]:
        """List PostgreSQL, Redis, S3, workers, orchestrator, API; None for what was not started."""
        names = ("postgres", "redis", "s3", *map(str, Queue), "orchestrator", "gateway")
        by_name = {process.program.name: process for process in self._processes}
        return [by_name.get(name) for name in names]

    async def _stop_together(self, processes: Iterable[ManagedProcess | None]) -> None:
        started = [process for process in processes if process is not None]
        graces = (_GRACE_S.get(process.program.name, _WORKER_GRACE_S) for process in started)
        await asyncio.gather(*(process.stop(s) for process, s in zip(started, graces, strict=True)))

    async def _housekeeping(self) -> None:
        while True:
            await asyncio.sleep(_HOUSEKEEPING_S)
            self._cleaner.revive()
            end_adopted(self._list_groups())
            for log in self._stack.folder.logs.glob("*.log"):
                trim_log(log, _LOG_BYTES)

    def _list_groups(self) -> set[int]:
        """List the process groups that this supervisor started and knows of."""
        managed = {process.group for process in self._processes}
        return {group for group in (*managed, self._cleaner.pid, *self._passing) if group}


def trim_log(log: Path, limit_bytes: int) -> None:
    """Keep a log within twice the limit: copy it to `….log.1`, then empty it.

    The file is copied and not renamed, because children append through their own descriptor.
    """
    if log.stat().st_size > limit_bytes:
        log.with_suffix(".log.1").write_bytes(log.read_bytes())
        os.truncate(log, 0)


def flush_redis(url: str) -> None:
    """Empty Redis: no process of an earlier run is left, so its leases would only cause delays.

    The store knows what is done and the database what is wanted; the orchestrator submits the rest.
    """
    with Redis.from_url(url) as client:
        client.flushdb()


def _stack_is_ready(url: str) -> bool:
    try:
        answer = httpx.get(f"{url}/health/ready", timeout=5, trust_env=False)
    except httpx.TransportError:
        return False
    if answer.status_code != 200:
        return False
    return bool(answer.json()["status"] == "ready")


def _become_subreaper() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1)


def _describe_failed_start(name: str, log: Path) -> str:
    return f"{name} does not start. The end of {log}:\n{read_log_end(log)}"
