"""A Compose installation of a clean clone, on the Docker daemon that this user reaches."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import uuid4

import pytest
from tests.pinned import PINNED
from tools.deploy.compose_files import BASE, compose_program
from tools.deploy.env_file import write_env
from tools.guide.site import GUIDE
from tools.web import BUILT

from syntrust import Client
from syntrust_standalone.servers import find_free_ports

ROOT: Final = Path(__file__).parents[2]
WHEELS: Final = ROOT / "wheels"  # packages for builds without an index, kept out of git
SEAWEEDFS: Final = "compose.seaweedfs.yml"
UP_S: Final = 60.0
PATIENCE_S: Final = 1500.0
# For the comparison with standalone, where the same variables have the same effect.
DEMO: Final = ("--cases", "6", "--iterations", "10")
SERVERS: Final = ("redis", "minio", "postgres")
OURS: Final = ("gateway", "orchestrator", "generator", "segmenter", "metrics")


def docker_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "version"], capture_output=True, check=False).returncode == 0


def require_docker() -> None:
    if not docker_answers():
        pytest.skip("no Docker daemon answers here")
    if shutil.which(compose_program()) is None:
        pytest.skip("there is no Docker Compose here")


def docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, f"docker {arguments}: {done.stderr[-2000:]}"
    return done.stdout.strip()


def until(true: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Ask until `true` holds: no event of a container can be awaited from here."""
    deadline, pause = time.monotonic() + patience_s, threading.Event()
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        pause.wait(0.5)


class S3Choice(NamedTuple):
    """The Compose files with the S3 server that can be had here, and what they need set."""

    files: tuple[str, ...]
    settings: dict[str, str]


class Installation:
    """One Compose project with volumes and ports of its own."""

    def __init__(self, clone: Path, s3: S3Choice, **settings: str) -> None:
        self.clone, self._files = clone, s3.files
        self.up_s = self.load = 0.0
        self._project = f"syntrust-test-{uuid4().hex[:8]}"
        self._env = clone / f"{self._project}.env"
        write_env(self._env)
        gateway, storage = find_free_ports(2)
        self.url = f"http://127.0.0.1:{gateway}"
        self._set(
            GATEWAY_PORT=str(gateway),
            S3_PORT=str(storage),
            WORKER_THREADS=PINNED["SYNTRUST_WORKER__THREADS"],
            **PINNED,
            IMAGE_PREFIX="syntrust-test",
            **s3.settings,
            **settings,
        )

    def _set(self, **settings: str) -> None:
        kept = [
            line
            for line in self._env.read_text().splitlines()
            if line.partition("=")[0] not in settings
        ]
        new = [f"{name}={value}" for name, value in settings.items()]
        self._env.write_text("\n".join([*kept, *new, ""]))

    @property
    def env_file(self) -> Path:
        return self._env

    def compose(self, *arguments: str) -> str:
        named = [part for file in self._files for part in ("-f", file)]
        command = [compose_program(), "-p", self._project, "--env-file", str(self._env), *named]
        env = {"DOCKER_BUILDKIT": "0", "COMPOSE_BAKE": "false"} | os.environ
        done = subprocess.run(
            [*command, *arguments],
            cwd=self.clone,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr[-3000:]}{self._unhealthy()}"
        return done.stdout

    def _unhealthy(self) -> str:
        """Why the project is not up: the last words of what does not run or is not healthy."""
        label = f"label=com.docker.compose.project={self._project}"
        said = []
        for line in docker(
            "ps", "-a", "--filter", label, "--format", "{{.Names}} {{.Status}}"
        ).splitlines():
            name, _, status = line.partition(" ")
            if "(healthy)" not in status and "Exited (0)" not in status:
                logs = subprocess.run(
                    ["docker", "logs", "--tail", "15", name],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                said.append(f"\n{name} {status}:\n{logs.stdout}{logs.stderr}")
        return "".join(said)

    def up(self) -> None:
        """Start it and wait until it is healthy; note the seconds, and the load before."""
        started_s, self.load = time.monotonic(), os.getloadavg()[0]
        self.compose("up", "-d", "--wait", "--no-build")
        self.up_s = time.monotonic() - started_s

    def container(self, service: str) -> str:
        return self.compose("ps", "-a", "-q", service).strip()

    def services(self) -> list[str]:
        return self.compose("config", "--services").split()

    def inspect(self, service: str) -> dict[str, Any]:
        (found,) = json.loads(docker("inspect", self.container(service)))
        return dict(found)

    def execute(self, service: str, *command: str, check: bool = True) -> str:
        return docker("exec", self.container(service), *command, check=check)

    def is_healthy(self, service: str) -> bool:
        state = self.inspect(service)["State"]
        return bool(state["Running"]) and state.get("Health", {}).get("Status") == "healthy"

    def client(self) -> Client:
        key = re.search(r"(?m)^ADMIN_KEY=(.*)$", self._env.read_text())
        assert key is not None
        return Client(self.url, key[1])

    def demo(self, data: Path) -> str:
        """Run `syntrust demo` on it; the digest of its results."""
        command = [sys.executable, "-m", "syntrust", "demo", "--url", self.url]
        return run_demo([*command, "--key-file", str(self._env)], data)


def run_demo(command: list[str], data: Path) -> str:
    """Run a demo of the test's size; the digest of its results."""
    env = os.environ | PINNED
    command = [*command, "--data", str(data), *DEMO]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return str(json.loads((data / "results.json").read_text())["digest"])


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean clone of the commit that is checked out: what is not committed is not built."""
    require_docker()
    folder = tmp_path_factory.mktemp("clone") / "syntrust"
    command = ["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)]
    subprocess.run(command, check=True)
    if WHEELS.is_dir():
        shutil.copytree(WHEELS, folder / WHEELS.name)
    for built in (BUILT, GUIDE):  # a build may reach no registry
        if built.is_dir():
            shutil.copytree(built, folder / built.relative_to(ROOT))
    return folder


@pytest.fixture(scope="session")
def s3(clone: Path) -> S3Choice:
    """MinIO, unless the image of that name has SeaweedFS in it, as where no registry is reached."""
    base = S3Choice((BASE,), {})
    minio = read_config(Installation(clone, base))["minio"]["image"]
    found = docker("run", "--rm", "--entrypoint", "weed", minio, "version", check=False)
    if found.startswith("version"):
        return S3Choice((BASE, SEAWEEDFS), {"SEAWEEDFS_IMAGE": minio})
    return base


def read_config(installation: Installation) -> dict[str, Any]:
    """The services, as Compose reads them."""
    services: dict[str, Any] = json.loads(installation.compose("config", "--format", "json"))[
        "services"
    ]
    return services


@pytest.fixture(scope="session")
def images(clone: Path, s3: S3Choice) -> list[str]:
    """The four images, built from the clone."""
    made = Installation(clone, s3)
    made.compose("build")
    return sorted(service["image"] for service in read_config(made).values() if "build" in service)


@pytest.fixture(scope="module")
def installation(clone: Path, s3: S3Choice, images: list[str]) -> Iterator[Installation]:
    """A running installation with empty volumes, gone at the end with all that it held."""
    made = Installation(clone, s3)
    try:
        made.up()
        yield made
    finally:
        made.compose("down", "--volumes", "--timeout", "5")


@pytest.fixture(scope="session")
def expected(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest that standalone gives for the same demo, on this machine."""
    command = [sys.executable, "-m", "syntrust_standalone", "demo", "--port", "0"]
    return run_demo(command, tmp_path_factory.mktemp("standalone"))
