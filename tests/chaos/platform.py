"""A platform to be disturbed: `syntrust-standalone up`, its processes, its store and its queue."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal
from uuid import uuid4

import psutil
from redis import Redis
from tests.pinned import PINNED

from syntrust import Client
from syntrust.errors import SynTrustError
from syntrust_core.settings import StorageSettings
from syntrust_core.storage.s3 import S3Store

Database = Literal["sqlite", "postgresql"]
MARK: Final = "CHAOS_MARK"
PATIENCE_S: Final = 300.0
PARTS: Final = {
    "gateway": "syntrust-gateway serve",
    "orchestrator": "syntrust-gateway orchestrate",
    "generator": "syntrust_generator.worker",
    "segmenter": "syntrust_segmenter.worker",
    "metrics": "syntrust_metrics.worker",
    "redis": "-server",
    "s3": "-logtostderr=true mini",
    "postgresql": "postgres -D",
}
"""Words by which the command lines of a platform's parts are known."""


def wait_until(true: Callable[[], bool], patience_s: float = PATIENCE_S) -> float:
    """Ask until `true` holds; give the seconds that it took. No event of others says it."""
    started = time.monotonic()
    while not true():
        if time.monotonic() - started > patience_s:
            msg = f"it did not come true within {patience_s:g} s"
            raise TimeoutError(msg)
        time.sleep(0.2)
    return time.monotonic() - started


class Platform:
    """One `up` on one folder. It may be killed and started again."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder, self.database = folder, database
        self._mark = uuid4().hex
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        kind = () if self.database == "sqlite" else ("--database", self.database)
        command = ["-m", "syntrust_standalone", "up", "--port", "0", "--allow-local-users"]
        command += ["--data", str(self.folder)]
        with (self.folder.parent / "up.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *command, *kind],
                env={**os.environ, **PINNED, MARK: self._mark},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        started = self._process
        wait_until(lambda: self._is_ready(started))

    def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        if process.poll() is not None:
            log = (self.folder.parent / "up.log").read_text(errors="replace")
            raise RuntimeError(f"the platform ended at its start:\n{log[-2000:]}")
        run = self._run()
        return run.get("state") == "ready" and run.get("pid") == process.pid

    def _run(self) -> dict[str, object]:
        path = self.folder / "run.json"
        body: dict[str, object] = json.loads(path.read_text()) if path.exists() else {}
        return body

    def stop(self) -> None:
        """Stop it in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(PATIENCE_S)

    def kill_everything(self) -> None:
        """Kill every process at once, the supervisor first, as a power cut does."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if self._process is not None:
            self._process.wait(PATIENCE_S)

    def client(self) -> Client:
        key = json.loads((self.folder / "credentials.json").read_text())["admin_key"]
        # A fault lasts seconds; whoever watches it must not wait for long between two tries.
        return Client(str(self._run()["url"]), key, pause=lambda _: time.sleep(0.5))

    def processes(self) -> list[psutil.Process]:
        """List the live processes of this platform, the supervisor first."""
        found = {process.pid: process for process in psutil.process_iter() if self._owns(process)}
        if self._process is not None:
            # Some programs write their title over their environment, so descent counts too.
            with suppress(psutil.NoSuchProcess):
                parent = psutil.Process(self._process.pid)
                found |= {child.pid: child for child in parent.children(recursive=True)}
        return sorted(found.values(), key=lambda process: process.pid)

    def _owns(self, process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            return bool(process.environ().get(MARK) == self._mark)
        return False

    def find(self, part: str) -> list[psutil.Process]:
        """Find the processes of one part by their command line."""
        found = []
        for process in self.processes():
            with suppress(psutil.Error):
                command = " ".join(process.cmdline())
                if PARTS[part] in command and "exec_guard" not in command:
                    found.append(process)
        return found

    def _settings(self) -> dict[str, str]:
        """Read the settings that a worker was given, its secrets among them."""
        wait_until(lambda: bool(self.find("metrics")))  # it may have been killed a moment ago
        found: dict[str, str] = self.find("metrics")[0].environ()
        return found

    def redis(self) -> Redis:
        return Redis.from_url(self._settings()["SYNTRUST_QUEUE__URL"], socket_timeout=5)

    def store(self) -> S3Store:
        given, prefix = self._settings(), "SYNTRUST_STORAGE__"
        return S3Store(
            StorageSettings.model_validate(
                {
                    name: given[prefix + name.upper()]
                    for name in ("endpoint", "access_key", "secret_key")
                }
            )
        )

    def is_healthy(self) -> bool:
        """Tell whether every server answers and every queue has a worker."""
        with suppress(SynTrustError, OSError), self.client() as client:
            health = client.health()
            return all(health["workers"].values())
        return False
