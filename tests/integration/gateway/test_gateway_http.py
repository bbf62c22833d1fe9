"""The API over HTTP on real servers: object store, Redis, and both kinds of database."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from redis import Redis
from sqlalchemy import select
from tests.answer_schemas import check_received

from syntrust_core.cases.file_roles import find_files
from syntrust_core.contracts.base import Kind
from syntrust_core.contracts.registry import parse_message
from syntrust_core.contracts.uploads import content_key
from syntrust_core.runtime.coordination import RedisCoordinator
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.queue import CeleryQueue
from syntrust_core.runtime.runner import Outcome, run_step
from syntrust_core.settings import QueueSettings, StorageSettings
from syntrust_core.storage.s3 import S3Store
from syntrust_gateway.app import create_app
from syntrust_gateway.auth.service import create_client
from syntrust_gateway.container import Container
from syntrust_gateway.db.content_tables import Content
from syntrust_gateway.db.migrations import migrate
from syntrust_gateway.db.session import make_engine, read_factory, session_factory
from syntrust_gateway.db.tables import (
    Dataset,
    DatasetState,
    Experiment,
    Role,
    RunState,
    Step,
    StepState,
)
from syntrust_gateway.orchestrator import Orchestrator
from syntrust_gateway.orchestrator.reconcile import Servers
from syntrust_gateway.trust_score.service import ScorerPool
from syntrust_metrics.receiving import receive_upload
from syntrust_metrics.tasks import inspect_case
from syntrust_standalone.phantoms import PhantomOptions, make_cohort

GRID = {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]}


@dataclass
class Clock:
    """A time that passes when it is told to."""

    elapsed_s: float = 0.0


@dataclass
class Gateway:
    """A running API with the servers behind it, and a caller's client."""

    container: Container
    store: S3Store
    orchestrator: Orchestrator
    clock: Clock
    http: httpx.Client

    def tick(self) -> None:
        """Tick, and let the time pass until everything is due again."""
        self.orchestrator.tick()
        self.clock.elapsed_s += 60

    def new_dataset(self) -> str:
        body = self.http.post("/datasets", json={"name": "d", "grid": GRID}).json()
        identity: str = body["id"]
        return identity

    def register(self, dataset: str, case: str, files: dict[str, bytes]) -> dict[str, Any]:
        announced = {
            role: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for role, content in files.items()
        }
        answer = self.http.post(f"/datasets/{dataset}/cases", json={"id": case, "files": announced})
        assert answer.status_code == 201, answer.text
        targets: dict[str, Any] = answer.json()
        return targets


@pytest.fixture
def gateway(database_url: str, storage: StorageSettings, valkey_url: str) -> Iterator[Gateway]:
    migrate(database_url)
    engine = make_engine(database_url)
    redis_url = valkey_url.removesuffix("/0") + "/5"
    Redis.from_url(redis_url).flushdb()
    store, coordinator = S3Store(storage), RedisCoordinator.at(redis_url)
    store.ensure_bucket()
    container = Container(session_factory(engine), read_factory(engine), store, coordinator)
    with container.write.begin() as session:
        key = create_client(session, "hospital", Role.USER)
    clock = Clock()
    queue = CeleryQueue(QueueSettings(url=redis_url))
    servers = Servers(store, coordinator, queue, monotonic=lambda: clock.elapsed_s)
    orchestrator = Orchestrator(container.write, container.read, servers)
    headers = {"Authorization": f"Bearer {key}"}
    hooks = {"response": [check_received]}
    with (
        served(container) as url,
        httpx.Client(base_url=url, headers=headers, timeout=120, event_hooks=hooks) as http,
    ):
        yield Gateway(container, store, orchestrator, clock, http)
    engine.dispose()


@contextmanager
def served(container: Container) -> Iterator[str]:
    """The API in a thread of this process, on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        create_app(container, ScorerPool()), log_config=None, timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture(scope="session")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Content by role of one phantom case on the grid of the tests."""
    folder = tmp_path_factory.mktemp("phantom")
    (case,) = make_cohort(folder, seed=5, count=1, options=PhantomOptions.demo())
    files, _ = find_files(case)
    return {role: path.read_bytes() for role, path in files.items()}


WORK = {Kind.RECEIVE_UPLOAD: receive_upload, Kind.INSPECT_CASE: inspect_case}


def work_on_waiting(gateway: Gateway, scratch: Path) -> list[Outcome]:
    """What a metrics worker would do with every step that waits."""
    with gateway.container.read() as session:
        query = select(Step).where(Step.state == StepState.WAITING)
        steps = [(Kind(step.kind), step.message) for step in session.scalars(query)]
    outcomes = [
        run_step(
            parse_message(kind, message),
            WORK[kind],
            store=gateway.store,
            coordinator=gateway.container.coordinator,
            cache=InputCache(gateway.store, scratch / "cache", limit_bytes=1 << 30),
            scratch=scratch,
        )
        for kind, message in steps
    ]
    gateway.container.coordinator.release_due()
    return outcomes


