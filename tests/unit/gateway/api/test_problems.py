from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from syntrust_core.contracts.base import Kind, Queue
from syntrust_core.errors import ObjectDamaged, StoreUnavailable
from syntrust_core.storage.base import ObjectInfo
from syntrust_core.testing import MemoryCoordinator, MemoryStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Step
from syntrust_gateway.observability import health


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The body of a problem, checked for what every problem must be."""
    body: dict[str, Any] = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, body["status"]) == (status, status)
    assert body["type"] == f"urn:syntrust:problem:{slug}"
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == answer.request.url.path
    return body


def is_open(method: str, path: str) -> bool:
    """Say whether a route needs no key: health, and the one that takes a key for a session."""
    return path.startswith("/health/") or (method, path) == ("post", "/session")


def test_every_route_but_health_docs_and_signing_in_needs_a_key(app: FastAPI, nobody: Any) -> None:
    operations = [
        (method, path.replace("{", "").replace("}", ""))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if not is_open(method, path)
    ]

    answers = [nobody.request(method.upper(), path) for method, path in operations]

    assert len(answers) > 10
    assert {answer.status_code for answer in answers} == {401}


def test_openapi_names_the_key_for_every_route_that_needs_one(app: FastAPI) -> None:
    document = app.openapi()
    operations = {
        (method, path): operation.get("security", [])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }

    needing = {operation for operation, security in operations.items() if security}

    assert needing == {each for each in operations if not is_open(*each)}
    named = {name for security in operations.values() for each in security for name in each}
    assert named == document["components"]["securitySchemes"].keys()


@pytest.mark.parametrize("path", ["/health/live", "/docs", "/openapi.json"])
def test_health_and_docs_need_no_key(nobody: Any, path: str) -> None:
    assert nobody.get(path).status_code == 200


def test_a_wrong_key_is_refused_and_told_how(nobody: Any) -> None:
    answer = nobody.get("/datasets", headers={"Authorization": "Bearer wrong"})

    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_key_may_come_as_x_api_key(nobody: Any, api: Any) -> None:
    assert nobody.get("/datasets", headers={"X-API-Key": api.key}).status_code == 200


def test_an_unknown_path_is_not_found(api: Any) -> None:
    problem(api.get("/nothing/here"), 404, "not-found")


def test_a_method_that_is_not_there_lists_those_that_are(api: Any) -> None:
    answers = [api.request("PATCH", path) for path in ("/datasets", "/models", "/models/a/bundle")]

    for answer in answers:
        problem(answer, 405, "method-not-allowed")
    assert [answer.headers["allow"] for answer in answers] == [
        "GET, HEAD, POST",
        "GET, HEAD, POST",
        "POST",
    ]


def test_broken_json_is_told_where_it_breaks(api: Any) -> None:
    answer = api.post(
        "/datasets", content=b'{"name": "d",}', headers={"Content-Type": "application/json"}
    )

    body = problem(answer, 422, "invalid-request")
    assert "not JSON in UTF-8: trailing comma at line 1 column 14" in body["detail"]


@pytest.mark.parametrize(
    "content",
    [b"[" * 50_000, b'{"name": ' + b"9" * 5000 + b"}", b"\xff\xfe{", b'{"name": "\\ud800"}'],
    ids=["deep", "long number", "not utf-8", "lone surrogate"],
)
@pytest.mark.parametrize("path", ["/datasets", "/trust-score"])
def test_hostile_json_is_the_callers_fault(api: Any, path: str, content: bytes) -> None:
    answer = api.post(path, content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/datasets", "/experiments", "/trust-score"])
def test_another_content_type_is_refused(api: Any, path: str) -> None:
    answer = api.post(path, content=b"name: d", headers={"Content-Type": "application/yaml"})

    body = problem(answer, 415, "unsupported-media-type")
    assert "application/json" in body["detail"]


def test_an_unknown_field_is_named(api: Any) -> None:
    answer = api.post("/datasets", json={"name": "d", "colour": "red"})

    body = problem(answer, 422, "invalid-request")
    assert [error["pointer"] for error in body["errors"]] == ["/colour"]


def test_a_missing_body_is_the_callers_fault(api: Any) -> None:
    problem(api.post("/datasets"), 422, "invalid-request")


def test_a_body_that_says_it_is_too_large_is_not_read(api: Any) -> None:
    answer = api.post("/trust-score", content=b"x" * 100_001)

    body = problem(answer, 413, "too-large")
    assert body["limit_bytes"] == 100_000


def test_a_body_that_grows_too_large_is_cut_off(api: Any) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(1000):
            yield b"x" * 1000

    async def stream() -> Any:
        for chunk in chunks():
            yield chunk

    problem(api.post("/trust-score", content=stream()), 413, "too-large")


@pytest.mark.parametrize("query", ["limit=0", "limit=1000", "limit=x", "cursor=%00", "cursor=abc"])
def test_a_wrong_query_is_named(api: Any, query: str) -> None:
    answer = api.get(f"/datasets?{query}")

    body = problem(answer, 422, "invalid-request")
    assert body["errors"][0]["pointer"] == f"/query/{query.partition('=')[0]}"


@pytest.mark.parametrize("row", ["%00", "no-uuid", "'; drop table dataset", "x" * 5000])
@pytest.mark.parametrize("path", ["/datasets/{}", "/experiments/{}", "/experiments/{}/results"])
def test_an_id_that_cannot_be_one_is_not_found(api: Any, path: str, row: str) -> None:
    problem(api.get(path.format(row)), 404, "not-found")


class _Store(MemoryStore):
    """A store that answers every question with the same error."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def info(self, key: str) -> ObjectInfo | None:
        raise self._error

    def exists(self, key: str) -> bool:
        raise self._error


