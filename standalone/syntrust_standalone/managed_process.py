"""One program of a running stack: restarted when it ends, and stopped with all that it started."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

import psutil

from syntrust_standalone.servers import Program, signal_group, spawn

OnEvent = Callable[[str], None]
_ORPHAN_CLEANER = Path(__file__).with_name("orphan_cleaner.py")
_POLL_S = 0.1
_FIRST_DELAY_S, _LONGEST_DELAY_S, _STEADY_S = 0.5, 30.0, 60.0


class OrphanCleaner:
    """The helper process that ends the process groups which a killed supervisor leaves."""

    def __init__(self, lock: int) -> None:
        self._lock = lock
        self._groups: dict[int, str] = {}
        self._process = self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def watch(self, group: int, death_signal: str) -> None:
        self._groups[group] = death_signal
        self._send(f"+{group} {death_signal}\n")

    def unwatch(self, group: int) -> None:
        self._groups.pop(group, None)
        self._send(f"-{group}\n")

    def revive(self) -> None:
        """Start the helper again if it has ended."""
        if self._process.poll() is not None:
            self._process = self._start()
            for group, death_signal in self._groups.items():
                self._send(f"+{group} {death_signal}\n")

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own command
            (sys.executable, "-I", "-S", str(_ORPHAN_CLEANER)),
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=(self._lock,),  # the folder stays locked until this helper has ended
        )

    def _send(self, line: str) -> None:
        with suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()


class ManagedProcess:
    """One program: started, restarted with back-off when it ends, and stopped with its group."""

    def __init__(
        self, program: Program, log: Path, cleaner: OrphanCleaner, on_event: OnEvent
    ) -> None:
        self.program = program
        self.log = log
        self.starts = 0
        self._cleaner = cleaner
        self._on_event = on_event
        self._process: subprocess.Popen[bytes] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def group(self) -> int | None:
        """The process group of the running program; None between two starts."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        self._spawn()
        self._task = asyncio.create_task(self._restart_when_ended())

    async def stop(self, grace_s: float) -> None:
        """Stop the program and all that it started; kill what is left after the grace period."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._process is None:
            return
        self.ask_to_stop()
        with suppress(TimeoutError):
            await asyncio.wait_for(wait_until_ended(self._process), grace_s)
        await self._end_group()

    def ask_to_stop(self) -> None:
        """Tell the program's group to end by itself."""
        if self._process is not None:
            signal_group(self._process.pid, signal.Signals[self.program.stop_signal])

    def kill(self) -> None:
        """Kill the program's group now; `stop` does the rest."""
        if self._process is not None:
            signal_group(self._process.pid, signal.SIGKILL)

    def _spawn(self) -> None:
        self.starts += 1
        self._process = spawn(self.program, self.log)
        self._cleaner.watch(self._process.pid, self.program.death_signal)

    async def _restart_when_ended(self) -> None:
        delay_s = _FIRST_DELAY_S
        while self._process is not None:
            started = time.monotonic()
            code = await wait_until_ended(self._process)
            # Child processes of a crashed program would otherwise work beside its successor.
            await self._end_group()
            if time.monotonic() - started > _STEADY_S:
                delay_s = _FIRST_DELAY_S
            self._on_event(f"{self.program.name} ended ({_describe_exit(code)}); starting it again")
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, _LONGEST_DELAY_S)
            self._spawn()

    async def _end_group(self) -> None:
        """Kill what is left of the group and collect it; a subreaper adopts its orphans."""
        if self._process is None:
            return
        group = self._process.pid
        signal_group(group, signal.SIGKILL)
        await wait_until_ended(self._process)
        while _collect(group):  # noqa: ASYNC110 - no event says it
            await asyncio.sleep(_POLL_S / 5)
        self._cleaner.unwatch(group)
        self._process = None


async def wait_until_ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for a child of this process; return its exit code, negative for a signal."""
    # Polled: asyncio's own child watcher waits in threads, and children must start in this one.
    while (code := process.poll()) is None:  # noqa: ASYNC110 - no event says it
        await asyncio.sleep(_POLL_S)
    return code


async def run_once(
    program: Program, log: Path, on_start: Callable[[int], None] = lambda _: None
) -> int:
    """Run a program to its end and return its exit code; kill it if the caller is cancelled.

    `on_start` gets its process group.
    """
    process = spawn(program, log)
    on_start(process.pid)
    try:
        return await wait_until_ended(process)
    finally:
        signal_group(process.pid, signal.SIGKILL)
        process.wait()


def _collect(group: int) -> bool:
    """Collect ended members of the group; return True while others still run."""
    try:
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def end_adopted(groups: Collection[int]) -> None:
    """Kill and collect what a killed program left in sessions of its own, as PostgreSQL does.

    A subreaper has adopted it. `groups` are those that this process manages.
    """
    for child in psutil.Process().children():
        with suppress(ProcessLookupError, ChildProcessError):
            if child.pid not in groups and os.getsid(child.pid) == child.pid:
                os.kill(child.pid, signal.SIGKILL)
                os.waitpid(child.pid, os.WNOHANG)


def _describe_exit(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
