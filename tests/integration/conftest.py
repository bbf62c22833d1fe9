"""One running stack for every test file that is a user of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.integration.worker.toy import Toy
from tests.pinned import PINNED

from syntrust import Client
from syntrust_core.settings import StorageSettings
from syntrust_standalone.phantoms import PhantomOptions, make_cohort

PATIENCE_S = 240.0
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a stack that is ready."""
    data = tmp_path_factory.mktemp("stack")
    command = (
        "-m",
        "syntrust_standalone",
        "up",
        "--allow-local-users",
        "--port",
        "0",
        "--data",
        str(data),
    )
    with subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, **PINNED},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("Logs are in"):
                break
        assert process.poll() is None, "".join(said)
        yield data
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)


@pytest.fixture(scope="session")
def stack_url(stack: Path) -> str:
    return str(json.loads((stack / "run.json").read_text())["url"])


@pytest.fixture(scope="session")
def client(stack: Path, stack_url: str) -> Iterator[Client]:
    key = str(json.loads((stack / "credentials.json").read_text())["admin_key"])
    with Client(stack_url, key) as client:
        yield client


@pytest.fixture(scope="session")
def syntrust(stack: Path, stack_url: str) -> Command:
    """The `syntrust` command at the stack."""
    env = {
        **os.environ,
        "SYNTRUST_URL": stack_url,
        "SYNTRUST_KEY_FILE": str(stack / "credentials.json"),
        "COLUMNS": "200",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "syntrust", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=env, check=False, timeout=PATIENCE_S
        )

    return run


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two phantom cases on the tiny generator's grid."""
    folder = tmp_path_factory.mktemp("cohort")
    return make_cohort(folder, seed=3, count=2, options=PhantomOptions.demo())


@pytest.fixture(scope="session")
def ready(syntrust: Command, cases: list[Path]) -> str:
    """The id of a ready dataset of both cases, registered by the command."""
    added = syntrust("dataset", "add", str(cases[0].parent), "--grid", "64x64x64@3")
    assert added.returncode == 0, added.stderr
    return added.stdout.partition("--dataset ")[2].split()[0]


@pytest.fixture
def idle(tmp_path: Path, storage: StorageSettings, valkey_url: str) -> Iterator[Toy]:
    """Not started yet."""
    toy = Toy(tmp_path, storage, valkey_url)
    yield toy
    toy.stop()


@pytest.fixture
def toy(idle: Toy) -> Toy:
    idle.start()
    return idle