@pytest.mark.parametrize(
    "error",
    [RuntimeError("secret of ours"), ObjectDamaged("secret of ours", key="secret of ours")],
    ids=["bug", "damage"],
)
def test_nothing_of_our_own_failures_leaks(
    with_changes: Callable[..., Any], case_files: dict[str, Any], error: Exception
) -> None:
    api = with_changes(store=_Store(error))
    dataset = api.post("/datasets", json={"name": "d"}).json()["id"]

    answer = api.post(f"/datasets/{dataset}/cases", json={"id": "a", "files": case_files})

    problem(answer, 500, "internal")
    assert "secret of ours" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["x-request-id"]


def test_a_server_that_is_away_is_a_matter_of_waiting(
    with_changes: Callable[..., Any], case_files: dict[str, Any]
) -> None:
    api = with_changes(store=_Store(StoreUnavailable("The object store does not answer.")))
    dataset = api.post("/datasets", json={"name": "d"}).json()["id"]

    answer = api.post(f"/datasets/{dataset}/cases", json={"id": "a", "files": case_files})

    problem(answer, 503, "store-unavailable")
    assert answer.headers["retry-after"]


def test_answers_are_not_kept_by_caches_nor_sniffed(api: Any) -> None:
    headers = api.get("/datasets").headers

    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


def test_the_docs_load_nothing_from_elsewhere(nobody: Any) -> None:
    page = nobody.get("/docs")

    loaded = [part.split('"')[0] for part in page.text.split('src="')[1:]]
    loaded += [part.split('"')[0] for part in page.text.split('href="')[1:]]
    assert len(loaded) >= 2
    assert all(nobody.get(path).status_code == 200 for path in loaded)
    assert "http" not in page.headers["content-security-policy"]


def test_openapi_documents_every_refusal_as_a_problem(app: FastAPI) -> None:
    operation = app.openapi()["paths"]["/datasets/{dataset_id}/cases"]["post"]

    assert {"401", "404", "409", "415", "422", "503"} <= set(operation["responses"])
    for status in ("401", "404", "409"):
        assert "application/problem+json" in operation["responses"][status]["content"]


def test_readiness_names_each_server(nobody: Any, container: Container) -> None:
    container.coordinator.note_tick()
    for queue in Queue:
        container.coordinator.worker_alive(queue, "w")

    body = nobody.get("/health/ready").json()

    assert body["status"] == "ready"
    assert body["checks"] == dict.fromkeys(
        ("database", "store", "queue", "orchestrator", "clocks"), "ok"
    )
    assert body["workers"] == {"generator": 1, "segmenter": 1, "metrics": 1}


