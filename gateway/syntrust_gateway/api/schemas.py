"""What the bodies of several resources share; each resource has its own `schemas`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

# Control characters have no place in a name, and PostgreSQL cannot keep a NUL.
Text = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
]
CaseId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
MODEL_NAME = r"^[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*$"


class RequestBody(BaseModel):
    """Base of every body that a caller sends: frozen, and no field that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AnswerBody(BaseModel):
    """Base of every body that we answer: it has every field, those with a default too."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)
