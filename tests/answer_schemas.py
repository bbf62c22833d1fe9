"""Whether answers of the API are what `docs/openapi.json` promises."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "openapi.json"
PROBLEM: Final = "application/problem+json"
_URI: Final = "urn:openapi"


class Answered(NamedTuple):
    """What was answered: the operation, or none outside the document, and how it ended."""

    operation: str | None
    status: int


def check_answer(response: httpx.Response) -> Answered:
    """Fail unless an answer has a documented status, media type and body without further keys."""
    method, path = response.request.method, response.request.url.path
    if method == "HEAD":  # it has what GET has but for the body, and is not in the document
        assert not response.content
        return Answered(None, response.status_code)
    operation = _operation(method, path)
    if operation is None:
        _check_problem_outside(response)
        return Answered(None, response.status_code)
    name = operation["operationId"]
    documented = operation["responses"]
    known = documented.get(str(response.status_code)) or documented.get("default")
    assert known, f"{name} answers {response.status_code}, which is not documented"
    _check_content(name, response, known.get("content", {}))
    return Answered(name, response.status_code)


def check_received(response: httpx.Response) -> None:
    """Check an answer as `httpx` hands it over, before its body is read; a stream is left alone."""
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        response.read()
        check_answer(response)


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return found


def operations() -> set[str]:
    """Every operation of the document by its id."""
    return {each["operationId"] for _, _, each in _operations()}


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _operation(method: str, path: str) -> dict[str, Any] | None:
    """Find the operation; a path without placeholders comes before one with."""
    found = [
        (template.count("{"), operation)
        for template, known, operation in _operations()
        if known == method.lower() and _pattern(template).fullmatch(path)
    ]
    return min(found, key=lambda each: each[0])[1] if found else None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)))


def _check_content(name: str, response: httpx.Response, content: dict[str, Any]) -> None:
    if not response.content:
        assert not content or response.status_code == 304, f"{name} answers no body"
        return
    media_type = response.headers["content-type"].partition(";")[0]
    assert media_type in content, f"{name} answers {media_type}; {', '.join(content)} is documented"
    if media_type.endswith("json"):
        check_body(response.json(), content[media_type]["schema"], name)


def _check_problem_outside(response: httpx.Response) -> None:
    if response.headers.get("content-type", "").startswith(PROBLEM):
        check_body(response.json(), {"$ref": "#/components/schemas/Problem"}, "an unknown path")


def check_body(body: object, schema: dict[str, Any], name: str) -> None:
    """Fail unless a body is as a schema of the document says."""
    errors = sorted(_validator(json.dumps(schema)).iter_errors(body), key=str)
    told = [f"/{'/'.join(map(str, each.absolute_path))}: {each.message[:300]}" for each in errors]
    assert not told, f"{name} answers otherwise than documented: {told[:5]}"


@cache
def _validator(schema: str) -> Draft202012Validator:
    closed = _closed(document())
    registry = Registry().with_resource(_URI, DRAFT202012.create_resource(closed))
    absolute = json.loads(schema.replace('"#/', f'"{_URI}#/'))
    return Draft202012Validator(absolute, registry=registry, format_checker=FormatChecker())


def _closed(node: Any) -> Any:
    """Refuse every key that an object does not say it has, so that none goes undocumented."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    if node.get("type") == "object" and "properties" in node:
        closed.setdefault("additionalProperties", False)
    return closed