def test_work_is_taken_but_waits_while_no_orchestrator_ticks(
    nobody: Any, coordinator: MemoryCoordinator
) -> None:
    for queue in Queue:
        coordinator.worker_alive(queue, "w")
    never = nobody.get("/health/ready").json()
    coordinator.tick_age = 75.4
    silent = nobody.get("/health/ready").json()

    assert (never["status"], never["checks"]["orchestrator"]) == ("degraded", "no tick is known")
    assert (silent["status"], silent["checks"]["orchestrator"]) == ("degraded", "no tick for 75 s")


def test_work_is_taken_but_waits_while_a_queue_has_no_worker(
    nobody: Any, container: Container
) -> None:
    container.coordinator.note_tick()
    container.coordinator.worker_alive(Queue.METRICS, "w")

    body = nobody.get("/health/ready").json()

    assert (body["status"], body["workers"]["generator"]) == ("degraded", 0)


@pytest.mark.parametrize(
    ("ahead_s", "told"),
    [
        (1200.4, "metrics-north is 1200 s ahead of the queue server's; others off: 1"),
        (-1200.4, "metrics-north is 1200 s behind the queue server's; others off: 1"),
        (59.0, "orchestrator-south is 61 s ahead of the queue server's"),
    ],
)
def test_a_clock_that_is_off_degrades_the_platform_and_is_named_with_its_seconds(
    nobody: Any, coordinator: MemoryCoordinator, ahead_s: float, told: str
) -> None:
    coordinator.note_tick()
    for queue in Queue:
        coordinator.worker_alive(queue, "w")
    coordinator.clocks_ahead_s |= {"metrics-north": ahead_s, "orchestrator-south": 61.0}

    body = nobody.get("/health/ready").json()

    assert (body["status"], body["checks"]["clocks"]) == ("degraded", f"the clock of {told}")


def test_a_clock_that_differs_from_the_stores_is_told_in_seconds(
    with_changes: Callable[..., Any],
) -> None:
    api = with_changes(store=_Store(StoreUnavailable("The clocks differ.", seconds=1200)))

    body = problem(api.get("/health/ready"), 503, "not-ready")

    assert body["store"] == "the clock of this machine differs from the store's by 1200 s"
    assert body["store"] in body["detail"]


def test_a_silent_server_is_asked_by_one_thread_only(
    with_changes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "TIMEOUT_S", 0.05)
    silence, asked = threading.Event(), []

    class Silent(MemoryStore):
        def exists(self, key: str) -> bool:
            asked.append(key)
            return silence.wait(60)

    api = with_changes(store=Silent())
    bodies = [problem(api.get("/health/ready"), 503, "not-ready") for _ in range(3)]
    silence.set()

    assert [body["store"] for body in bodies] == ["no answer within 0.05 s"] * 3
    assert asked == ["health"]


def test_readiness_says_which_server_is_away(with_changes: Callable[..., Any]) -> None:
    api = with_changes(store=_Store(StoreUnavailable("secret endpoint")))

    answer = api.get("/health/ready")

    body = problem(answer, 503, "not-ready")
    assert body["store"] == "does not answer"
    assert body["database"] == "ok"
    assert "secret endpoint" not in answer.text
    assert api.get("/health/live").status_code == 200


def test_metrics_count_requests_by_route_and_work_by_queue(
    admin: Any, container: Container, ready_dataset: str
) -> None:
    admin.get(f"/datasets/{ready_dataset}")
    with container.write.begin() as session:
        session.add(Step(id="a" * 64, kind=Kind.TRAIN_SEGMENTER, message={}, needs=[]))

    lines = admin.get("/metrics").text.splitlines()

    counted = (
        'syntrust_http_requests_total{method="GET",route="/datasets/{dataset_id}",status="200"}'
    )
    assert f"{counted} 1.0" in lines
    waiting = 'syntrust_steps{kind="train_segmenter",queue="segmenter",state="waiting"} 1.0'
    assert waiting in lines
    assert 'syntrust_workers{queue="metrics"} 0.0' in lines


def test_metrics_are_for_admins(api: Any) -> None:
    problem(api.get("/metrics"), 403, "forbidden")
