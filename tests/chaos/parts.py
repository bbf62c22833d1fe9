"""Gateway, orchestrator and a worker as processes, whose surroundings a test may spoil."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.chaos.platform import wait_until

from syntrust import Client
from syntrust.errors import SynTrustError
from syntrust_core.settings import StorageSettings
from syntrust_standalone.servers import HOST, Program, find_free_ports, run_server

COMMAND = str(Path(sys.executable).with_name("syntrust-gateway"))
BACK_S = 90.0


@dataclass(frozen=True)
class Parts:
    """Running parts: where the API is, its key, and the folder with database, logs and scratch."""

    url: str
    key: str
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "gateway.sqlite"

    @property
    def scratch(self) -> Path:
        return self.folder / "scratch"

    def client(self) -> Client:
        return Client(self.url, self.key)

    def readiness(self) -> tuple[int, str]:
        """What /health/ready answers: status and text."""
        with suppress(httpx.TransportError):
            answer = httpx.get(f"{self.url}/health/ready", timeout=30)
            return answer.status_code, answer.text
        return 0, ""

    def upload(self, cohort: Path) -> str:
        """Upload the cohort as a new dataset that is not committed yet."""
        with self.client() as client:
            grid = {"shape": [64, 64, 64], "spacing_mm": [3, 3, 3]}
            dataset = client.datasets.create("cohort", grid=grid)["id"]  # type: ignore[arg-type]
            for case in sorted(cohort.glob("phantom-*")):
                client.datasets.add_case(dataset, case)
            return dataset

    def commit(self, dataset: str) -> bool:
        """Commit the dataset; False if the API cannot do it now and says so."""
        try:
            with self.client() as client:
                client.datasets.commit(dataset)
        except SynTrustError:
            return False
        return True

    def state(self, dataset: str) -> str:
        """Give the dataset's state; "unknown" while the API cannot tell."""
        with suppress(SynTrustError), self.client() as client:
            return str(client.datasets.get(dataset)["state"])
        return "unknown"

    def comes_back(self, dataset: str) -> None:
        """Wait until the dataset is ready; a commit that was refused is tried again."""

        def ready() -> bool:
            state = self.state(dataset)
            if state == "open":
                self.commit(dataset)
            return state == "ready"

        wait_until(ready, BACK_S)


@contextmanager
def run_parts(
    folder: Path,
    storage: StorageSettings,
    redis_url: str,
    extra: Mapping[str, str] | None = None,
    workers: Sequence[str] = ("metrics",),
) -> Iterator[Parts]:
    """Run them while the block runs; `extra` is added to their environment."""
    (port,) = find_free_ports(1)
    parts = Parts(f"http://{HOST}:{port}", secrets.token_urlsafe(32), folder)
    parts.scratch.mkdir(exist_ok=True)
    env = {**_environment(parts, storage, redis_url), **(extra or {})}
    subprocess.run([COMMAND, "migrate"], env={**os.environ, **env}, check=True)
    commands = {
        "gateway": (COMMAND, "serve", "--port", str(port)),
        "orchestrator": (COMMAND, "orchestrate"),
        **{name: (sys.executable, "-m", f"syntrust_{name}.worker") for name in workers},
    }
    with _run_all(folder, commands, env):
        wait_until(lambda: '"metrics":1' in parts.readiness()[1].replace(" ", ""))
        yield parts


@contextmanager
def _run_all(
    folder: Path, commands: Mapping[str, tuple[str, ...]], env: Mapping[str, str]
) -> Iterator[None]:
    if not commands:
        yield
        return
    (name, command), *rest = commands.items()
    program = Program(name, command, folder, env)
    with (
        run_server(program, lambda: True, folder / f"{name}.log"),
        _run_all(folder, dict(rest), env),
    ):
        yield


def _environment(parts: Parts, storage: StorageSettings, redis_url: str) -> dict[str, str]:
    return {
        "SYNTRUST_STORAGE__ENDPOINT": storage.endpoint,
        "SYNTRUST_STORAGE__PUBLIC_ENDPOINT": storage.public_endpoint or storage.endpoint,
        "SYNTRUST_STORAGE__BUCKET": storage.bucket,
        "SYNTRUST_STORAGE__ACCESS_KEY": storage.access_key,
        "SYNTRUST_STORAGE__SECRET_KEY": storage.secret_key.get_secret_value(),
        "SYNTRUST_QUEUE__URL": redis_url,
        "SYNTRUST_GATEWAY__DATABASE_URL": f"sqlite:///{parts.database}",
        "SYNTRUST_GATEWAY__ADMIN_KEY": parts.key,
        "SYNTRUST_WORKER__SCRATCH": str(parts.scratch),
        "OMP_NUM_THREADS": "1",
    }
