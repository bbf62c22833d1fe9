"""The OpenAPI document: committed, valid, complete, and what the API answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.answer_schemas import DOCUMENT, document, operations
from tests.unit.gateway.conftest import Api

from syntrust_gateway.app import openapi_document

pytestmark = pytest.mark.any_database

# JSON that others define: a network's settings, label values, MONAI's description, a change.
FREE = {
    "/AcceptedSegmentation/properties/scheme/anyOf/1",
    "/AcceptedSynthesis/properties/scheme/anyOf/1",
    "/AuditEntry/properties/detail",
    "/BundleMetadata/properties/network_data_format/additionalProperties/additionalProperties",
    "/SegmenterCard/properties/config",
    "/Training/properties/config/anyOf/0",
}
DESCRIBED = ("TrustAnswer", "ExperimentResults", "ScoreRequest", "TrustDefinitions")


def test_the_committed_document_is_that_of_the_code() -> None:
    committed = DOCUMENT.read_text(encoding="utf-8")

    assert json.loads(committed) == openapi_document(), "run `make openapi`"


def test_the_api_serves_the_same_document(api: Api) -> None:
    assert api.get("/openapi.json").json() == document()


def test_the_document_is_valid_openapi_3_1() -> None:
    found = document()

    assert found["openapi"].startswith("3.1")
    assert not list(OpenAPIV31SpecValidator(found).iter_errors())


def nodes(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the document with its path."""
    if isinstance(value, dict):
        yield path, value
        for key, item in value.items():
            yield from nodes(item, f"{path}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from nodes(item, f"{path}/{index}")


def test_no_object_is_left_without_keys_where_they_are_known() -> None:
    schemas = document()["components"]["schemas"]
    bare = {
        path
        for path, node in nodes(schemas)
        if node.get("type") == "object"
        and "properties" not in node
        and node.get("additionalProperties", True) is True
    }

    assert bare == FREE


def test_every_answer_has_a_schema() -> None:
    bare = [
        f"{operation['operationId']} {status}"
        for methods in document()["paths"].values()
        for operation in methods.values()
        for status, response in operation["responses"].items()
        for content in response.get("content", {}).values()
        if not content.get("schema")
    ]

    assert bare == []


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_key_of_a_product_is_described(name: str) -> None:
    schemas = document()["components"]["schemas"]
    reached, left = set[str](), [name]
    while left:
        reached.add(each := left.pop())
        refs = (node["$ref"] for _, node in nodes(schemas[each]) if "$ref" in node)
        left += {ref.rpartition("/")[2] for ref in refs} - reached
    from_pydantic = {"Ref", "StepError"} | {each for each in reached if each.startswith("Resolved")}
    silent = [
        f"{each}.{key}"
        for each in sorted(reached - from_pydantic)
        for key, value in schemas[each].get("properties", {}).items()
        if "description" not in value
    ]

    assert silent == []


def test_operations_have_one_name_each() -> None:
    names = [each["operationId"] for path in document()["paths"].values() for each in path.values()]

    assert len(set(names)) == len(names) == len(operations())
