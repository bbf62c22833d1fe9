"""Round numbers and compute digests, so that the same request gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Final, TypeVar

SIGNIFICANT_DIGITS: Final = 12
_FORMAT: Final = f"{{:.{SIGNIFICANT_DIGITS}g}}".format
# Made once: a union in a function is built anew for each of hundreds of values.
_EXACT: Final = (str, int, NoneType)
_OBJECTS: Final = (dict, Mapping)
_LISTS: Final = (list, tuple, Sequence)


_Json = TypeVar("_Json")


def round_numbers(value: _Json) -> _Json:
    """Round every float in a JSON-like value to 12 significant digits; -0.0 becomes 0.0.

    Raises
    ------
    ValueError
        If a number is NaN or infinite. An undefined number must be None here.
    """
    body: _Json = _round_numbers(value)
    return body


def _round_numbers(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, float):
        return _round(value)
    if isinstance(value, _EXACT):
        return value
    if isinstance(value, _OBJECTS):
        return {key: _round_numbers(item) for key, item in value.items()}
    if isinstance(value, _LISTS):
        return [_round_numbers(item) for item in value]
    return value


def _round(value: float) -> float:
    if not math.isfinite(value):
        msg = "a number that is not finite reached an answer"
        raise ValueError(msg)
    return float(_FORMAT(value)) + 0.0


def compute_digest(body: Mapping[str, Any]) -> str:
    """Give the SHA-256 of the canonical JSON of `body`, as `sha256:<hex>`."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
