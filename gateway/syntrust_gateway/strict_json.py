"""Read the JSON of a large request fast and strictly: each key once, and in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from pydantic_core import from_json

from syntrust_core.errors import InvalidRequest
from syntrust_gateway.errors import pointer

_BOM: Final = b"\xef\xbb\xbf"
_LONGEST_NAME: Final = 200


def read_object(body: bytes, *, most_containers: int) -> dict[str, Any]:
    """Read a JSON object in which each key occurs once.

    `NaN` and `Infinity` are read as numbers, so that the field which holds one is refused with its
    pointer by whoever checks its range.

    Raises
    ------
    InvalidRequest
        If it is not JSON in UTF-8, is nested more than 200 levels deep, repeats a key, holds more
        than `most_containers` objects and lists, or is not an object.
    """
    # A body of fewer bytes cannot hold as many, and to count takes a tenth of the reading.
    if len(body) > most_containers and body.count(b"{") + body.count(b"[") > most_containers:
        raise InvalidRequest(f"The body holds more than {most_containers} objects and lists.")
    try:
        found = from_json(body.removeprefix(_BOM), cache_strings="keys")
    except ValueError as error:
        raise InvalidRequest(_not_json(str(error))) from error
    if not isinstance(found, dict):
        raise InvalidRequest("The body must be a JSON object.")
    if not _has_keys(found, body.count(b":")):
        _refuse_repeated_keys(body)
    return found


def _not_json(reason: str) -> str:
    if reason.startswith("recursion limit"):
        return f"The JSON is nested too deeply: {reason}."
    return f"The body is not JSON in UTF-8: {reason}."


def _has_keys(found: dict[str, Any], colons: int) -> bool:
    """Say whether the objects of a parsed body together have a key for every colon of its text.

    A text has a colon behind every key, and perhaps more within its strings. So as many keys as
    colons prove that no key was lost to a later one of the same name; fewer prove nothing. There
    are never more, so the innermost values need no look once the count is reached.
    """
    keys = 0
    level: list[Any] = [found]
    while level:
        objects = [value for value in level if type(value) is dict]
        keys += sum(map(len, objects))
        if keys == colons:
            return True
        lists = [value for value in level if type(value) is list]
        level = list(chain(*lists, *map(dict.values, objects)))
    return False


class _Repeating(dict[str, Any]):
    """An object in which `key` occurs more than once."""

    key: str


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeating = _Repeating(found)
    names = [name for name, _ in pairs]
    repeating.key = next(name for index, name in enumerate(names) if name in names[:index])
    return repeating


def _refuse_repeated_keys(body: bytes) -> None:
    """Read again, slowly, to find which key of which object occurs twice, if any."""
    whole = json.loads(body.decode("utf-8-sig", "replace"), object_pairs_hook=_object)
    for path, key in _repeated(whole, ()):
        name = key if len(key) <= _LONGEST_NAME else f"{key[:_LONGEST_NAME]}…"
        at = pointer(*path, name)
        raise InvalidRequest(f"The key {name!r} occurs twice in one object.", pointer=at)


def _repeated(
    value: object, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, _Repeating):
        yield path, value.key
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _repeated(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _repeated(item, (*path, index))
