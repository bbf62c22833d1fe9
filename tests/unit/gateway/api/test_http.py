"""What every client of HTTP may count on: HEAD, content codings, query parameters, paths."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI
from tests.answer_schemas import document
from tests.unit.gateway.conftest import Api

from syntrust_gateway.api.incoming.request_body import inflate
from syntrust_gateway.db.tables import Role

pytestmark = pytest.mark.any_database
GZIP: Final = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
PACKED: Final = gzip.compress(b"{}", mtime=0)


@pytest.fixture
def experiment(post_experiment: Callable[..., httpx.Response]) -> str:
    found: str = post_experiment().json()["id"]
    return found


def paths(method: str) -> list[str]:
    """Every path that takes a method, with ids that nobody has."""
    found = [path for path, methods in document()["paths"].items() if method.lower() in methods]
    return [
        path.replace("{figure}", "fig2.svg").replace("{", "").replace("}", "") for path in found
    ]


@pytest.mark.parametrize("path", [*paths("GET"), "/docs", "/openapi.json", "/nothing"])
def test_head_answers_as_get_does_and_without_a_body(admin: Api, path: str) -> None:
    got, head = admin.get(path), admin.request("HEAD", path)

    assert head.status_code == got.status_code
    assert head.content == b""
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers.keys() == got.headers.keys()


def test_head_of_what_is_there_has_its_length_and_its_tag(
    api: Api, ready_dataset: str, experiment: str
) -> None:
    for path in (f"/datasets/{ready_dataset}", f"/experiments/{experiment}"):
        got, head = api.get(path), api.request("HEAD", path)

        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["etag"] == got.headers["etag"]
        assert int(head.headers["content-length"]) == len(got.content)


def test_head_of_a_stream_of_events_ends(api: Api, experiment: str) -> None:
    head = api.request("HEAD", f"/experiments/{experiment}/events")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")


def test_head_is_allowed_wherever_get_is(api: Api) -> None:
    answer = api.request("PUT", "/datasets")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


def test_a_body_may_come_as_gzip(api: Api) -> None:
    content = gzip.compress(b'{"name": "d"}')

    answer = api.post("/datasets", content=content, headers=GZIP)

    assert (answer.status_code, answer.json()["name"]) == (201, "d")


def test_gzip_of_several_members_is_one_body(api: Api) -> None:
    content = gzip.compress(b'{"name":') + gzip.compress(b' "d"}')

    assert api.post("/datasets", content=content, headers=GZIP).status_code == 201


@pytest.mark.parametrize("path", ["/datasets", "/trust-score"])
def test_a_small_body_that_inflates_beyond_the_bound_is_too_large(api: Api, path: str) -> None:
    content = gzip.compress(b" " * 50_000_000)
    assert len(content) < 100_000

    answer = api.post(path, content=content, headers=GZIP)

    assert answer.status_code == 413
    assert answer.json()["limit_bytes"] == 100_000


def test_no_more_than_the_bound_is_inflated() -> None:
    members = [gzip.compress(b"a" * 60), gzip.compress(b"b" * 41)]

    assert inflate(members[0] + members[1], 101) == b"a" * 60 + b"b" * 41
    assert inflate(members[0] + members[1], 100) is None


@pytest.mark.parametrize(
    "content",
    [b"{}", PACKED[:-3], PACKED + b"x", zlib.compress(b"{}")],
    ids=["plain", "cut", "followed", "zlib"],
)
def test_what_is_not_gzip_though_it_says_so_is_the_callers_fault(api: Api, content: bytes) -> None:
    answer = api.post("/datasets", content=content, headers=GZIP)

    assert answer.status_code == 422
    assert "gzip" in answer.json()["detail"]


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "nonsense"])
def test_another_content_coding_is_refused_and_told_what_is_read(api: Api, coding: str) -> None:
    answer = api.post("/trust-score", content=b"{}", headers={**GZIP, "Content-Encoding": coding})

    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "gzip"
    assert "gzip" in answer.json()["detail"]
    assert answer.json()["type"] == "urn:syntrust:problem:unsupported-encoding"


def test_an_unknown_query_parameter_is_refused_by_every_operation(admin: Api) -> None:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            asked = path.replace("{figure}", "fig2.svg").replace("{", "").replace("}", "")
            known = [each["name"] for each in operation.get("parameters", []) if is_query(each)]

            answer = admin.request(method.upper(), asked, params={"colour": "red"}, json={})

            assert answer.status_code == 422, (method, path, answer.text)
            [error] = answer.json()["errors"]
            assert error["pointer"] == "/query/colour"
            assert all(name in error["detail"] for name in known), (method, path)


def is_query(parameter: dict[str, Any]) -> bool:
    return bool(parameter["in"] == "query")


@pytest.mark.parametrize("path", ["/nothing", "/datasets/a/b/c", "/admin/nothing", "/metricss"])
def test_an_unknown_path_is_not_found_whoever_asks(
    nobody: Api, admin: Api, call_as: Callable[[str, Role], Api], path: str
) -> None:
    wrong = Api(nobody._app, "no key of anybody")
    for caller in (nobody, wrong, admin, call_as("user", Role.USER)):
        for method in ("GET", "POST", "DELETE", "HEAD"):
            answer = caller.request(method, path)

            assert answer.status_code == 404
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_path_that_is_there_asks_for_a_key_by_any_method(nobody: Api, app: FastAPI) -> None:
    for path in app.openapi()["paths"]:
        asked = path.replace("{", "").replace("}", "")
        expected = {200, 503} if path.startswith("/health/") else {401}

        assert nobody.get(asked).status_code in expected | {405}, path
