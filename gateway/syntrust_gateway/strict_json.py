"""Read JSON fast and strictly: each key once, values that can be kept, and in bounded memory.

`json_values` says which values of a body cannot be used, and where they are.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from pydantic_core import from_json

from syntrust_core.errors import InvalidRequest
from syntrust_gateway.errors import pointer
from syntrust_gateway.json_values import Path, refuse_control, refuse_surrogate, refuse_unusable

_BOM: Final = b"\xef\xbb\xbf"
_ESCAPED_CONTROL: Final = re.compile(
    rb"\\(?:[bfnrt]|u(?:00(?:[01][0-9a-f]|7f|[89][0-9a-f])|20(?:2[89a-e]|6[6-9])))", re.IGNORECASE
)
_UTF8_CONTROL: Final = re.compile(rb"\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]")
_LONGEST_NAME: Final = 200
MOST_KEYS: Final = 100
_MOST_CONTAINERS: Final = 50_000
_MOST_VALUES: Final = 250_000


def read_body(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Read the JSON body of a request whose fields are then validated.

    Raises
    ------
    InvalidRequest
        If it is not JSON in UTF-8, is nested more than 200 levels deep or holds too many values; or
        with the pointer of a key that occurs twice, of an object of more than 100 keys, of a text
        with a control character or a lone surrogate, or of a number that is not finite or that no
        64 bits hold.
    """
    if body.count(b",") >= _MOST_VALUES:
        raise InvalidRequest(f"The body holds more than {_MOST_VALUES} values.")
    found = _parse(body, most_containers=_MOST_CONTAINERS)
    refuse_unusable(found, most_keys=MOST_KEYS, control=_may_hold_control(body))
    return found


def read_object(body: bytes, *, most_containers: int) -> dict[str, Any]:
    """Read a JSON object whose numbers and sizes the caller checks.

    An overflowing number is read as infinite, so that the field which holds it is refused with its
    pointer by whoever checks its range. So are `NaN` and `Infinity`.

    Raises
    ------
    InvalidRequest
        If it is not JSON in UTF-8, is nested more than 200 levels deep, repeats a key, has a text
        with a control character or a lone surrogate, holds more than `most_containers` objects and
        lists, or is not an object.
    """
    found = _parse(body, most_containers=most_containers)
    if not isinstance(found, dict):
        raise InvalidRequest("The body must be a JSON object.")
    if _may_hold_control(body):
        refuse_control(found)
    return found


def _parse(body: bytes, *, most_containers: int) -> Any:  # noqa: ANN401 - any JSON value
    # A body of fewer bytes cannot hold as many, and to count takes a tenth of the reading.
    if len(body) > most_containers and body.count(b"{") + body.count(b"[") > most_containers:
        raise InvalidRequest(f"The body holds more than {most_containers} objects and lists.")
    try:
        found = from_json(body.removeprefix(_BOM), cache_strings="keys")
    except ValueError as error:
        _refuse_surrogates(body)
        raise InvalidRequest(_not_json(str(error))) from error
    if not _has_keys(found, body.count(b":")):
        _refuse_repeated_keys(body)
    return found


def _may_hold_control(body: bytes) -> bool:
    """Say whether a text may have a control character, by an escape or as it is."""
    # One byte is found ten times as fast as a pattern, and most bodies have no such byte.
    escaped = b"\\" in body and _ESCAPED_CONTROL.search(body) is not None
    return escaped or has_control(body)


def has_control(body: bytes) -> bool:
    """Say whether UTF-8 has a control character as it is; not those below U+0020, no JSON has."""
    return b"\x7f" in body or (not body.isascii() and _UTF8_CONTROL.search(body) is not None)


def _not_json(reason: str) -> str:
    if reason.startswith("recursion limit"):
        return f"The JSON is nested too deeply: {reason}."
    return f"The body is not JSON in UTF-8: {reason}."


def _refuse_surrogates(body: bytes) -> None:
    """Read again, slowly, to find the field whose text has half a character, if that is why."""
    if b"\\ud" not in body.lower():
        return
    try:
        found = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return
    refuse_surrogate(found)


def _has_keys(found: object, colons: int) -> bool:
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
    counts = Counter(name for name, _ in pairs)
    repeating.key = next(name for name, count in counts.items() if count > 1)
    return repeating


def _refuse_repeated_keys(body: bytes) -> None:
    """Read again, slowly, to find which key of which object occurs twice, if any."""
    whole = json.loads(body.decode("utf-8-sig", "replace"), object_pairs_hook=_object)
    for path, key in _repeated(whole, ()):
        name = key if len(key) <= _LONGEST_NAME else f"{key[:_LONGEST_NAME]}…"
        at = pointer(*path, name)
        raise InvalidRequest(f"The key {name!r} occurs twice in one object.", pointer=at)


def _repeated(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, _Repeating):
        yield path, value.key
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _repeated(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _repeated(item, (*path, index))
