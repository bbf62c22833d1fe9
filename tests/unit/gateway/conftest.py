"""The API on a database of each kind and doubles of the servers, asked without a network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import anyio
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from structlog.testing import capture_logs
from tests.answer_schemas import Answered, check_answer
from tests.databases import PostgresDatabases, SqliteFiles
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness

from syntrust_core.contracts.base import FileInfo, Kind, Manifest, Provenance, Ref
from syntrust_core.testing import MemoryCoordinator, MemoryStore
from syntrust_gateway.app import create_app
from syntrust_gateway.auth.service import create_client
from syntrust_gateway.container import Container
from syntrust_gateway.db.session import read_factory, session_factory
from syntrust_gateway.db.tables import (
    Case,
    CaseState,
    Dataset,
    DatasetState,
    Experiment,
    Role,
    RunState,
    Step,
    StepState,
)
from syntrust_gateway.trust_score.service import ScorerPool

NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

CARD: Final = {
    "domain": {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0], "view": "brain"},
    "architecture": {"base_channels": 16},
    "recipe": {"learning_rate": 0.001},
    "default": {"sampler": "ddim", "steps": 10},
    "schedule_steps": 250,
    "parameters": 7,
    "seen": [{"id": "seen-0", "fingerprint": "f" * 64}, {"id": "seen-1", "fingerprint": None}],
}
"""What the gateway reads of a generator's card."""

SEGMENTER_CARD: Final = {
    "config": {"preset": "tiny", "head": "labels", "feature_size": 12},
    "grid": {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]},
    "parameters": 11,
    "training_images": ["a (real)", "a (twin)", "b (twin)"],
    "training_digest": "5" * 64,
    "validation_dice": {"real": {"ET": 0.5, "ED": None}},
    "weights_digest": "6" * 64,
    "versions": {"torch": "2", "revision": "abc123"},
}
"""The same of a segmenter's."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What uses a database runs on each kind, unless its module is marked otherwise."""
    if "new_engine" in metafunc.fixturenames:
        kinds = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
        either = metafunc.definition.get_closest_marker("any_database") is not None
        metafunc.parametrize("new_engine", kinds[:1] if either else kinds, indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks back at every other test of the API runs last."""
    items.sort(key=lambda item: item.path.name == "test_every_operation.py")


ANSWERED: Final[set[Answered]] = set()
"""What was answered, and proved to be as documented, in this run."""


class Api:
    """A caller of the API; `key` None sends none. Every answer must be as documented."""

    def __init__(self, app: FastAPI, key: str | None) -> None:
        self._app, self.key = app, key

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            # Loading certificates for nothing would take most of a test's time.
            async with httpx.AsyncClient(
                transport=transport,
                base_url="http://gateway",
                verify=False,  # noqa: S501
            ) as client:
                return await client.request(method, path, **options)

        given = options.pop("headers", {})
        own = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        options["headers"] = own | given
        answer = anyio.run(ask)
        ANSWERED.add(check_answer(answer))
        return answer

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """What was logged. Rendering the tracebacks of provoked failures would take seconds."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    return SqliteFiles(tmp_path_factory.mktemp("database"))


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: str) -> Iterator[PostgresDatabases]:
    with closing(PostgresDatabases(postgres_server)) as databases:
        yield databases


@pytest.fixture
def new_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Engine]]:
    """Give an engine of a database with tables and no rows, another at each call."""
    numbers = count()
    with ExitStack() as used:

        def make() -> Engine:
            if request.param == "postgresql":
                databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
                engine = databases.hand_out(next(numbers))
            else:
                files: SqliteFiles = request.getfixturevalue("sqlite_files")
                engine = files.hand_out(tmp_path, next(numbers))
            # With it go the connections that an API keeps to look up keys.
            used.callback(engine.dispose)
            return engine

        yield make


@pytest.fixture(scope="session")
def scorers() -> Iterator[ScorerPool]:
    """One pool of processes for all tests."""
    with closing(ScorerPool()) as pool:
        yield pool


@pytest.fixture
def container(
    new_engine: Callable[[], Engine],
    store: MemoryStore,
    coordinator: MemoryCoordinator,
) -> Container:
    engine = new_engine()
    return Container(
        write=session_factory(engine),
        read=read_factory(engine),
        store=store,
        coordinator=coordinator,
        max_body_bytes=100_000,
        body_timeout=timedelta(seconds=5),
        events_every=timedelta(milliseconds=1),
    )


@pytest.fixture
def app(container: Container, scorers: ScorerPool) -> FastAPI:
    return create_app(container, scorers)


@pytest.fixture
def call_as(app: FastAPI, container: Container) -> Callable[[str, Role], Api]:
    """A new client of the platform, by name and role."""

    def make(name: str, role: Role = Role.USER) -> Api:
        with container.write.begin() as session:
            return Api(app, create_client(session, name, role))

    return make


@pytest.fixture
def admin(call_as: Callable[[str, Role], Api]) -> Api:
    return call_as("root", Role.ADMIN)