def settle(gateway: Gateway, dataset: str, scratch: Path) -> dict[str, Any]:
    """Commit the dataset and have it received and inspected."""
    answer = gateway.http.post(f"/datasets/{dataset}/commit")
    assert answer.status_code == 202, answer.text
    for _ in range(3):
        gateway.tick()
        work_on_waiting(gateway, scratch)
    gateway.tick()
    body: dict[str, Any] = gateway.http.get(f"/datasets/{dataset}").json()
    return body


def put_all(targets: dict[str, Any], files: dict[str, bytes]) -> None:
    for role, target in targets.items():
        if target["url"] is not None:
            assert httpx.put(target["url"], content=files[role]).status_code == 200


def test_an_uploaded_case_is_inspected_and_its_dataset_ready(
    gateway: Gateway, phantom: dict[str, bytes], tmp_path: Path
) -> None:
    dataset = gateway.new_dataset()
    put_all(gateway.register(dataset, "case-a", phantom), phantom)

    body = settle(gateway, dataset, tmp_path)

    (case,) = body["cases"]
    assert (body["state"], case["state"], case["problems"]) == ("ready", "ready", [])
    assert len(body["digest"]) == 64
    assert case["region_volumes_ml"]["ED"] > 0
    assert body["progress"] == {"inspected": 1, "total": 1}


def test_content_that_is_not_what_was_announced_is_refused_and_can_be_mended(
    gateway: Gateway, phantom: dict[str, bytes], tmp_path: Path
) -> None:
    dataset = gateway.new_dataset()
    damaged = phantom | {"t2": phantom["t2"][:-1] + bytes([phantom["t2"][-1] ^ 1])}
    put_all(gateway.register(dataset, "case-a", phantom), damaged)

    refused = settle(gateway, dataset, tmp_path)
    targets = gateway.register(dataset, "case-a", phantom)
    put_all(targets, phantom)
    mended = settle(gateway, dataset, tmp_path)

    (problem,) = refused["cases"][0]["problems"]
    assert (refused["state"], refused["cases"][0]["state"]) == ("open", "refused")
    assert (problem["file"], problem["field"]) == ("t2", "sha256")
    assert [role for role, target in targets.items() if target["url"] is not None] == ["t2"]
    assert (mended["state"], mended["cases"][0]["problems"]) == ("ready", [])


def test_another_dataset_is_not_harmed_by_a_damaged_upload_of_the_same_file(
    gateway: Gateway, phantom: dict[str, bytes], tmp_path: Path
) -> None:
    first, second = gateway.new_dataset(), gateway.new_dataset()
    damaged = phantom | {"t1": phantom["t1"][:-1] + bytes([phantom["t1"][-1] ^ 1])}
    put_all(gateway.register(first, "case-a", phantom), damaged)
    settle(gateway, first, tmp_path)
    put_all(gateway.register(second, "case-a", phantom), phantom)

    body = settle(gateway, second, tmp_path)

    assert (body["state"], body["cases"][0]["problems"]) == ("ready", [])


def test_zeros_under_the_hashes_of_another_client_give_nothing_and_harm_nobody(
    gateway: Gateway, phantom: dict[str, bytes], tmp_path: Path
) -> None:
    with gateway.container.write.begin() as session:
        key = create_client(session, "elsewhere", Role.USER)
    headers = {"Authorization": f"Bearer {key}"}
    zeros = {role: bytes(len(content)) for role, content in phantom.items()}
    with httpx.Client(base_url=gateway.http.base_url, headers=headers, timeout=120) as http:
        stranger = replace(gateway, http=http)
        claimed, mine = stranger.new_dataset(), gateway.new_dataset()
        claims = stranger.register(claimed, "case-a", phantom)
        put_all(claims, zeros)
        first = settle(stranger, claimed, tmp_path)
        put_all(gateway.register(mine, "case-a", phantom), phantom)
        true = settle(gateway, mine, tmp_path)
        put_all(stranger.register(claimed, "case-a", phantom), zeros)
        second = settle(stranger, claimed, tmp_path)
        late = [httpx.put(claims["t1"]["url"], content=zeros["t1"]).status_code]

    for body in (first, second):
        (case,) = body["cases"]
        assert (case["state"], case["region_volumes_ml"]) == ("refused", None)
        assert {problem["field"] for problem in case["problems"]} == {"sha256"}
    assert (true["state"], true["cases"][0]["problems"]) == ("ready", [])
    assert late == [200]  # an orphan, which nobody reads
    for content in phantom.values():
        sha256 = hashlib.sha256(content).hexdigest()
        assert gateway.store.get(content_key(sha256)) == content
    assert len(list(gateway.store.list("staging/"))) == 1


