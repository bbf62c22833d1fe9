"""The whole platform as its users start it: one command, one folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.pinned import PINNED

from syntrust import Client
from syntrust_standalone.phantoms import PhantomOptions, make_cohort

START_S = 120
CASES = 6


class Platform:
    """A running `syntrust-standalone up`, and what it says of itself."""

    def __init__(self, folder: Path, database: str = "sqlite") -> None:
        self.folder, self._database = folder, database
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [str(Path(sys.executable).with_name("syntrust-standalone")), "up"]
        command += ["--allow-local-users", "--data", str(self.folder), "--port", "0"]
        command += ["--database", self._database]
        log = (self.folder.parent / "up.log").open("ab")
        process = subprocess.Popen(
            command,
            env={**os.environ, **PINNED},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        until(lambda: self.run().get("state") == "ready" and self.run()["pid"] == process.pid)
        return process

    def run(self) -> dict[str, object]:
        path = self.folder / "run.json"
        body: dict[str, object] = json.loads(path.read_text()) if path.exists() else {}
        return body

    def client(self) -> Client:
        key = json.loads((self.folder / "credentials.json").read_text())["admin_key"]
        return Client(str(self.run()["url"]), key)

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.process.pid, number)
        self.process.wait(START_S)

    def restart(self) -> None:
        self.process = self._start()

    def pids(self, word: str) -> list[int]:
        """Processes of this platform whose command line holds `word`."""
        mine = str(self.folder).encode()
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if word.encode() in command and mine in environment:
                found.append(int(entry.name))
        return found


def until(true: Callable[[], bool], patience_s: float = START_S) -> None:
    """Ask until `true` holds: no event of another process can be awaited from here."""
    deadline, pause = time.monotonic() + patience_s, threading.Event()
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        pause.wait(0.2)


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    platform = Platform(tmp_path_factory.mktemp("platform") / "data")
    yield platform
    platform.kill(signal.SIGTERM)


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few phantom cases on the tiny generator's grid."""
    folder = tmp_path_factory.mktemp("cohort")
    make_cohort(folder, seed=3, count=CASES, options=PhantomOptions.demo())
    return folder


@pytest.fixture(scope="session")
def dataset(platform: Platform, cohort: Path) -> str:
    return register(platform, cohort)


def register(platform: Platform, cohort: Path) -> str:
    """The cohort as an inspected dataset of a platform."""
    with platform.client() as client:
        grid = {"shape": [64, 64, 64], "spacing_mm": [3, 3, 3]}
        opened = client.datasets.create("cohort", grid=grid, origin="phantoms")  # type: ignore[arg-type]
        for case in sorted(cohort.glob("phantom-*")):
            client.datasets.add_case(opened["id"], case)
        client.datasets.commit(opened["id"])
        return client.datasets.wait(opened["id"], timeout_s=START_S)["id"]
