"""Keys, rates and repeated requests over several processes of the gateway, on real servers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select
from tests.databases import create_database
from tests.integration.gateway.test_gateway_cli import wait_for
from tests.unit.gateway.conftest import CARD

from syntrust_core.contracts.base import Kind, Queue, Ref
from syntrust_core.runtime.coordination import RedisCoordinator
from syntrust_core.runtime.runner import publish_imported
from syntrust_core.settings import StorageSettings
from syntrust_core.storage.s3 import S3Store
from syntrust_gateway.auth.rates import RequestRates, SharedRates
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.db.migrations import migrate
from syntrust_gateway.db.session import Sessions, make_engine, session_factory
from syntrust_gateway.db.tables import (
    Case,
    CaseState,
    Client,
    Dataset,
    DatasetState,
    Experiment,
    Role,
)
from syntrust_gateway.errors import TooManyRequests
from syntrust_standalone.servers import S3Access, find_free_ports

ADMIN_KEY = "an-admin-key-of-thirty-two-characters-and-more"
ADMIN = {"Authorization": f"Bearer {ADMIN_KEY}"}
GRID = {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]}
PATIENCE_S = 60.0


@dataclass
class Gateways:
    """Two processes of the API on one database."""

    urls: list[str]
    processes: list[subprocess.Popen[bytes]]
    sessions: Sessions
    dataset: str

    def ask(self, process: int, method: str, path: str, **options: Any) -> httpx.Response:
        headers = ADMIN | options.pop("headers", {})
        url = self.urls[process] + path
        return httpx.request(method, url, headers=headers, timeout=PATIENCE_S, **options)

    def experiments(self, name: str) -> int:
        with self.sessions() as session:
            query = select(func.count()).select_from(Experiment).where(Experiment.name == name)
            return session.scalar(query) or 0


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database for all tests of this file."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('database') / 'gateway.sqlite'}"
    return create_database(request.getfixturevalue("postgres_server"))


@pytest.fixture(scope="module")
def gateways(
    database: str, s3_access: S3Access, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateways]:
    folder, bucket = tmp_path_factory.mktemp("gateways"), f"test-{uuid4().hex}"
    migrate(database)
    engine = make_engine(database)
    sessions = session_factory(engine)
    env = {
        **os.environ,
        "SYNTRUST_STORAGE__ENDPOINT": s3_access.endpoint,
        "SYNTRUST_STORAGE__BUCKET": bucket,
        "SYNTRUST_STORAGE__ACCESS_KEY": s3_access.access_key,
        "SYNTRUST_STORAGE__SECRET_KEY": s3_access.secret_key,
        "SYNTRUST_QUEUE__URL": valkey_url.removesuffix("/0") + "/6",
        "SYNTRUST_GATEWAY__DATABASE_URL": database,
        "SYNTRUST_GATEWAY__ADMIN_KEY": ADMIN_KEY,
    }
    publish_generator(s3_access, bucket, folder)
    with ExitStack() as stack:
        ports = find_free_ports(2)
        processes = [stack.enter_context(serving(port, env, folder)) for port in ports]
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        for url in urls:
            wait_for(url)
        yield Gateways(urls, processes, sessions, add_dataset(sessions))
        for process in processes:
            process.kill()
    engine.dispose()


def serving(port: int, env: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "syntrust_gateway", "serve", "--port", str(port)]
    with (folder / f"{port}.log").open("wb") as log:
        return subprocess.Popen(command, env=env, stdout=log, stderr=log)


def publish_generator(access: S3Access, bucket: str, folder: Path) -> None:
    """A generator named `tiny`, as far as planning reads it."""
    storage = StorageSettings(
        endpoint=access.endpoint,
        bucket=bucket,
        access_key=access.access_key,
        secret_key=SecretStr(access.secret_key),
    )
    store = S3Store(storage)
    store.ensure_bucket()
    ref = Ref(kind=Kind.IMPORTED_MODEL, id="9" * 64)
    card = folder / "card.json"
    card.write_text(json.dumps(CARD))
    publish_imported(store, ref, {"card.json": card})
    entry = json.dumps({"id": ref.id, "kind": "generator"})
    store.put("models/names/tiny.json", entry.encode())


def add_dataset(sessions: Sessions) -> str:
    with sessions.begin() as session:
        owner = session.scalars(select(Client.id).where(Client.name == "admin")).one()
        dataset = Dataset(name="d", grid=GRID, scheme="auto", owner=owner)
        dataset.state, dataset.digest = DatasetState.READY, "d" * 64
        session.add(dataset)
        session.flush()
        for n in range(4):
            record = {"fingerprint": f"{n:064d}", "scheme": {"NCR": 1}, "canonical": GRID}
            case = Case(dataset_id=dataset.id, case_id=f"c{n}", files={}, record=record)
            case.state, case.step = CaseState.READY, f"{n:064d}"
            session.add(case)
        return dataset.id


def until(condition: Callable[[], bool]) -> None:
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.05)


def request_experiment(gateways: Gateways, process: int, name: str) -> httpx.Response:
    body = {"dataset": gateways.dataset, "alphas": [0, 1], "name": name}
    headers = {"Idempotency-Key": f'"{name}"'}
    return gateways.ask(process, "POST", "/experiments", json=body, headers=headers)


def test_a_key_that_is_revoked_at_one_process_is_refused_by_the_other_at_once(
    gateways: Gateways,
) -> None:
    for n in range(5):
        key = gateways.ask(0, "POST", "/admin/keys", json={"client": "admin"}).json()
        headers = {"Authorization": f"Bearer {key['key']}"}

        before = gateways.ask(1, "GET", "/datasets", headers=headers)
        gateways.ask(0, "DELETE", f"/admin/keys/{key['id']}")
        after = gateways.ask(1, "GET", "/datasets", headers=headers)

        assert (before.status_code, after.status_code) == (200, 401), n


def test_twenty_identical_requests_at_once_make_one_experiment(gateways: Gateways) -> None:
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(request_experiment, gateways, n % 2, "at once") for n in range(20)]
        answers = [each.result() for each in asked]
    later = [request_experiment(gateways, process, "at once") for process in (0, 1)]

    codes = {answer.status_code for answer in answers}
    accepted = {answer.content for answer in answers if answer.status_code == 202}
    assert codes <= {202, 409}
    assert 202 in codes
    assert {answer.content for answer in later} == accepted
    assert len(accepted) == 1
    assert gateways.experiments("at once") == 1


def test_counts_of_processes_make_one_rate(valkey_url: str) -> None:
    caller = Caller(id=uuid4().int % 10**6, name="hospital", role=Role.USER)
    url = valkey_url.removesuffix("/0") + "/7"
    shared = [SharedRates(url) for _ in range(2)]
    first, second = (RequestRates(10, each) for each in shared)
    for _ in range(9):
        first.count(caller)

    def refused() -> bool:
        try:
            second.count(caller)
        except TooManyRequests as error:
            return error.retry_after_s > 0
        return False

    # It hears of the other's requests within moments, before it has sent ten of its own.
    sent = 0
    while not refused():
        sent += 1
        until(shared[1].is_idle)
    for each in shared:
        each.close()

    assert sent < 9


def test_without_redis_each_process_has_the_rate_for_itself() -> None:
    caller = Caller(id=1, name="hospital", role=Role.USER)
    shared = SharedRates("redis://127.0.0.1:9/0")
    rates = RequestRates(3, shared)

    for _ in range(3):
        rates.count(caller)
    with pytest.raises(TooManyRequests):
        rates.count(caller)
    shared.close()


def test_who_holds_a_lease_is_known_while_it_is_held(valkey_url: str) -> None:
    coordinator = RedisCoordinator.at(valkey_url.removesuffix("/0") + "/7")
    step = uuid4().hex
    coordinator.worker_alive(Queue.METRICS, "metrics-here-7-0")

    coordinator.acquire_lease(step, "token")
    holder = coordinator.holders()[step]
    coordinator.acquire_lease(step, "token")
    renewed = coordinator.holders()[step]
    coordinator.release_lease(step, "token")

    assert (holder.host, holder.worker) == (socket.gethostname(), os.getppid())
    assert renewed == holder
    assert step not in coordinator.holders()
    assert coordinator.worker_names(Queue.METRICS) == ["metrics-here-7-0"]


def test_a_request_that_is_repeated_after_a_kill_makes_one_experiment(
    gateways: Gateways,
) -> None:
    """It comes last: one of the processes is gone after it."""
    name = "killed"

    def ask_the_one_that_dies() -> None:
        with suppress(httpx.TransportError):
            while True:
                request_experiment(gateways, 0, name)

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask_the_one_that_dies) for _ in range(4)]
        try:
            until(lambda: gateways.experiments(name) > 0)
        finally:
            gateways.processes[0].send_signal(signal.SIGKILL)
        for each in asked:
            each.result()
    until(lambda: request_experiment(gateways, 1, name).status_code == 202)

    assert gateways.experiments(name) == 1