@pytest.fixture
def api(call_as: Callable[[str, Role], Api]) -> Api:
    return call_as("hospital", Role.USER)


@pytest.fixture
def stranger(call_as: Callable[[str, Role], Api]) -> Api:
    return call_as("elsewhere", Role.USER)


@pytest.fixture
def nobody(app: FastAPI) -> Api:
    return Api(app, None)


@pytest.fixture
def with_changes(container: Container, scorers: ScorerPool, api: Api) -> Callable[..., Api]:
    """The same caller at an API whose collaborators differ in what is named."""

    def make(**changes: Any) -> Api:
        return Api(create_app(replace(container, **changes), scorers), api.key)

    return make


@pytest.fixture
def put_artifact(store: MemoryStore) -> Callable[[Ref, dict[str, bytes]], Manifest]:
    """Publish files as a step would."""

    def put(ref: Ref, contents: dict[str, bytes]) -> Manifest:
        files = {}
        for name, content in contents.items():
            key = ref.file_key("attempt", name)
            store.put(key, content)
            sha256 = hashlib.sha256(content).hexdigest()
            files[name] = FileInfo(key=key, bytes=len(content), sha256=sha256)
        made = Provenance(host="worker-1", started="2026-11-22T10:00:00.000+00:00", seconds=2.5)
        manifest = Manifest(kind=ref.kind, id=ref.id, attempt="attempt", files=files, made=made)
        store.put(ref.manifest_key, manifest.model_dump_json().encode())
        return manifest

    return put


@pytest.fixture
def generator(store: MemoryStore, put_artifact: Callable[[Ref, dict[str, bytes]], Manifest]) -> Ref:
    """A generator named `tiny`, as its worker publishes it."""
    ref = Ref(kind=Kind.IMPORTED_MODEL, id="9" * 64)
    put_artifact(ref, {"card.json": json.dumps(CARD).encode(), "model.safetensors": b"weights"})
    entry = {"id": ref.id, "kind": "generator"}
    store.put("models/names/tiny.json", json.dumps(entry).encode())
    return ref


@pytest.fixture
def ready_dataset(api: Api, container: Container, generator: Ref) -> str:
    """A ready dataset of ten cases of `api`, on the grid of the tiny generator."""
    grid = {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]}
    dataset_id: str = api.post("/datasets", json={"name": "d", "grid": grid}).json()["id"]
    with container.write.begin() as session:
        dataset = session.get_one(Dataset, dataset_id)
        dataset.state, dataset.digest = DatasetState.READY, "d" * 64
        for index in range(10):
            session.add(
                Case(
                    dataset_id=dataset_id,
                    case_id=f"case-{index}",
                    files={},
                    state=CaseState.READY,
                    step=f"{index:064d}",
                    record={
                        "fingerprint": f"{index:064d}",
                        "scheme": {"NCR": 1, "ED": 2, "ET": 4},
                        "canonical": grid,
                    },
                )
            )
    return dataset_id


@pytest.fixture
def case_files() -> dict[str, dict[str, Any]]:
    """Roles with the digests and sizes of files that nobody has."""
    roles = ("t1", "t1ce", "t2", "flair", "seg")
    return {
        role: {"sha256": f"{index:064d}", "bytes": 10 + index} for index, role in enumerate(roles)
    }


@pytest.fixture
def harness(tmp_path: Path, new_engine: Callable[[], Engine]) -> OrchestratorHarness:
    return OrchestratorHarness(tmp_path, new_engine())


@pytest.fixture
def ready(harness: OrchestratorHarness) -> str:
    dataset = harness.dataset()
    harness.drain()
    harness.computed.clear()
    return dataset


@pytest.fixture
def post_experiment(api: Api, ready_dataset: str) -> Callable[..., httpx.Response]:
    """Ask for an experiment on the ready dataset; fields as given."""

    def ask(**fields: Any) -> httpx.Response:
        answer: httpx.Response = api.post(
            "/experiments", json={"dataset": ready_dataset, "alphas": [0, 0.5, 1]} | fields
        )
        return answer

    return ask


@pytest.fixture
def finish(
    container: Container,
    post_experiment: Callable[..., httpx.Response],
    put_artifact: Callable[[Ref, dict[str, bytes]], Manifest],
) -> Callable[..., str]:
    """Ask for an experiment, fields as given, and let it have succeeded with these results."""

    def make(results: dict[str, Any], **fields: Any) -> str:
        identity: str = post_experiment(**fields).json()["id"]
        # Of a kind whose steps no dry run measures: its message would have to be whole.
        ref = Ref(kind=Kind.IMPORTED_MODEL, id=identity.replace("-", "").ljust(64, "b"))
        manifest = put_artifact(ref, {"results.json": json.dumps(results).encode()})
        report = Step(id=ref.id, kind=ref.kind, message={}, needs=[], state=StepState.DONE)
        report.manifest = manifest.model_dump(mode="json")
        with container.write.begin() as session:
            session.add(report)
            row = session.get_one(Experiment, identity)
            row.state, row.goal = RunState.SUCCEEDED, ref.id
        return identity

    return make
