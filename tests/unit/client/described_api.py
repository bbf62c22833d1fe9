"""Answers of the API as docs/openapi.json describes them, for any route, made from the schemas."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

ID: Final = "01a2103c-a361-7516-81b2-559a2a933a2f"
IMAGE: Final = b"a volume"
_DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "openapi.json"
_ENDS: Final = ("succeeded", "ready", "accepted")
_NULL: Final = {"next", "error", "reason", "weakest"}
_INTERVALS: Final = {"ci", "ci90"}
_REGIONS: Final = ("ET", "ED", "NCR")
_ROLES: Final = ("t1", "t1ce", "t2", "flair", "seg", "brain", "checkpoint")
_WANTED: Final = {"/jobs/{job_id}/result": "SegmentationRecord"}


@cache
def document() -> Any:
    return json.loads(_DOCUMENT.read_text("utf-8"))


def answer(route: str, url: str) -> tuple[int, bytes, str] | None:
    """Status, body and media type of "METHOD /path?query"; None if there is no such operation."""
    method, _, target = route.partition(" ")
    path = target.partition("?")[0]
    if path.startswith("/bucket/"):
        return 200, IMAGE, "application/octet-stream"
    for template, operations in document()["paths"].items():
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in operations:
            found = operations[method.lower()]["responses"]
            return _first(template, found, url)
    return None


def _first(template: str, responses: Any, url: str) -> tuple[int, bytes, str]:
    status = next(code for code in responses if code.startswith("2"))
    content = responses[status].get("content", {})
    media = next(iter(content), "")
    if media != "application/json":
        return int(status), b"", media
    if template in {"/uploads", "/datasets/{dataset_id}/cases"}:
        places = {role: {"url": f"{url}/bucket/{role}", "expires": "2027"} for role in _ROLES}
        body: Any = {"id": ID, "files": places} if template == "/uploads" else places
    else:
        body = _Maker(url, _WANTED.get(template, "")).make(content[media]["schema"])
    return int(status), json.dumps(body).encode(), media


class _Maker:
    def __init__(self, url: str, wanted: str) -> None:
        self._url, self._wanted = url, wanted

    def make(self, schema: Any, name: str = "") -> Any:
        if "$ref" in schema:
            return self.make(document()["components"]["schemas"][schema["$ref"].split("/")[-1]])
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            ends = [value for value in schema["enum"] if value in _ENDS]
            return (ends or schema["enum"])[0]
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return self._choose(schema[union], name)
        return self._of_type(schema, name)

    def _choose(self, choices: list[Any], name: str) -> Any:
        if name in _NULL and {"type": "null"} in choices:
            return None
        wanted = [each for each in choices if self._wanted and self._wanted in str(each)]
        real = [each for each in choices if each.get("type") != "null"]
        return self.make((wanted or real)[0], name)

    def _of_type(self, schema: Any, name: str) -> Any:
        kind = schema.get("type", "object")
        if kind == "object":
            return self._object(schema, name)
        if kind == "array":
            least = 2 if name in _INTERVALS else max(schema.get("minItems", 1), 1)
            items = schema.get("prefixItems") or [schema.get("items", {})] * least
            return [self.make(item) for item in items]
        if kind == "string":
            return self._text(schema, name)
        if kind in {"integer", "number"}:
            return schema.get("minimum", 1 if kind == "integer" else 0.5)
        return False if kind == "boolean" else None

    def _object(self, schema: Any, name: str) -> Any:
        found = {key: self.make(each, key) for key, each in schema.get("properties", {}).items()}
        more = schema.get("additionalProperties")
        if isinstance(more, dict):
            keys = ("t1.nii.gz",) if name == "files" else _REGIONS
            found |= {key: self.make(more, key) for key in keys}
        return found

    def _text(self, schema: Any, name: str) -> str:
        if name == "url":
            return f"{self._url}/bucket/file"
        if name == "sha256":
            return hashlib.sha256(IMAGE).hexdigest()
        if schema.get("format") == "date-time":
            return "2026-11-24T10:00:00Z"
        return ID
