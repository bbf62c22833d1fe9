"""Other users of the machine reach every port, and read, write and delete nothing.

The same tries with the stack's own keys do work, so they are the right ones.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from pydantic import SecretStr
from tests.integration.standalone.other_user import GREETING, Plan, sign_token

from syntrust_core.settings import StorageSettings
from syntrust_core.storage.s3 import S3Store
from syntrust_standalone.security.certificates import make_certificates
from syntrust_standalone.servers import HOST, weed_binary

SCRIPT = Path(__file__).with_name("other_user.py")
PATIENCE_S = 60
BYTES = b"a volume of a patient"
GRPC = 10_000
GRPC_SOCKET = "-grpc-"

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become another user; run it as root"
)


class Target:
    """A running stack, and an object in a bucket of its store."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.keys = json.loads((data / "credentials.json").read_text())
        run = json.loads((data / "run.json").read_text())
        self.ports: dict[str, int] = {**run["ports"], "gateway": int(run["url"].rpartition(":")[2])}
        supervisor = psutil.Process(run["pid"])
        self.processes = [supervisor, *supervisor.children(recursive=True)]
        self.bucket, self.key = f"probe-{uuid4().hex}", "case"
        self.store = self._store()
        self.store.ensure_bucket()
        self.store.put(self.key, BYTES)

    def _store(self) -> S3Store:
        settings = StorageSettings(
            endpoint=f"http://{HOST}:{self.ports['s3']}",
            bucket=self.bucket,
            access_key=self.keys["s3_access_key"],
            secret_key=SecretStr(self.keys["s3_secret_key"]),
        )
        return S3Store(settings)

    def shell(self, *commands: str) -> str:
        """Run commands of `weed shell`, which speaks gRPC, with the stack's own certificate."""
        return weed_shell(self.ports["master"], commands, self.data / "s3")

    def fid(self) -> str:
        """Find by which name the volume server knows the object's bytes."""
        told = self.shell(f"fs.meta.cat /buckets/{self.bucket}/{self.key}")
        found = re.search(r'"fileId":\s*"([^"]+)"', told)
        assert found, told
        return found[1]

    def listening(self) -> tuple[set[int], set[str]]:
        """List the ports and the socket files at which any process of the stack listens."""
        connections = [c for p in self.processes for c in p.net_connections("all")]
        ports = {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN}
        return ports, {c.laddr for c in connections if isinstance(c.laddr, str) and c.laddr}

    def plan(self) -> Plan:
        """Plan the tries of a stranger."""
        ports, sockets = self.listening()
        return Plan(
            uid=pwd.getpwnam("nobody").pw_uid,
            ports=sorted(ports),
            sockets=sorted(sockets),
            processes=[process.pid for process in self.processes],
            bucket=self.bucket,
            key=self.key,
            fid=self.fid(),
            certificate=[],
            tokens={},
            redis_password="",
        )

    def own_plan(self) -> Plan:
        """Plan the same tries with the stack's own keys, as its own user."""
        folder, plan = self.data / "s3", self.plan()
        keys = tomllib.loads((folder / "security.toml").read_text())["jwt"]["signing"]
        return replace(
            plan,
            uid=os.getuid(),
            certificate=[str(folder / "certificate.pem"), str(folder / "key.pem")],
            tokens={
                "read": sign_token(keys["read"]["key"], plan.fid),
                "write": sign_token(keys["key"], plan.fid),
            },
            redis_password=self.keys["redis_password"],
        )

    def named(self, succeeded: Sequence[str]) -> set[str]:
        """Say the servers' names for their ports."""
        names = {str(port): name for name, port in self.ports.items()}
        names |= {str(port + GRPC): f"{name}-grpc" for name, port in self.ports.items()}
        parts = (line.partition(" ") for line in succeeded)
        return {f"{names.get(port, port)} {what}" for port, _, what in parts}


def weed_shell(master: int, commands: Sequence[str], folder: Path) -> str:
    argv = [str(weed_binary()), "shell", f"-master={HOST}:{master}"]
    done = subprocess.run(
        argv,
        input="\n".join(commands) + "\n",
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    return done.stdout + done.stderr


def attempt(plan: Plan) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT)],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    succeeded: list[str] = json.loads(done.stdout)
    return succeeded


