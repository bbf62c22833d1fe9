"""Bodies of uploads: what a caller announces, and where each file goes."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final, Literal, get_args

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from syntrust_core.contracts.base import HEX64, Sha256
from syntrust_core.contracts.vocabulary import Role, Scheme
from syntrust_core.json_numbers import WHOLE
from syntrust_gateway.api.schemas import AnswerBody, RequestBody

MAX_FILE_BYTES = 4 << 30


def _require_digest(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(HEX64[1:-1], value):
        return _refuse("its SHA-256 is not 64 digits of 0 to 9 and a to f")
    return value


def _require_size(value: object) -> object:
    if type(value) is int and value <= 0:
        return _refuse(f"the file is empty ({value} bytes); send the one that holds the volume")
    if type(value) is int and value > MAX_FILE_BYTES:
        return _refuse(f"the file has {value} bytes; at most {MAX_FILE_BYTES} are taken")
    return value


def _refuse(reason: str) -> object:
    raise PydanticCustomError("upload", "{reason}", {"reason": reason})


UploadRole = Literal[Role, "prediction_real", "prediction_synthetic", "checkpoint"]
_ROLES: Final = len(get_args(UploadRole))


class UploadSpec(RequestBody):
    sha256: Annotated[
        Sha256,
        Field(description="Of the file as it will be uploaded."),
        BeforeValidator(_require_digest),
    ]
    bytes: Annotated[int, Field(gt=0, le=MAX_FILE_BYTES), WHOLE, BeforeValidator(_require_size)]


class UploadTarget(AnswerBody):
    """Where to PUT one file, at exactly its announced size; both null where you have put it."""

    url: str | None
    expires: datetime | None


class NewUpload(RequestBody):
    """The body of `POST /uploads`."""

    scheme: Annotated[Scheme, Field(description="What the values of its label maps mean.")] = "auto"
    files: Annotated[dict[UploadRole, UploadSpec], Field(min_length=1, max_length=_ROLES)]


class UploadPlaces(AnswerBody):
    id: str
    files: dict[UploadRole, UploadTarget]


class UploadedFile(AnswerBody):
    bytes: int
    sha256: Sha256
    arrived: Annotated[
        bool, Field(description="At its full size; its SHA-256 is checked before a job uses it.")
    ]
    problem: Annotated[
        str | None, Field(description="Why it was refused; then announce a new upload.")
    ]
    url: Annotated[str | None, Field(description="Where to PUT it, until it has arrived.")]
    expires: datetime | None


class UploadBody(AnswerBody):
    id: str
    scheme: Scheme
    files: dict[UploadRole, UploadedFile]
    created: datetime
