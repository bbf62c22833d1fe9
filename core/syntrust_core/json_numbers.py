"""Numbers of a request: what only looks like one is refused. Imports pydantic alone."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticKnownError


def _require_whole(value: object) -> object:
    return _require(value, "int_type")


def _require_real(value: object) -> object:
    return _require(value, "float_type")


def _require(value: object, wrong: Literal["int_type", "float_type"]) -> object:
    """Refuse `true` and texts, which would be taken for the number that they look like."""
    if isinstance(value, bool | str):
        raise PydanticKnownError(wrong)
    return value


# They stand after the bounds of a field: before them, these would be lost in the document.
WHOLE: Final = BeforeValidator(_require_whole)
REAL: Final = BeforeValidator(_require_real)
