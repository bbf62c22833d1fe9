"""Schemas in OpenAPI of what is not validated: bodies written as bytes, and JSON kept as it came.

Pydantic turns each type into a component when the document is asked for, and not before.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import TypeAdapter, WithJsonSchema

from syntrust_gateway.api.docstrings import add_descriptions
from syntrust_gateway.api.schemas import RequestBody

REF: Final = "#/components/schemas/{model}"
_MARK: Final = "x-described-by"
_TYPES: dict[str, type[Any]] = {}


def schema_of(*types: type[Any]) -> dict[str, Any]:
    """Refer to the component of a type, or of one of several types."""
    _TYPES.update({each.__name__: each for each in types})
    refs = [{"$ref": REF.format(model=each.__name__)} for each in types]
    return refs[0] if len(refs) == 1 else {"anyOf": refs}


def json_of(*types: type[Any], description: str) -> dict[int | str, dict[str, Any]]:
    """Describe the JSON that a route writes itself, for its `responses`."""
    content = {"application/json": {"schema": schema_of(*types)}}
    return {200: {"description": description, "content": content}}


def described_by(*types: type[Any], nullable: bool = False) -> WithJsonSchema:
    """Describe a field that holds JSON as it came, for its annotation."""
    schema = schema_of(*types)
    if nullable:
        schema = {"anyOf": [*schema.get("anyOf", [schema]), {"type": "null"}]}
    # Pydantic refuses a reference to what it does not know; `resolved` puts it in.
    return WithJsonSchema({_MARK: schema})


def resolved(document: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Put the references of `described_by` into a document; like FastAPI's it names no null."""
    if isinstance(document, dict):
        known = {key: value for key, value in document.items() if value is not None}
        marked = known.pop(_MARK, {})
        return {**marked, **{key: resolved(value) for key, value in known.items()}}
    if isinstance(document, list):
        return [resolved(item) for item in document]
    return document


def components() -> dict[str, Any]:
    """The schema of every type that was referred to, and of those in it, by name."""
    adapters: dict[str, TypeAdapter[Any]] = {}
    while new := _TYPES.keys() - adapters.keys():  # an adapter may refer to further types
        adapters |= {name: TypeAdapter(_TYPES[name]) for name in new}
    inputs = [(name, _mode(_TYPES[name]), adapters[name]) for name in sorted(adapters)]
    _, schema = TypeAdapter.json_schemas(inputs, ref_template=REF)
    found: dict[str, Any] = resolved(schema["$defs"])
    add_descriptions(found, list(_TYPES.values()))
    return found


def _mode(described: type[Any]) -> Literal["validation", "serialization"]:
    """A request is kept as it was sent; all else is what we have written."""
    return "validation" if issubclass(described, RequestBody) else "serialization"
