"""What the bodies of several resources share; each resource has its own `schemas`."""

from __future__ import annotations

import re
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from syntrust_gateway.api.patterns import CASE_ID, PATTERNS, PLAIN

# Control characters have no place in a name, and PostgreSQL cannot keep a NUL.
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=PLAIN),
]


def _sort_tags(tags: list[str]) -> list[str]:
    return sorted(set(tags))


Tag = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50, pattern=PLAIN)
]
Tags = Annotated[
    list[Tag],
    Field(max_length=20, description="For your own lists; they are part of no result."),
    AfterValidator(_sort_tags),
]


def _require_case_id(value: object) -> object:
    """Say the rule in words, and the id that breaks it."""
    if isinstance(value, str) and not re.fullmatch(CASE_ID[1:-1], value):
        msg = f"{value[:130]!r} cannot be the id of a case. {PATTERNS[CASE_ID]}"
        raise PydanticCustomError("case_id", "{reason}", {"reason": msg})
    return value


CaseId = Annotated[str, StringConstraints(pattern=CASE_ID), BeforeValidator(_require_case_id)]
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)


def _require_instant(value: object) -> object:
    """Refuse numbers and other spellings, which are no `date-time` of the document."""
    if not (isinstance(value, str) and _INSTANT.fullmatch(value)):
        msg = "write a time with its time zone, as 2026-11-29T10:00:00Z"
        raise ValueError(msg)
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_require_instant)]


class RequestBody(BaseModel):
    """Base of every body that a caller sends: frozen, and no field that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Changes(RequestBody):
    """Base of what changes a thing: what is left out stays, and one field at least is named."""

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if not self.model_fields_set:
            names = ", ".join(f"`{name}`" for name in type(self).model_fields)
            msg = f"name at least one of {names}"
            raise ValueError(msg)
        return self


class AnswerBody(BaseModel):
    """Base of every body that we answer: it has every field, those with a default too."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)
