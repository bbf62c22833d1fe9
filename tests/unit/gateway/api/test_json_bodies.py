"""What is refused before any field of a request is looked at, and what that costs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from tests.answer_schemas import document
from tests.unit.gateway.conftest import Api

from syntrust_gateway.api import json_route
from syntrust_gateway.api.json_route import JsonRoute
from syntrust_gateway.api.limits import BYTES, DEFAULT_BYTES, LARGEST, most_bytes
from syntrust_gateway.strict_json import MOST_KEYS

JSON = {"Content-Type": "application/json"}
LONGEST_CPU_S = 5.0  # on any machine; what was mended took minutes
SCORES: dict[str, Any] = {"id": "a", "real": {"ET": 0.5}, "synthetic": {"ET": 0.5}}


def bodies() -> list[tuple[str, str]]:
    """Every operation that takes JSON: path with ids that nobody has, and method."""
    return [
        (path.replace("{", "").replace("}", ""), method.upper())
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (r'{"a": {"b/c": ["x", "\ud800"]}}', "/a/b~1c/1"),
        (r'{"a": "\ude00\ud83d"}', "/a"),
        (r'{"\udfff": 1}', "/\\udfff"),
        (r'{"a": {"b": ["\u0000"]}}', "/a/b/0"),
        (r'{"a": {"\u0000": 1}}', "/a/\0"),
    ],
    ids=["surrogate", "turned pair", "surrogate in a key", "NUL", "NUL in a key"],
)
def test_text_that_cannot_be_kept_is_refused_with_its_pointer_everywhere(
    admin: Api, value: str, pointer: str
) -> None:
    for path, method in bodies():
        answer = admin.request(method, path, content=value.encode(), headers=JSON)

        assert pointers(answer) == [pointer], path


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" * 400, "-1e400"])
def test_a_number_that_nothing_holds_is_refused_everywhere(admin: Api, number: str) -> None:
    scores = json.dumps({"cases": [SCORES], "policy": {"margin": 7}}), "/policy/margin"
    for path, method in bodies():
        body, pointer = scores if path == LARGEST else ('{"a": [0, {"b": 7}]}', "/a/1/b")

        answer = admin.request(method, path, content=body.replace("7", number), headers=JSON)

        assert pointers(answer) == [pointer], path


@pytest.mark.parametrize("time", ["0", 0, "2026-11-29", "2026-11-29 10:00:00Z"])
def test_a_time_is_written_as_the_document_says(admin: Api, time: Any) -> None:
    body = {"name": "clinic", "expires": time}

    assert pointers(admin.post("/admin/clients", json=body)) == ["/expires"]
    assert pointers(admin.get("/admin/audit", params={"since": time})) == ["/query/since"]


def test_a_table_with_a_nul_is_refused_with_its_line(api: Api) -> None:
    table = b"case,set,region,dice\na,real,ET,0.9\na\0,synthetic,ET,0.9\n"

    answer = api.post("/trust-score", content=table, headers={"Content-Type": "text/csv"})

    assert pointers(answer) == ["/lines/3"]


@pytest.mark.parametrize("text", [r"\ud83d\ude00", r"\\u0000", r"\\ud800", "é"])
def test_text_that_only_looks_alike_is_taken(api: Api, text: str) -> None:
    body = f'{{"name": "{text}"}}'.encode()

    answer = api.post("/datasets", content=body, headers=JSON)

    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == json.loads(body)["name"]


def test_overrides_with_half_a_character_are_refused_and_nothing_is_stored(
    api: Api, ready_dataset: str
) -> None:
    body = {"dataset": ready_dataset, "alphas": [0], "segmenter": {"overrides": {"a": "\ud800"}}}

    answer = api.post("/experiments", content=json.dumps(body), headers=JSON)

    assert pointers(answer) == ["/segmenter/overrides/a"]
    assert api.get("/experiments").json()["items"] == []


def test_a_key_that_occurs_twice_is_refused(api: Api) -> None:
    answer = api.post("/datasets", content=b'{"name": "a", "name": "b"}', headers=JSON)

    assert pointers(answer) == ["/name"]


@pytest.mark.parametrize("query", ["limit=1&cursor=%00", "cursor=%ED%A0%80", "x=%FF"])
@pytest.mark.parametrize("path", ["/datasets", "/models", "/jobs/none"])
def test_a_parameter_that_is_no_text_is_refused(api: Api, path: str, query: str) -> None:
    name = query.rpartition("&")[2].partition("=")[0]

    assert pointers(api.get(f"{path}?{query}")) == [f"/query/{name}"]


@pytest.mark.parametrize("row", ["日本", "é", "%ED%A0%80", "a%0D%0Ab", "%7F", "%00"])
def test_a_path_that_no_id_has_is_not_found(admin: Api, row: str) -> None:
    operations = [
        (method.upper(), path)
        for path, methods in document()["paths"].items()
        for method in methods
        if "{" in path
    ]

    answers = [
        admin.request(method, path.replace(path[path.index("{") : path.index("}") + 1], row, 1))
        for method, path in operations
    ]

    assert len(answers) > 10
    assert {answer.status_code for answer in answers} == {404}


def test_every_route_with_a_body_reads_it_strictly(app: FastAPI) -> None:
    routes = [
        context.original_route
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        and context.original_route.body_field is not None
    ]

    assert len(routes) > 5
    assert [route.path for route in routes if not isinstance(route, JsonRoute)] == []
    # FastAPI makes a model of several bodies, and then takes it apart itself.
    assert [route.path for route in routes if len(route.dependant.body_params) != 1] == []


def unbounded(node: Any, schemas: dict[str, Any], seen: frozenset[str]) -> Iterator[str]:
    """Lists and dicts below a schema that have no limit."""
    if isinstance(node, list):
        for item in node:
            yield from unbounded(item, schemas, seen)
    elif isinstance(node, dict):
        name = node.get("$ref", "").rpartition("/")[2]
        if name and name not in seen:
            yield from unbounded(schemas[name], schemas, seen | {name})
        free = node.get("additionalProperties", "properties" not in node) is not False
        if node.get("type") == "array" and "maxItems" not in node:
            yield f"a list of {node.get('items')}"
        if node.get("type") == "object" and free and "maxProperties" not in node:
            yield f"a dict of {node.get('additionalProperties')} in {sorted(seen)}"
        for item in node.values():
            yield from unbounded(item, schemas, seen)


def test_every_list_and_dict_of_a_request_has_a_greatest_length() -> None:
    # `POST /trust-score` reads its body in processes of its own, with limits of its own.
    schemas = document()["components"]["schemas"]
    found = {
        f"{operation['operationId']}: {each}"
        for path, methods in document()["paths"].items()
        for operation in methods.values()
        if path != LARGEST
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for each in unbounded(content["schema"], schemas, frozenset())
    }

    assert found == set()


def test_a_body_has_a_limit_by_its_route() -> None:
    setting = 32 << 20

    assert most_bytes(LARGEST, setting) == setting
    assert most_bytes("/uploads", setting) == DEFAULT_BYTES
    assert most_bytes("/uploads", 10) == 10
    assert BYTES.keys() <= document()["paths"].keys()


@pytest.fixture
def large(with_changes: Callable[..., Api]) -> Api:
    """The caller at an API with the limits of a real one."""
    return with_changes(max_body_bytes=32 << 20)


def roles(count: int) -> bytes:
    """Invalid roles, as short as they can be."""
    return ('{"files":{' + ",".join(f'"{n:x}":0' for n in range(count)) + "}}").encode()


def test_300_000_invalid_roles_cost_less_than_a_second(large: Api) -> None:
    content = roles(300_000)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 1 << 16):
            yield content[start : start + (1 << 16)]

    start = time.process_time()
    answers = [large.post("/uploads", content=each, headers=JSON) for each in (content, pieces())]

    assert [answer.status_code for answer in answers] == [413, 413]
    assert {answer.json()["limit_bytes"] for answer in answers} == {DEFAULT_BYTES}
    assert time.process_time() - start < LONGEST_CPU_S


HOSTILE = {
    "roles": ("/uploads", roles(90_000)),
    "unknown fields": ("/datasets", b"{" + b",".join(b'"%x":0' % n for n in range(90_000)) + b"}"),
    "overrides": (
        "/experiments",
        b'{"segmenter":{"overrides":{' + b",".join(b'"%x":[]' % n for n in range(49_000)) + b"}}}",
    ),
    "many small objects": ("/models", b'{"train":{"config":{"a":[' + b"{}," * 49_000 + b"{}]}}}"),
    "cases": ("/trust-score/volumes", b'{"cases":[' + b"{}," * 49_000 + b"{}]}"),
    "seen": ("/models", b'{"name":"a","upload":"b","seen":[' + b'"!",' * 200_000 + b'"!"]}'),
    "train": ("/experiments", b'{"split":{"train":[' + b"0," * 249_000 + b"0]}}"),
    "values": ("/experiments", b'{"alphas":[' + b"9," * 500_000 + b"9]}"),
    "objects": ("/datasets", b"[" + b"{}," * 100_000 + b"{}]"),
    "repeated keys": ("/datasets", b"{" + b'"a":0,' * 100_000 + b'"a":0}'),
    "depth": ("/datasets", b"[" * 500_000),
}


@pytest.mark.parametrize(("path", "content"), HOSTILE.values(), ids=HOSTILE)
def test_no_body_within_its_limit_costs_more_than_seconds(
    large: Api, path: str, content: bytes
) -> None:
    assert len(content) <= most_bytes(path, 32 << 20)
    start = time.process_time()

    answer = large.post(path, content=content, headers=JSON)

    assert answer.status_code == 422
    assert len(answer.json().get("errors", [])) <= 100
    assert time.process_time() - start < LONGEST_CPU_S


def test_a_split_of_100_000_cases_that_nobody_has_costs_less_than_a_second(
    large: Api, ready_dataset: str
) -> None:
    ids = [f"case-{n}" for n in range(100_000)]
    body = {"dataset": ready_dataset, "alphas": [0], "split": {"train": ids, "test": ["case-0"]}}
    content = json.dumps(body)
    start = time.process_time()

    answer = large.post("/experiments", content=content, headers=JSON)

    assert pointers(answer) == ["/split/train/10"]
    assert time.process_time() - start < LONGEST_CPU_S


@pytest.mark.parametrize(("wrong", "listed"), [(9, 9), (40, 0)])
def test_of_more_than_a_hundred_errors_none_is_built(api: Api, wrong: int, listed: int) -> None:
    # Each is a role that is none, and lacks two fields.
    files: dict[str, Any] = {f"r{n}": {} for n in range(wrong)}

    answer = api.post("/uploads", json={"files": files})

    assert answer.status_code == 422
    assert len(answer.json().get("errors", [])) == 3 * listed
    assert ("too many to list" in answer.json()["detail"]) == (listed == 0)


def test_an_object_with_many_keys_is_told_how_many_are_read(api: Api) -> None:
    overrides = dict.fromkeys(map(str, range(MOST_KEYS + 1)), 0)

    answer = api.post("/experiments", json={"segmenter": {"overrides": overrides}})

    assert pointers(answer) == ["/segmenter/overrides"]
    assert f"at most {MOST_KEYS}" in answer.json()["detail"]


def test_the_api_answers_others_while_a_large_body_is_validated(
    large: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def wait_then_read(body: bytes) -> Any:
        assert released.wait(60)
        return json.loads(body)

    monkeypatch.setattr(json_route, "read_body", wait_then_read)
    answers: dict[str, int] = {}

    async def post(client: httpx.AsyncClient) -> None:
        answer = await client.post("/uploads", content=roles(10_000), headers=headers)
        answers["upload"] = answer.status_code

    async def ask() -> None:
        transport = httpx.ASGITransport(app=large._app)
        async with (
            httpx.AsyncClient(
                transport=transport,
                base_url="http://gateway",
                verify=False,  # noqa: S501 - nothing is verified, and loading certificates takes long
            ) as client,
            anyio.create_task_group() as group,
        ):
            group.start_soon(post, client)
            await anyio.lowlevel.checkpoint()
            answers["health"] = (await client.get("/health/live")).status_code
            assert "upload" not in answers
            released.set()

    headers = JSON | {"Authorization": f"Bearer {large.key}"}
    anyio.run(ask)

    assert answers == {"health": 200, "upload": 422}
