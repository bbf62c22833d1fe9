"""Which values of a parsed JSON document cannot be used, and the pointer of the first one.

A scoring process loads this module, so it imports nothing of the API.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Final

from syntrust_core.errors import InvalidRequest
from syntrust_gateway.errors import pointer

Path = tuple[str | int, ...]
Fault = Callable[[Any], str | None]
_LONGEST_TOKEN: Final = 200
_MOST_BITS: Final = 63
# C0, DEL and C1; separators of lines and paragraphs; what turns the direction of a text around.
CONTROL: Final = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
_CONTROL: Final = re.compile(f"[{CONTROL}]")


def find_control(text: str) -> str | None:
    """Name the first control character of a text, as U+0007; None if it has none."""
    found = _CONTROL.search(text)
    return None if found is None else f"U+{ord(found[0]):04X}"


def show_plain(text: str) -> str:
    """Write a text so that a terminal or a log is told of its control characters only."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def refuse_unusable(found: object, *, most_keys: int, control: bool) -> None:
    """Refuse an object of too many keys, and a number that is not finite or of over 64 bits.

    With `control`, refuse a text with a control character as well.
    """

    def fault(value: object) -> str | None:
        if isinstance(value, dict) and len(value) > most_keys:
            return f"The object has {len(value)} keys; at most {most_keys} are read."
        return _number_fault(value)

    if not _is_clean(found, fault):
        _refuse_first(found, fault)
    if control:
        refuse_control(found)


def refuse_control(found: object) -> None:
    """Refuse a text or key with a control character: no name or id has one, nor may a log."""
    _refuse_first(found, _control_fault)


def refuse_surrogate(found: object) -> None:
    """Refuse a text or key with a lone surrogate, which is half a character."""
    _refuse_first(found, _surrogate_fault)


def _number_fault(value: object) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return "The number is not finite."
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return "The number does not fit into 64 bits."
    return None


def _control_fault(value: object) -> str | None:
    sign = find_control(value) if isinstance(value, str) else None
    return None if sign is None else f"The text has a control character ({sign}); leave it out."


def _surrogate_fault(value: object) -> str | None:
    torn = isinstance(value, str) and any("\ud800" <= each <= "\udfff" for each in value)
    return "The text has a lone surrogate, half a character." if torn else None


def _is_clean(found: object, fault: Fault) -> bool:
    """Look at all values level by level: no paths are made, and no call is nested."""
    level: list[Any] = [found]
    while level:
        if any(map(fault, level)):
            return False
        objects = [value.values() for value in level if type(value) is dict]
        lists = [value for value in level if type(value) is list]
        level = list(chain(*lists, *objects))
    return True


def _refuse_first(found: object, fault: Fault) -> None:
    for path, value in _walk(found, ()):
        if detail := fault(value):
            at = pointer(*map(_printable, path))
            raise InvalidRequest(f"{show_plain(at) or 'The body'}: {detail}", pointer=at)


def _walk(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    yield path, value
    if isinstance(value, dict):
        for name, item in value.items():
            yield (*path, name), name
            yield from _walk(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))


def _printable(token: str | int) -> str | int:
    """Cut a long key, and write half a character so that an answer can hold it."""
    if isinstance(token, int):
        return token
    return token[:_LONGEST_TOKEN].encode("utf-8", "backslashreplace").decode("utf-8")
