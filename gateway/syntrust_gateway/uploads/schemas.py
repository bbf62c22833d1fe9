"""Bodies of uploads: what a caller announces, and where each file goes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, get_args

from pydantic import Field

from syntrust_core.contracts.base import Sha256
from syntrust_core.contracts.vocabulary import Role, Scheme
from syntrust_gateway.api.schemas import NUMBER, AnswerBody, RequestBody

MAX_FILE_BYTES = 4 << 30
UploadRole = Literal[Role, "prediction_real", "prediction_synthetic", "checkpoint"]
_ROLES: Final = len(get_args(UploadRole))


class UploadSpec(RequestBody):
    sha256: Annotated[Sha256, Field(description="Of the file as it will be uploaded.")]
    bytes: Annotated[int, Field(gt=0, le=MAX_FILE_BYTES), NUMBER]


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
