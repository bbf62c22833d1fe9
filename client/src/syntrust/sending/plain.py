"""Values of other libraries as plain JSON: numpy's numbers and arrays, columns of pandas.

None of those libraries is imported: what has `tolist` or `item` says itself what it is in Python.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any, Final, Literal

from syntrust.errors import UnfitScores

_DEEPEST: Final = 100
Nan = Literal["empty"] | None
"""What a NaN of the caller means: `empty` is an empty reference and prediction, sent as null."""


def to_json(body: object) -> bytes:
    """Write a body as JSON in UTF-8.

    Raises
    ------
    UnfitScores
        A value in it is no JSON. The error has the JSON pointer of the value.
    """
    try:
        text = _dump(body)
    except (TypeError, ValueError, RecursionError):  # then look at each value
        text = _dump(to_plain(body))
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise UnfitScores("A text holds half of a character, which UTF-8 cannot hold.") from None


def _dump(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def to_plain(value: object, *, nan: Nan = None, at: str = "") -> Any:  # noqa: ANN401 - JSON is anything
    """Give `value` in the types of JSON; `at` is its JSON pointer.

    Raises
    ------
    UnfitScores
        If it is NaN and `nan` does not say what that means, infinite, or nothing that JSON holds.
    """
    if at.count("/") > _DEEPEST:  # a list that holds itself, or what no API takes
        raise UnfitScores("The value is nested too deeply for a request.")
    if value is None or isinstance(value, bool | int | str):
        return _built_in(value)
    if isinstance(value, float):
        return _number(float(value), nan, at)
    if isinstance(value, Mapping):
        return {
            key: to_plain(each, nan=nan, at=f"{at}/{_escape(key)}")
            for key, each in zip(map(_key, value), value.values(), strict=True)
        }
    if isinstance(value, list | tuple):
        return [to_plain(each, nan=nan, at=f"{at}/{n}") for n, each in enumerate(value)]
    if isinstance(value, PathLike):
        return str(fspath(value))
    return _foreign(value, nan, at)


def _built_in(value: object) -> object:
    """Strip a subclass, as numpy's texts are one of `str`."""
    for kind in (bool, int, str):
        if isinstance(value, kind) and type(value) is not kind:
            return kind(value)
    return value


def _number(value: float, nan: Nan, at: str) -> float | None:
    if math.isfinite(value):
        return value
    if math.isnan(value) and nan == "empty":
        return None
    if math.isnan(value):
        raise UnfitScores(
            f"{at or 'The value'} is NaN. Where reference and prediction are both empty, give None "
            'or say nan="empty".'
        )
    raise UnfitScores(f"{at or 'The value'} is {value}, which is no number of JSON.")


def _foreign(value: object, nan: Nan, at: str) -> Any:  # noqa: ANN401 - JSON is anything
    for name in ("tolist", "to_list", "item"):
        convert = getattr(value, name, None)
        if callable(convert):
            try:
                found = convert()
            except (TypeError, ValueError):
                continue
            if type(found) is not type(value):
                return to_plain(found, nan=nan, at=at)
    raise UnfitScores(
        f"{at or 'The value'} is a {type(value).__name__}, which JSON cannot hold; give numbers, "
        "texts, lists and mappings."
    )


def _key(key: object) -> str:
    plain = to_plain(key, at="A key")
    if isinstance(plain, dict | list) or plain is None:
        raise UnfitScores(f"The key {key!r} is no text.")
    return str(plain)


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
