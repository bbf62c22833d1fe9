"""The gateway's processes as an operator starts them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.otlp_collector import Collector, collecting

from syntrust_standalone.servers import find_free_ports

ADMIN_KEY = "an-admin-key-of-thirty-two-characters-and-more"
PATIENCE_S = 60


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> dict[str, str]:
    """Settings with a database, and with neither object store nor Redis anywhere."""
    database = tmp_path_factory.mktemp("gateway") / "gateway.sqlite"
    return {
        **os.environ,
        "SYNTRUST_STORAGE__ENDPOINT": "http://127.0.0.1:9",
        "SYNTRUST_STORAGE__ACCESS_KEY": "access",
        "SYNTRUST_STORAGE__SECRET_KEY": "secret-of-the-store",
        "SYNTRUST_QUEUE__URL": "redis://127.0.0.1:9/0",
        "SYNTRUST_GATEWAY__DATABASE_URL": f"sqlite:///{database}",
        "SYNTRUST_GATEWAY__ADMIN_KEY": ADMIN_KEY,
        "SYNTRUST_TRACING__ENDPOINT": collector.endpoint,
    }


def gateway(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "syntrust_gateway", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Served:
    """A running API process."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


@pytest.fixture(scope="module")
def served(env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The API on a migrated database."""
    path = tmp_path_factory.mktemp("gateway") / "log"
    assert gateway(env, "migrate").returncode == 0
    port = str(find_free_ports(1)[0])
    command = [sys.executable, "-m", "syntrust_gateway", "serve", "--port", port]
    with path.open("wb") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    wait_for(url)
    yield Served(url, process, path)
    process.kill()
    process.wait()


def wait_for(url: str) -> None:
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/health/live")
        except httpx.TransportError:
            pause.wait(0.1)
        else:
            return
    pytest.fail("the gateway did not start")


def test_scores_are_answered_with_neither_store_nor_queue(
    served: Served,
) -> None:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    cases = [
        {"id": str(n), "real": {"ET": 0.8 + n / 100}, "synthetic": {"ET": 0.9 - n / 100}}
        for n in range(4)
    ]

    scores = httpx.post(
        f"{served.url}/trust-score", json={"cases": cases}, headers=headers, timeout=PATIENCE_S
    )
    ready = httpx.get(f"{served.url}/health/ready", timeout=PATIENCE_S)

    assert scores.status_code == 200
    assert ready.status_code == 503
    assert (ready.json()["database"], ready.json()["queue"]) == ("ok", "does not answer")


def test_a_request_is_traced_by_its_route_and_shows_neither_key_nor_case(
    collector: Collector, served: Served
) -> None:
    trace, caller = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    headers = {
        "Authorization": f"Bearer {ADMIN_KEY}",
        "traceparent": f"00-{trace}-{caller}-01",
    }
    path = "/datasets/0193a5c2-7d8e-7b1a-9c3d-2f4e5a6b7c8d/cases/Doe-Jane"
    assert httpx.delete(f"{served.url}{path}", headers=headers).status_code == 404
    name = "DELETE /datasets/{dataset_id}/cases/{case_id}"
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not collector.named(name):
        assert time.monotonic() < deadline, "no trace came"
        pause.wait(0.1)

    (span,) = collector.named(name)

    assert (span.service, span.trace_id, span.parent_id) == ("syntrust-gateway", trace, caller)
    assert b"Doe" not in collector.raw
    assert ADMIN_KEY.encode() not in collector.raw
    assert "Doe" not in served.log.read_text()


def test_a_key_is_made_once_per_name_and_works(env: dict[str, str], served: Served) -> None:
    first = gateway(env, "key", "create", "hospital")
    second = gateway(env, "key", "create", "hospital", "--role", "admin")

    key = first.stdout.strip()
    answer = httpx.get(f"{served.url}/datasets", headers={"Authorization": f"Bearer {key}"})
    assert first.returncode == 0
    assert answer.status_code == 200
    assert second.returncode == 1
    assert "There is a client hospital already" in second.stderr
    assert second.stdout == ""


def test_keys_are_listed_rotated_expired_and_revoked_by_command(
    env: dict[str, str], served: Served
) -> None:
    def status(key: str) -> int:
        headers = {"Authorization": f"Bearer {key.strip()}"}
        return httpx.get(f"{served.url}/trust-factors", headers=headers).status_code

    first = gateway(env, "key", "create", "clinic", "--scope", "score", "--label", "scanner").stdout
    second = gateway(env, "key", "create", "clinic", "--further", "--days", "1").stdout
    listed = json.loads(gateway(env, "key", "list", "clinic", "--json").stdout)
    ids = {row["label"]: row["id"] for row in listed}
    third = gateway(env, "key", "rotate", ids["scanner"]).stdout
    rotated = [status(key) for key in (first, second, third)]
    expired = gateway(env, "key", "expire", ids[""], "--days", "0")
    revoked = gateway(env, "key", "revoke", "nothing")

    assert {row["label"]: row["scope"] for row in listed} == {"scanner": "score", "": "run"}
    assert rotated == [401, 200, 200]
    assert (expired.returncode, status(second)) == (0, 401)
    assert (revoked.returncode, revoked.stderr) == (1, "error: There is no key nothing.\n")


def test_a_signal_ends_it_and_its_log_holds_no_secret(served: Served) -> None:
    served.process.send_signal(signal.SIGTERM)

    assert served.process.wait(PATIENCE_S) in {0, -signal.SIGTERM}
    log = served.log.read_text()
    assert ADMIN_KEY not in log
    assert "secret-of-the-store" not in log
