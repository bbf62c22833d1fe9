"""The data folder of a standalone stack: its layout, lock, credentials and ports."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil
from filelock import lock_descriptor

from syntrust_core.errors import Conflict, InvalidRequest
from syntrust_standalone.security.private_files import make_private_folder, write_private
from syntrust_standalone.servers import WeedPorts, find_free_ports, is_free

_LOCK_PATIENCE_S = 20.0  # an earlier run that was killed may need this long to clean up


class FolderInUse(Conflict):
    """Another stack runs on this folder."""

    slug, title = "folder-in-use", "Data folder is in use"


class Database(StrEnum):
    """Where the gateway's rows are kept."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True)
class Credentials:
    """Keys, made once per folder and kept in a file that only its owner may read."""

    s3_access_key: str
    s3_secret_key: str = field(repr=False)
    admin_key: str = field(repr=False)
    redis_password: str = field(repr=False)
    database_password: str = field(repr=False)

    @classmethod
    def new(cls) -> Credentials:
        return cls(
            s3_access_key=secrets.token_hex(10),
            s3_secret_key=secrets.token_hex(20),
            admin_key=secrets.token_urlsafe(32),
            redis_password=secrets.token_hex(20),
            database_password=secrets.token_hex(20),
        )


@dataclass(frozen=True)
class Ports:
    gateway: int
    redis: int
    postgres: int
    weed: WeedPorts


class DataFolder:
    """Paths within the folder, and the state kept from one start to the next."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.redis = self.root / "redis"
        self.s3 = self.root / "s3"
        self.database = self.root / "syntrust.db"
        self.postgres = self.root / "postgres"
        self.logs = self.root / "logs"
        self.credentials_file = self.root / "credentials.json"
        self.precision_file = self.root / "precision.json"
        self.run_file = self.root / "run.json"
        self.lock_file = self.root / "lock"

    def work_folder(self, worker: str) -> Path:
        """Return the folder for scratch and heartbeat of one worker."""
        return self.root / "work" / worker

    def log_file(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    @contextmanager
    def lock(self) -> Iterator[int]:
        """Hold the folder for this process. Yield the lock's file descriptor.

        A process that inherits the descriptor holds the folder too. So a run that was killed holds
        it until its helper process has cleaned up; this call waits for that.

        Raises
        ------
        FolderInUse
            A running stack holds the folder.
        InvalidRequest
            There can be no folder: a file is in the way, or rights or room are missing.
        """
        self._close_to_others()
        descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._acquire(descriptor)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield descriptor
        finally:
            os.close(descriptor)

    def _acquire(self, descriptor: int) -> None:
        deadline = time.monotonic() + _LOCK_PATIENCE_S
        while not lock_descriptor(descriptor, blocking=False):
            holder = os.pread(descriptor, 32, 0).decode() or "unknown"
            if _is_alive(holder) or time.monotonic() > deadline:
                raise FolderInUse(
                    f"{self.root} is in use by process {holder}; stop it, or give another "
                    "folder with --data."
                )
            time.sleep(0.1)

    def _close_to_others(self) -> None:
        """Close to other users what is inside; a folder that was there before stays as it is."""
        make_folder(self.root, "--data", mode=0o700)
        for folder in (self.redis, self.s3, self.logs, self.root / "work"):
            make_private_folder(folder)
        for file in self.root.glob(f"{self.database.name}*"):
            file.chmod(0o600)

    def load_credentials(self) -> Credentials:
        """Read the folder's keys, and make those that are not there. Call it under the lock."""
        path = self.credentials_file
        found = _read_json(path) if path.exists() else {}
        # A folder of an earlier version lacks the newer ones.
        wanted = {**asdict(Credentials.new()), **found}
        if wanted != found:
            write_json(path, wanted)
        return Credentials(**wanted)

    def choose_database(self, asked: Database | None) -> Database:
        """Choose what the folder was begun with; SQLite for a new folder, unless asked otherwise.

        Raises
        ------
        Conflict
            The folder holds a database of the other kind.
        """
        files = {Database.SQLITE: self.database, Database.POSTGRESQL: self.postgres / "data"}
        begun = next((kind for kind, file in files.items() if file.exists()), None)
        if begun is not None and asked not in {begun, None}:
            raise Conflict(
                f"{self.root} was begun with --database {begun} and its rows are there; start it "
                "with that, or give another folder with --data."
            )
        return begun or asked or Database.SQLITE

    def choose_ports(self, gateway: int) -> Ports:
        """Choose the last run's ports if all are free, else others; 0 means any gateway port."""
        last = self.read_run().get("ports", {})
        kept = [port for port in last.values() if isinstance(port, int) and is_free(port)]
        # All or none: SeaweedFS names a folder and sockets by its ports.
        numbers = kept if len(kept) == 7 else find_free_ports(7)
        redis, postgres, *weed = numbers
        chosen = gateway or find_free_ports(1)[0]
        return Ports(gateway=chosen, redis=redis, postgres=postgres, weed=WeedPorts(*weed))

    def read_run(self) -> dict[str, Any]:
        """Read what the latest run wrote about itself; empty before the first run."""
        return _read_json(self.run_file) if self.run_file.exists() else {}

    def write_run(self, state: str, ports: Ports, url: str) -> None:
        """Write the state of this run: starting, ready, stopping or stopped."""
        inner = {"redis": ports.redis, "postgres": ports.postgres, **asdict(ports.weed)}
        body = {"pid": os.getpid(), "state": state, "url": url, "ports": inner}
        write_json(self.run_file, body)


def make_folder(folder: Path, option: str, *, mode: int = 0o777) -> None:
    """Make a folder if it is not there; `option` is what its caller named it with.

    Raises
    ------
    InvalidRequest
        There can be no folder: a file is in the way, or rights or room are missing.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise InvalidRequest(f"{there} is a file; name a folder with {option}.")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        raise InvalidRequest(
            f"{folder} cannot be made: {error.strerror}; name another folder with {option}."
        ) from error


def write_json(path: Path, body: Mapping[str, Any]) -> None:
    """Write JSON that only the owner may read, all or nothing."""
    write_private(path, json.dumps(body, indent=2))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        body = json.loads(path.read_text())
    except ValueError as error:
        raise InvalidRequest(
            f"{path} is not JSON; restore it, or remove it together with the data beside it."
        ) from error
    if not isinstance(body, dict):
        raise InvalidRequest(f"{path} should hold a JSON object.")
    return body


def _is_alive(pid: str) -> bool:
    return pid.isdecimal() and psutil.pid_exists(int(pid))


def require_free_port(port: int) -> None:
    """Refuse a gateway port that something already listens on, before anything starts."""
    if port and not is_free(port):
        raise InvalidRequest(
            f"Port {port} of this machine is taken; stop what listens there, or give another "
            "with --port (0 takes any free one)."
        )