@pytest.fixture
def target(stack: Path) -> Target:
    return Target(stack)


# What stays open, as SECURITY.md says: figures of disk and volumes, that S3 is alive, and the page,
# which holds nothing of anybody until one signs in.
OPEN = {
    "volume http read GET /status",
    "s3 http read GET /status",
    "gateway http read GET /",
}


@needs_root
def test_another_user_reads_writes_and_deletes_nothing_through_any_port(
    target: Target, tmp_path: Path
) -> None:
    made = make_certificates("syntrust-s3")  # of the right name, but of another authority
    foreign = [tmp_path / "certificate", tmp_path / "key"]
    foreign[0].write_text(made.certificate)
    foreign[1].write_text(made.key)
    stranger = target.plan()
    forger = replace(stranger, certificate=[str(path) for path in foreign])

    with ThreadPoolExecutor(2) as threads:  # both wait for most of their time
        succeeded, with_foreign = threads.map(attempt, (stranger, forger))
    left = target.shell(f"fs.ls /buckets/{target.bucket}").split()

    assert any(GRPC_SOCKET in path for path in stranger.sockets)
    assert target.named(succeeded) == OPEN
    assert target.named(with_foreign) == OPEN
    assert target.store.get(target.key) == BYTES
    assert target.key in left
    assert f"{target.key}-new" not in left


def test_every_listening_port_is_one_that_the_tries_are_made_for(target: Target) -> None:
    weed = {target.ports[name] for name in ("s3", "master", "volume", "filer", "admin")}
    known = weed | {port + GRPC for port in weed} | {target.ports["redis"], target.ports["gateway"]}

    ports, sockets = target.listening()

    assert ports == known
    assert all(Path(path).stat().st_mode & 0o077 == 0 for path in sockets if Path(path).exists())


def greet(path: str) -> bytes:
    """Greet a socket file as HTTP/2 does, and give what it answers before it hangs up."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_S)
        connection.connect(path)
        connection.sendall(GREETING)
        return connection.recv(100)


def test_the_socket_files_of_grpc_are_private_and_want_a_certificate_too(target: Target) -> None:
    # SeaweedFS puts them into /tmp, whatever TMPDIR says.
    paths = [path for path in target.listening()[1] if GRPC_SOCKET in path]

    assert len(paths) >= 3
    assert all(Path(path).stat().st_mode & 0o077 == 0 for path in paths)
    assert {greet(path) for path in paths} == {b""}


def test_the_same_tries_work_with_the_keys_of_the_stack(target: Target) -> None:
    plan = target.own_plan()
    fid = plan.fid

    succeeded = target.named(attempt(plan))
    target.store.put("case", BYTES)
    read = target.store.get("case")
    target.store.delete("case")

    grpc = ("master", "volume", "filer", "s3", "admin")
    assert {f"{name}-grpc grpc over https" for name in grpc} <= succeeded
    assert {f"redis redis {verb}" for verb in ("read", "write", "delete", "settings")} <= succeeded
    assert {
        f"volume http read GET /{fid}",
        f"volume http write POST /{fid}",
        f"volume http delete DELETE /{fid}",
        "master https read GET /cluster/status",
    } <= succeeded
    assert (read, target.store.exists("case")) == (BYTES, False)


def test_grpc_reads_writes_and_deletes_with_the_certificate(target: Target) -> None:
    folder = f"/buckets/{target.bucket}"

    before = target.shell(f"fs.ls {folder}", f"fs.cat {folder}/{target.key}")
    target.shell(f"fs.mkdir {folder}/made", f"fs.rm {folder}/{target.key}")
    after = target.shell(f"fs.ls {folder}").split()

    assert target.key in before.split()
    assert BYTES.decode() in before
    assert "made" in after
    assert not target.store.exists(target.key)


def test_no_command_line_holds_a_key(target: Target) -> None:
    secrets: dict[str, Any] = tomllib.loads((target.data / "s3" / "security.toml").read_text())
    hidden = [*target.keys.values(), secrets["jwt"]["signing"]["key"]]

    lines = " ".join(word for process in target.processes for word in process.cmdline())

    assert "weed" in lines
    assert not [key for key in hidden if key in lines]
