"""Every number that a request may hold, by the document: what only looks like one is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import pytest
from tests.answer_schemas import document
from tests.unit.gateway.conftest import Api

from syntrust_gateway.api.limits import LARGEST
from syntrust_gateway.errors import pointer

NUMBERS: Final = {"number", "integer"}
BRANCHES: Final = ("anyOf", "oneOf", "allOf")
NUMBER: Final = re.compile(r"number|integer|whole|must lie|must be", re.ASCII)
SCORES: Final = {"id": "a", "real": {"ET": 0.5}, "synthetic": {"ET": 0.5}}
# Two routes look at some fields only once the others are right.
VALID: Final[dict[str, Any]] = {
    LARGEST: {"cases": [SCORES]},
    "/trust-score/volumes": {"cases": [{"id": "a", "upload": "none"}]},
}
# A spread is of one kind, by which its other fields are read.
_PLAN: Final = {"cases": 100, "seeds": 3}
SPREADS: Final[dict[str | int, dict[str, Any]]] = {
    "alpha": {"kind": "experiment", "id": "none"},
    "cases": {"kind": "pilot"},
    "real_alone": {"kind": "pilot", "cases": [SCORES]},
    "correlation": {"kind": "published"},
    "regions": {"kind": "given"},
}
pytestmark = pytest.mark.any_database


class Field(NamedTuple):
    """A field of the body of an operation, by the pointer to it."""

    method: str
    path: str
    pointer: tuple[str | int, ...]


def number_fields() -> list[Field]:
    """Every field that is a number, and nothing else that a text or a truth value could be."""
    return [
        Field(method.upper(), path.replace("{", "").replace("}", ""), pointer)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
        if (body := operation.get("requestBody", {}).get("content", {}).get("application/json"))
        for pointer in dict.fromkeys(walk(body["schema"], (), frozenset()))
    ]


def walk(node: Any, at: tuple[str | int, ...], seen: frozenset[str]) -> Iterator[Any]:
    """Give the pointers to the numbers below a schema."""
    name = node.get("$ref", "").rpartition("/")[2]
    if name:
        if name not in seen:
            yield from walk(document()["components"]["schemas"][name], at, seen | {name})
        return
    if node.get("type") in NUMBERS:
        yield at
    branches = [branch for key in BRANCHES for branch in node.get(key, [])]
    if not {"string", "boolean"} & {branch.get("type") for branch in branches} - literals(branches):
        for branch in branches:
            yield from walk(branch, at, seen)
    for key, child in children(node):
        yield from walk(child, (*at, key), seen)


def literals(branches: list[Any]) -> set[str]:
    """Give the types of which only some values are taken."""
    return {branch["type"] for branch in branches if "enum" in branch or "const" in branch}


def children(node: Any) -> Iterator[tuple[str | int, Any]]:
    yield from node.get("properties", {}).items()
    yield from enumerate(node.get("prefixItems", []))
    if isinstance(node.get("items"), dict):
        yield 0, node["items"]
    if isinstance(values := node.get("additionalProperties"), dict):
        yield next(iter(node.get("propertyNames", {}).get("enum", [])), "ET"), values


def body_with(field: Field, value: Any) -> Any:
    """A body that is wrong at the field, and lacks others where all errors are told."""
    for token in reversed(field.pointer):
        value = [value] * (token + 1) if isinstance(token, int) else {token: value}
    if field.path == "/power":
        return plan_with(field, value)
    if field.pointer[:2] == ("generator", "training"):  # only an answered spec has it
        return {"dataset_digest": "0" * 64, **value}
    return {**VALID.get(field.path, {}), **merge_case(value, "cases")}


def plan_with(field: Field, body: dict[str, Any]) -> Any:
    """A plan that is wrong at the field alone."""
    if field.pointer[0] != "spread":
        return {**_PLAN, "spread": SPREADS["correlation"], **body}
    name = str(field.pointer[1])
    question = "equivalence" if name == "cases" else "non_inferiority"
    spread = {**SPREADS[name], **merge_case(body["spread"], name)}
    return {**_PLAN, "question": question, "spread": spread}


def merge_case(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Complete the case of a list of cases."""
    if not isinstance(body.get(name), list):
        return body
    return {name: [{**SCORES, **body[name][0]}]}


@pytest.mark.parametrize("value", [True, "1", "0.5"])
def test_what_is_no_number_is_taken_for_one_nowhere(admin: Api, value: Any) -> None:
    fields = number_fields()

    assert len(fields) > 30
    for field in fields:
        answer = admin.request(field.method, field.path, json=body_with(field, value))
        assert answer.status_code == 422, (field, answer.text)
        told = {f"{error['pointer']}: {error['detail']}" for error in answer.json()["errors"]}
        own = {each for each in told if each.startswith(f"{pointer(*field.pointer)}: ")}
        assert any(NUMBER.search(each) for each in own), (field, told)