def test_a_file_of_another_size_is_not_taken_and_stops_the_commit(
    gateway: Gateway, phantom: dict[str, bytes]
) -> None:
    dataset = gateway.new_dataset()
    targets = gateway.register(dataset, "case-a", phantom)
    seg = targets.pop("seg")["url"]
    put_all(targets, phantom)

    puts = [httpx.put(seg, content=content) for content in (b"cut off", phantom["seg"] + b"\0")]
    answer = gateway.http.post(f"/datasets/{dataset}/commit")

    assert [put.status_code for put in puts] == [403, 403]
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/cases/case-a/files/seg"]


def test_cases_may_be_registered_all_at_once(gateway: Gateway) -> None:
    dataset = gateway.new_dataset()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: gateway.register(dataset, f"case-{n}", {"t1": b"x"}), range(32)))

    body = gateway.http.get(f"/datasets/{dataset}").json()
    assert len(body["cases"]) == 32


def test_of_cases_registered_during_a_commit_none_is_left_behind(
    gateway: Gateway,
) -> None:
    dataset = gateway.new_dataset()
    prove(gateway, dataset, b"x")
    assert gateway.register(dataset, "first", {"t1": b"x"})["t1"]["url"] is None
    added: list[int] = []

    def add(number: int) -> None:
        file = {"sha256": hashlib.sha256(b"x").hexdigest(), "bytes": 1}
        body = {"id": f"case-{number}", "files": {"t1": file}}
        answer = gateway.http.post(f"/datasets/{dataset}/cases", json=body)
        added.append(answer.status_code)

    with ThreadPoolExecutor(8) as pool:
        pool.map(add, range(16))
        commit = pool.submit(gateway.http.post, f"/datasets/{dataset}/commit")

    body = gateway.http.get(f"/datasets/{dataset}").json()
    assert commit.result().status_code == 202
    assert set(added) <= {201, 409}
    assert {case["state"] for case in body["cases"]} == {"inspecting"}
    assert len(body["cases"]) == 1 + added.count(201)


def prove(gateway: Gateway, dataset: str, content: bytes) -> None:
    """What receiving `content` of the dataset's owner leaves behind."""
    sha256 = hashlib.sha256(content).hexdigest()
    gateway.store.put(content_key(sha256), content)
    with gateway.container.write.begin() as session:
        owner = session.get_one(Dataset, dataset).owner
        session.add(Content(owner=owner, sha256=sha256, bytes=len(content)))


def test_events_tell_each_change_and_end_with_the_experiment(gateway: Gateway) -> None:
    experiment = make_experiment(gateway, gateway.new_dataset())
    seen = []

    with gateway.http.stream("GET", f"/experiments/{experiment}/events") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                seen.append(json.loads(line.removeprefix("data: "))["state"])
                change(gateway, experiment, len(seen))

    assert seen == ["queued", "running", "succeeded"]


def make_experiment(gateway: Gateway, dataset: str) -> str:
    with gateway.container.write.begin() as session:
        owner = session.get_one(Dataset, dataset).owner
        experiment = Experiment(dataset_id=dataset, spec={"alphas": ["0"]}, owner=owner)
        session.add(experiment)
        session.flush()
        return experiment.id


def change(gateway: Gateway, experiment: str, number: int) -> None:
    states = [RunState.RUNNING, RunState.SUCCEEDED]
    with gateway.container.write.begin() as session:
        session.get_one(Experiment, experiment).state = states[min(number, 2) - 1]


def test_a_watched_experiment_does_not_keep_the_server_from_stopping(gateway: Gateway) -> None:
    experiment = make_experiment(gateway, gateway.new_dataset())

    with served(gateway.container) as url:
        stream = gateway.http.stream("GET", f"{url}/experiments/{experiment}/events")
        with stream as answer:
            assert next(answer.iter_lines()) == "event: state"

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health/live")


def test_an_experiment_needs_a_generator_that_a_worker_published(gateway: Gateway) -> None:
    dataset = gateway.new_dataset()
    with gateway.container.write.begin() as session:
        row = session.get_one(Dataset, dataset)
        row.state, row.digest = DatasetState.READY, "d" * 64

    answer = gateway.http.post("/experiments", json={"dataset": dataset, "alphas": [0]})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/generator/model"


def test_every_server_behind_it_is_ready(gateway: Gateway) -> None:
    gateway.tick()

    body = gateway.http.get("/health/ready").json()

    asked = ("database", "store", "queue", "orchestrator", "clocks")
    assert body["checks"] == dict.fromkeys(asked, "ok")
    # What Redis measured is a time.
    assert 0 <= (gateway.container.coordinator.tick_age_s() or -1) < 60
