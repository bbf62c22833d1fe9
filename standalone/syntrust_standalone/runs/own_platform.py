"""A platform that runs as a child process for as long as a block of code does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from rich.console import Console
from rich.markup import escape

from syntrust.client import Client
from syntrust_core.errors import Unavailable
from syntrust_standalone.data_folder import Database, DataFolder
from syntrust_standalone.peak_memory import watch_memory
from syntrust_standalone.precision.choices import describe
from syntrust_standalone.servers import Program, find_free_ports, is_free, read_log_end, spawn

PORT: Final = 8000
_STOP_TIMEOUT_S: Final = 60.0


@contextmanager
def own_platform(
    folder: DataFolder, port: int | None, console: Console, database: Database | None = None
) -> Iterator[Client]:
    """Give a client of a platform on `folder`; at the end, stop it and tell time and memory.

    Raises
    ------
    Unavailable
        The servers do not start.
    """
    started = time.monotonic()
    with (
        watch_memory() as memory,
        _run_stack(folder, port, console, database) as supervisor,
        _make_client(folder, supervisor, console) as client,
    ):
        yield client
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    console.print(f"{minutes} min {seconds} s, at most {memory.bytes / 1e9:.1f} GB of memory")


@contextmanager
def _run_stack(
    folder: DataFolder, port: int | None, console: Console, database: Database | None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the stack as a child process, and stop it in order at the end of the block."""
    chosen = port if port is not None else PORT if is_free(PORT) else find_free_ports(1)[0]
    command = ("-m", "syntrust_standalone", "up", "--data", str(folder.root), "--port", str(chosen))
    # Phantoms are of no patient, so that this runs on shared machines too.
    kind = () if database is None else ("--database", str(database))
    argv = (sys.executable, *command, *kind, "--allow-local-users")
    program = Program("supervisor", argv, Path.cwd())
    with _raise_on_sigterm():
        process = spawn(program, folder.log_file("supervisor"))
        try:
            yield process
        finally:
            if process.poll() is None:
                console.print("[dim]stopping the servers[/]")
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_TIMEOUT_S)
            except BaseException:
                process.kill()  # its orphan cleaner ends the rest
                raise


@contextmanager
def _raise_on_sigterm() -> Iterator[None]:
    """Raise `KeyboardInterrupt` on SIGTERM, so that it ends the block as Ctrl-C does."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _make_client(
    folder: DataFolder, supervisor: subprocess.Popen[bytes], console: Console
) -> Client:
    """Wait until the stack is ready, and make a client of it."""
    with console.status("starting the servers"):
        while (run := folder.read_run()).get("pid") != supervisor.pid or run["state"] != "ready":
            if supervisor.poll() is not None:
                raise Unavailable(
                    f"The servers did not start:\n{read_log_end(folder.log_file('supervisor'))}"
                )
            time.sleep(0.1)
    console.print(f"[dim]{escape(describe(folder, os.environ))}[/]", soft_wrap=True)
    console.print(f"the platform runs at {run['url']}; its logs are in {folder.logs}")
    return Client(run["url"], folder.load_credentials().admin_key)
