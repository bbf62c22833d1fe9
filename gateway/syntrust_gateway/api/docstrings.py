"""The texts below the keys of a `TypedDict`: pydantic reads those of a class, not of its bases."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from textwrap import dedent
from typing import Any, get_args, get_type_hints

from typing_extensions import get_original_bases, is_typeddict


def add_descriptions(schemas: dict[str, Any], types: list[type[Any]]) -> None:
    """Describe every key of the types, and of those in them, in their schemas by name."""
    found: dict[str, type[Any]] = {}
    for each in types:
        _collect(each, found)
    for name, each in found.items():
        for key, text in descriptions(each).items():
            schemas[name]["properties"][key].setdefault("description", text)


def descriptions(described: type[Any]) -> dict[str, str]:
    """Give the text below each key, those of the bases first."""
    found: dict[str, str] = {}
    for base in get_original_bases(described):
        if is_typeddict(base):
            found |= descriptions(base)
    body = ast.parse(dedent(inspect.getsource(described))).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - its source is that of a class
    for field, text in pairwise(body.body):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=key)),
                ast.Expr(value=ast.Constant(value=str(doc))),
            ):
                found[key] = " ".join(doc.split())
    return found


def _collect(described: Any, found: dict[str, type[Any]]) -> None:  # noqa: ANN401 - any annotation
    """Find every `TypedDict` that an annotation leads to."""
    if not is_typeddict(described):
        for part in get_args(described):
            _collect(part, found)
    elif described.__name__ not in found:
        found[described.__name__] = described
        for hint in get_type_hints(described).values():
            _collect(hint, found)
