"""Every refusal of a field is a sentence of ours that says what would be right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, get_args

import pytest
from pydantic_core.core_schema import ErrorType as KnownType
from tests.answer_schemas import document
from tests.unit.gateway.conftest import Api

from syntrust_core.field_errors import ANY_OTHER, SENTENCES, describe_field
from syntrust_gateway.api.patterns import PATTERNS

pytestmark = pytest.mark.any_database
PYDANTICS: Final = re.compile(
    r"Input should|should have|should match|Field required|Extra inputs|Value error|"
    r"Assertion failed|Unable to|unable to|Error iterating|valid (dictionary|list|tuple|string)|"
    r"\{[a-z_]+\}|\^\["
)
CONTEXT: Final = dict.fromkeys(
    (
        *("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "actual_length"),
        *("pattern", "expected", "expected_tags", "discriminator", "max_digits", "error"),
        *("decimal_places", "encoding", "expected_schemes", "expected_version"),
    ),
    7,
)
WRONG: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    1.5,
    1e300,
    "",
    "a\x07b",
    "x" * 20_000,
    [],
    [None],
    {},
    {"x": 1},
)


@pytest.mark.parametrize("kind", get_args(KnownType))
def test_each_kind_of_error_has_a_sentence_of_ours(kind: str) -> None:
    said = describe_field({"type": kind, "msg": "Input should be other", "ctx": CONTEXT})

    assert not PYDANTICS.search(said)
    assert said[-1] in ".…7"
    assert describe_field({"type": kind, "msg": "Input should be other"})


def test_the_table_names_kinds_that_there_are() -> None:
    assert set(get_args(KnownType)) >= SENTENCES.keys()
    assert ANY_OTHER not in SENTENCES.values()


def requests() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and schema of each JSON body that is read field by field."""
    for path, methods in document()["paths"].items():
        for method, each in methods.items():
            content = each.get("requestBody", {}).get("content", {}).get("application/json")
            if content is not None and path != "/trust-score":
                yield re.sub("[{}]", "", path), method.upper(), content["schema"]


def resolved(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema itself and the members of its unions, without references."""
    if "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if members := schema.get("anyOf", schema.get("oneOf")):
        for member in members:
            yield from resolved(member)
    else:
        yield schema


def samples(schema: dict[str, Any], depth: int = 0) -> Iterator[Any]:
    """Values that are wrong in a schema, at each of its fields."""
    yield from WRONG
    for each in resolved(schema):
        for name, inner in each.get("properties", {}).items():
            yield from ({name: value} for value in samples(inner, depth + 1))
        if depth < 4 and isinstance(each.get("items"), dict):
            yield from ([value] for value in samples(each["items"], depth + 1))


def test_no_sentence_of_pydantic_reaches_a_caller_whatever_is_wrong_in_a_body(admin: Api) -> None:
    told: dict[str, tuple[str, Any]] = {}
    for path, method, schema in requests():
        for body in samples(schema):
            answer = admin.request(method, path, json=body)
            if answer.status_code == 422:
                told |= {error["detail"]: (path, body) for error in answer.json().get("errors", ())}

    assert len(told) > 30
    assert {said: at for said, at in told.items() if PYDANTICS.search(said)} == {}
    assert {said for said in told if said[-1] not in ".…!?"} == set()


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=1000", "cursor=" + "x" * 200, "state=none", "kind=none"]
)
def test_no_sentence_of_pydantic_tells_of_a_parameter(api: Api, query: str) -> None:
    for path in ("/datasets", "/experiments", "/jobs", "/models"):
        answer = api.get(f"{path}?{query}")

        assert answer.status_code == 422
        assert not PYDANTICS.search(answer.text)


def patterns(node: Any) -> Iterator[str]:
    """Every pattern in what a caller sends."""
    if isinstance(node, list):
        for item in node:
            yield from patterns(item)
    elif isinstance(node, dict):
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            yield from patterns(document()["components"]["schemas"][name])
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for value in node.values():
            yield from patterns(value)


def test_each_form_that_a_text_must_match_is_told_in_words() -> None:
    sent = [
        each.get(part, [])
        for methods in document()["paths"].values()
        for each in methods.values()
        for part in ("parameters", "requestBody")
    ]

    assert set(patterns(sent)) <= PATTERNS.keys()


def texts(schema: dict[str, Any], depth: int = 0) -> Iterator[Any]:
    """A text with a control character at each field that takes a text."""
    for each in resolved(schema):
        if each.get("type") == "string":
            yield "a\x1b[2Jb"
        for name, inner in each.get("properties", {}).items():
            yield from ({name: value} for value in texts(inner, depth + 1))
        if depth < 4 and isinstance(each.get("items"), dict):
            yield from ([value] for value in texts(each["items"], depth + 1))
        if depth < 4 and isinstance(each.get("additionalProperties"), dict):
            yield {"a\x85b": {}}
            yield from ({"x": value} for value in texts(each["additionalProperties"], depth + 1))


def test_a_control_character_is_refused_in_every_text_of_every_body(admin: Api) -> None:
    count = 0
    for path, method, schema in requests():
        for body in texts(schema):
            answer = admin.request(method, path, json=body)

            count += 1
            assert answer.status_code == 422, (path, body)
            assert "control character (U+00" in answer.json()["detail"], (path, body)
    assert count > 30


@pytest.mark.parametrize("sign", ["\x00", "\n", "\t", "\x7f", "\x9b", "\u2028", "\u202e", "\u2066"])
@pytest.mark.parametrize("ascii_only", [True, False], ids=["escaped", "as it is"])
def test_control_characters_are_refused_by_name(api: Api, sign: str, ascii_only: bool) -> None:  # noqa: FBT001
    content = json.dumps({"name": f"a{sign}b"}, ensure_ascii=ascii_only).encode()

    for path in ("/datasets", "/trust-score"):
        answer = api.post(path, content=content, headers={"Content-Type": "application/json"})

        assert answer.status_code == 422
        assert f"(U+{ord(sign):04X})" in answer.json()["detail"]
        assert answer.json()["errors"][0]["pointer"] == "/name"


@pytest.mark.parametrize("name", ["Müller", "日本", "a\u00a0b", "Zoë 🧠", "نام", "\\n", "\\u0007"])
def test_names_of_any_language_are_taken_as_they_are(api: Api, name: str) -> None:
    assert api.post("/datasets", json={"name": name}).json()["name"] == name


def test_a_control_character_in_a_table_is_refused_with_its_line(api: Api) -> None:
    table = "case,set,region,dice\r\na,real,ET,0.5\nb\x1b,real,ET,0.5\n"

    answer = api.post("/trust-score", content=table, headers={"Content-Type": "text/csv"})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/lines/3")
    assert "U+001B" in answer.json()["detail"]
