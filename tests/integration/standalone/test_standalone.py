"""`syntrust-standalone up` for real: it starts, heals, stops, and leaves no process behind."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest
from tests.pinned import PINNED

from syntrust import Client, ServerFailed
from syntrust_standalone.peak_memory import list_process_tree

MARK = "STANDALONE_TEST_MARK"
UP = ("-m", "syntrust_standalone", "up", "--allow-local-users", "--port", "0", "--data")
PARTS = {
    "metrics": "syntrust_metrics.worker",
    "orchestrator": "syntrust-gateway orchestrate",
    "postgres": "postgres -D",
    "redis": "-server",
    "s3": "-logtostderr=true mini",
}
HANGING = {
    **PARTS,
    "gateway": "syntrust-gateway serve",
    "generator": "syntrust_generator.worker",
    "segmenter": "syntrust_segmenter.worker",
}
PATIENCE_S = 120.0
BACK_AT_WORK_S = 90.0


class Run:
    """One `up`, with an environment mark by which its processes are found after its own end."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self.mark = uuid4().hex
        self.process = subprocess.Popen(
            [sys.executable, *UP, str(data), *options],
            env={**os.environ, **PINNED, MARK: self.mark},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []

    def until(self, word: str) -> None:
        """Read what it says up to a line that begins with `word`."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if line.startswith(word):
                return
        pytest.fail(f"It ended before it said {word!r}:\n{''.join(self.said)}")

    def client(self) -> Client:
        run = json.loads((self.data / "run.json").read_text())
        key = json.loads((self.data / "credentials.json").read_text())["admin_key"]
        return Client(run["url"], key)

    def processes(self) -> dict[int, str]:
        """Every live process of this run and its command line."""
        needle = f"{MARK}={self.mark}".encode()
        # Redis writes its title over its environment, so descent counts as well as the mark.
        below, found = set(list_process_tree(self.process.pid)), {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                marked = needle in (folder / "environ").read_bytes().split(b"\0")
                if marked or int(folder.name) in below:
                    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(folder.name)] = command.decode()
        return found

    def ids(self, part: str) -> list[int]:
        return [pid for pid, command in self.processes().items() if part in command]


def wait_for_ends(pids: dict[int, str]) -> dict[int, str]:
    """Wait until the processes have ended; gives those that did not in time."""
    deadline, left = time.monotonic() + PATIENCE_S, {}
    for pid, command in pids.items():
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        if not select.select([handle], [], [], max(deadline - time.monotonic(), 0))[0]:
            left[pid] = command
        os.close(handle)
    return left


def wait_until_healthy(run: Run) -> None:
    deadline = time.monotonic() + PATIENCE_S
    with run.client() as client:
        while time.monotonic() < deadline:
            # Each call is patient itself while the server comes back.
            with suppress(ServerFailed):
                if all(client.health()["workers"].values()):
                    return
    pytest.fail("The stack did not recover in time.")


@contextmanager
def up(data: Path, *options: str) -> Iterator[Run]:
    run = Run(data, *options)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.process.send_signal(signal.SIGTERM)
        run.process.communicate(timeout=PATIENCE_S)
        left = wait_for_ends(run.processes())
        assert not left


def test_a_killed_supervisor_leaves_no_process_and_the_next_start_goes_on(tmp_path: Path) -> None:
    tmp_path = tmp_path / "50% of? #[d], M\u00fcller"
    with up(tmp_path) as run:
        run.until("ready")
        with run.client() as client:
            health = client.health()
            dataset = client.datasets.create("kept")["id"]
        processes = run.processes()
        run.process.kill()
        left = wait_for_ends(processes)

    with up(tmp_path) as again:
        again.until("ready")
        with again.client() as client:
            names = [item["name"] for item in client.datasets.list()]
            experiments = list(client.experiments.list())

    # Supervisor, orphan cleaner, two servers, three workers with a child each, orchestrator, API.
    assert len(processes) >= 12
    assert set(health["workers"].values()) == {1}
    assert left == {}
    assert (names, experiments) == (["kept"], [])
    assert dataset


def kill_parts(run: Run, parts: dict[str, list[int]]) -> None:
    """Kill the parts one by one, each once the supervisor has noticed the one before."""
    for name, pids in parts.items():
        os.kill(min(pids), signal.SIGKILL)
        run.until(f"{name} ended (signal SIGKILL); starting it again")


def test_killed_parts_come_back_a_second_start_is_refused_and_no_key_is_told(
    tmp_path: Path,
) -> None:
    with up(tmp_path, "--database", "postgresql") as run:
        run.until("ready")
        second = subprocess.run(
            [sys.executable, *UP, str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        before = {name: run.ids(part) for name, part in PARTS.items()}
        commands = " ".join(run.processes().values())
        kill_parts(run, before)
        swept = wait_for_ends({pid: "" for pids in before.values() for pid in pids})
        wait_until_healthy(run)
        replaced = run.ids("syntrust_metrics.worker")
        run.process.send_signal(signal.SIGINT)
        code = run.process.wait(PATIENCE_S)

    assert second.returncode == 1
    assert f"is in use by process {run.process.pid}" in second.stderr.replace("\n", " ")
    assert swept == {}
    assert replaced
    assert code == 0
    assert json.loads((tmp_path / "run.json").read_text())["state"] == "stopped"
    logs = "".join(path.read_text(errors="replace") for path in (tmp_path / "logs").iterdir())
    keys = json.loads((tmp_path / "credentials.json").read_text())
    for name in ("admin_key", "s3_secret_key", "redis_password", "database_password"):
        assert keys[name] not in commands + logs + "".join(run.said)


def test_parts_that_hang_are_noticed_and_replaced(tmp_path: Path) -> None:
    with up(tmp_path, "--database", "postgresql") as run:
        run.until("ready")
        # The oldest process of each: its children go on, as when the parent of a worker hangs.
        stopped = {min(run.ids(part)): name for name, part in HANGING.items()}
        started = time.monotonic()
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        left = wait_for_ends(stopped)
        wait_until_healthy(run)
        took_s = time.monotonic() - started
        run.process.send_signal(signal.SIGINT)
        run.process.wait(PATIENCE_S)
        assert run.process.stderr is not None
        said = "".join([*run.said, run.process.stderr.read()])

    assert left == {}
    assert took_s < BACK_AT_WORK_S
    for name in HANGING:
        assert f"{name} hangs: no sign of life for" in said


def test_a_stop_during_the_start_leaves_nothing(tmp_path: Path) -> None:
    with up(tmp_path) as run:
        run.until("redis answers")
        processes = run.processes()
        run.process.send_signal(signal.SIGTERM)
        code = run.process.wait(PATIENCE_S)
        left = wait_for_ends(processes)

    assert (code, left) == (0, {})
