"""What one client has is, for every other client, as if it were not there: route by route.

The operations are those of the OpenAPI document. One that no table of `tenants` names fails a test,
and so does a field of a request of which no table says whether it names a resource.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from tests.answer_schemas import document
from tests.unit.gateway.conftest import Api
from tests.unit.gateway.tenants import (
    ADMINS_ONLY,
    BESIDES,
    IN_BODY,
    IN_PATH,
    LISTS,
    NAME_NOTHING,
    PLAIN,
    PLAIN_FIELDS,
    Tenant,
    fill,
    make_tenant,
)

from syntrust_core.testing import MemoryStore
from syntrust_gateway.container import Container

NOBODYS: Final = "01234567-89ab-7def-8123-456789abcdef"
Make = Callable[[Api, str], Tenant]


@pytest.fixture
def make(container: Container, store: MemoryStore, tmp_path: Path, generator: object) -> Make:
    return lambda api, name: make_tenant(api, name, container, store, tmp_path)


@pytest.fixture
def owner(api: Api, make: Make) -> Tenant:
    return make(api, "ours")


@pytest.fixture
def other(stranger: Api, owner: Tenant, make: Make) -> Tenant:
    """Another client, who has as much of its own."""
    return make(stranger, "theirs")


@dataclass(frozen=True)
class Operation:
    """An operation of the document; `body` is the schema of its JSON, if it takes any."""

    name: str
    method: str
    path: str
    body: Any

    @property
    def in_path(self) -> list[str]:
        return [part.partition("}")[0] for part in self.path.split("{")[1:]]

    def calls(self, owner: Tenant) -> Iterator[dict[str, str]]:
        """Values for the path, so that each thing of its owner is named once."""
        values = {name: fill(IN_PATH[name], owner) for name in self.in_path}
        for index in range(max(map(len, values.values()))):
            yield {name: own[min(index, len(own) - 1)] for name, own in values.items()}

    def ask(self, caller: Tenant, said: Mapping[str, str]) -> httpx.Response:
        besides = fill(BESIDES.get(self.name, {}), caller)
        return caller.api.request(self.method, self.path.format(**said), **besides)


def operations() -> dict[str, Operation]:
    found = {}
    for path, methods in document()["paths"].items():
        for method, each in methods.items():
            content = each.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = each["operationId"]
            found[name] = Operation(name, method.upper(), path, content.get("schema"))
    return found


def with_path() -> list[Operation]:
    return [each for each in operations().values() if each.in_path and each.name not in ADMINS_ONLY]


def test_every_operation_is_tried() -> None:
    found = operations()
    in_path = {each.name for each in with_path()}
    in_body = {name for name, _ in IN_BODY}

    assert in_path | in_body | LISTS | ADMINS_ONLY | NAME_NOTHING == set(found)
    assert {name for each in with_path() for name in each.in_path} == set(IN_PATH)
    assert not NAME_NOTHING & (in_path | in_body)


def texts(schema: Any, at: str = "") -> Iterator[str]:
    """Pointers of the free texts of a body."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from texts(document()["components"]["schemas"][name], at)
    for each in schema.get("anyOf", schema.get("oneOf", [])):
        yield from texts(each, at)
    for name, each in schema.get("properties", {}).items():
        yield from texts(each, f"{at}/{name}")
    if "items" in schema:
        yield from texts(schema["items"], f"{at}/0")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from texts(schema["additionalProperties"], f"{at}/*")
    if schema.get("type") == "string" and not {"enum", "const"} & schema.keys():
        yield at


def test_every_text_of_a_body_names_a_resource_that_is_tried_or_is_known_to_name_none() -> None:
    found = {
        (each.name, pointer)
        for each in operations().values()
        if each.body is not None and each.name not in {"trust_score", *ADMINS_ONLY}
        for pointer in texts(each.body)
    }

    named = {each for each in found if last_name(each[1]) not in PLAIN_FIELDS}

    assert named - PLAIN == set(IN_BODY)
    assert named >= PLAIN


def last_name(pointer: str) -> str:
    return [part for part in pointer.split("/") if part not in {"0", "*"}][-1]


def refusal(answer: httpx.Response, named: str) -> tuple[int, str]:
    """Status and text of an answer without what was named."""
    return answer.status_code, answer.text.replace(named, "…")


def test_what_another_client_has_is_found_by_no_path(owner: Tenant, other: Tenant) -> None:
    before = snapshot(owner)

    for each in with_path():
        for said in each.calls(owner):
            name, named = next(item for item in said.items() if item[1] in owner.names)
            answer, none = each.ask(other, said), each.ask(other, {**said, name: NOBODYS})

            assert answer.status_code == 404, (each.name, said, answer.text)
            assert refusal(answer, named) == refusal(none, NOBODYS), each.name

    assert snapshot(owner) == before


def snapshot(tenant: Tenant) -> list[Any]:
    """What a client sees of its own."""
    paths = (
        *("/datasets", "/experiments", "/jobs", "/models"),
        f"/datasets/{tenant.open_dataset}",
        f"/datasets/{tenant.dataset}",
        f"/experiments/{tenant.experiment}",
        f"/uploads/{tenant.upload}",
    )
    return [tenant.api.get(path).json() for path in paths]


def test_the_owner_finds_its_own_by_every_path(owner: Tenant) -> None:
    # What removes something comes after all that looks for it.
    # A part goes before its whole.
    for each in sorted(with_path(), key=_removes):
        found = [each.ask(owner, said).status_code for said in each.calls(owner)]

        assert min(found) < 400 or set(found) == {409}, (each.name, found)


def _removes(each: Operation) -> tuple[bool, int]:
    return each.method.upper() == "DELETE", -each.path.count("/")


def test_what_another_client_has_cannot_be_named_in_a_body(owner: Tenant, other: Tenant) -> None:
    for (name, pointer), (named, body) in IN_BODY.items():
        path, theirs, own = operations()[name].path, fill(named, owner), fill(named, other)

        answer, none, right = (
            other.api.post(path, json=fill(body, other, it)) for it in (theirs, NOBODYS, own)
        )

        assert answer.status_code == 422, (name, pointer, answer.text)
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert refusal(answer, theirs) == refusal(none, NOBODYS)
        assert right.status_code < 300, (name, pointer, right.text)


def test_lists_hold_nothing_of_another_client(owner: Tenant, other: Tenant) -> None:
    for name in LISTS:
        path = operations()[name].path
        seen, own = other.api.get(path).text, owner.api.get(path).text

        assert any(each in own for each in owner.names), name
        assert not any(each in seen for each in owner.names), name
        assert any(each in seen for each in other.names), name


@pytest.mark.parametrize("name", sorted(ADMINS_ONLY))
def test_what_is_for_admins_is_for_no_other_client(api: Api, name: str) -> None:
    operation = operations()[name]

    answer = api.request(operation.method, operation.path)

    assert answer.status_code == 403
    assert answer.json()["needed_scope"] == "admin"
