"""The bodies of `/admin`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from syntrust_core.contracts.base import Kind, Progress, Queue
from syntrust_core.json_numbers import WHOLE
from syntrust_gateway.api.patterns import PLAIN
from syntrust_gateway.api.schemas import AnswerBody, Instant, RequestBody, Text
from syntrust_gateway.auth.keys import KeyState
from syntrust_gateway.db.auth_tables import Scope
from syntrust_gateway.db.tables import Role

MOST_COUNTED = 2**53 - 1  # what every JSON reader keeps exactly
LONGEST_OVERLAP_S = 30 * 86_400

ClientName = Annotated[Text, StringConstraints(max_length=100)]
Label = Annotated[str, StringConstraints(max_length=200, pattern=PLAIN)]


class NewClient(RequestBody):
    """A client and its first key."""

    name: ClientName
    role: Annotated[Role, Field(description="An admin sees the work of all clients.")] = Role.USER
    scope: Annotated[
        Scope | None, Field(description="What the key opens; null: all that the role allows.")
    ] = None
    label: Annotated[Label, Field(description="What the key is for.")] = ""
    expires: Annotated[Instant | None, Field(description="Null: never.")] = None


class NewApiKey(RequestBody):
    """A further key for a client."""

    client: Annotated[ClientName, Field(description="The client's name.")]
    scope: Annotated[
        Scope | None, Field(description="What the key opens; null: all that the role allows.")
    ] = None
    label: Annotated[Label, Field(description="What the key is for.")] = ""
    expires: Annotated[Instant | None, Field(description="Null: never.")] = None


class Rotation(RequestBody):
    """For how long the old key is still good."""

    overlap_seconds: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP_S), WHOLE] = 0


class Expiry(RequestBody):
    """When a key expires."""

    expires: Annotated[Instant | None, Field(description="Null: never.")]


class LimitsChange(RequestBody):
    """Limits of a client. What is left out stays; null is the installation's own limit."""

    max_running_steps: Annotated[int | None, Field(ge=1, le=1_000_000), WHOLE] = None
    max_stored_bytes: Annotated[int | None, Field(ge=0, le=MOST_COUNTED), WHOLE] = None
    max_requests_per_minute: Annotated[int | None, Field(ge=1, le=1_000_000), WHOLE] = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if not self.model_fields_set:
            msg = "name at least one limit"
            raise ValueError(msg)
        return self


class KeyBody(AnswerBody):
    id: str
    client: str
    scope: Scope
    label: str
    state: KeyState
    created: datetime
    expires: datetime | None
    revoked: datetime | None


class IssuedKeyBody(KeyBody):
    key: Annotated[str, Field(description="The key itself. It is shown this once.")]


class KeyPage(AnswerBody):
    items: list[KeyBody]
    next: str | None


class ClientBody(AnswerBody):
    id: int
    name: str
    role: Role
    created: datetime
    max_running_steps: int | None
    max_stored_bytes: int | None
    max_requests_per_minute: int | None


class NewClientBody(ClientBody):
    key: IssuedKeyBody


class ClientPage(AnswerBody):
    items: list[ClientBody]
    next: str | None


class AuditEntry(AnswerBody):
    id: int
    at: datetime
    client: Annotated[str | None, Field(description="Null: a command of an operator.")]
    action: str
    target: str
    detail: dict[str, Any]


class AuditPage(AnswerBody):
    items: list[AuditEntry]
    next: str | None


class KindUsage(AnswerBody):
    steps: int
    device_hours: float


class ClientUsage(AnswerBody):
    client: Annotated[str | None, Field(description="Null: it is not known who asked first.")]
    uploaded_bytes: Annotated[int, Field(description="Of files that it announced; now.")]
    computed_bytes: Annotated[int, Field(description="Of results that it asked for first; now.")]
    steps: int
    device_hours: float
    by_kind: dict[Kind, KindUsage]


class Usage(AnswerBody):
    since: datetime | None
    until: datetime | None
    clients: list[ClientUsage]


class WorkingStep(AnswerBody):
    step: str
    kind: Kind | None
    client: Annotated[str | None, Field(description="Who asked for the step first.")]
    since: datetime
    progress: Progress | None


class WorkerBody(AnswerBody):
    queue: Queue
    name: str
    host: str
    processes: int
    running: list[WorkingStep]


class Workers(AnswerBody):
    items: list[WorkerBody]
    elsewhere: Annotated[
        list[WorkingStep], Field(description="Steps whose worker gives no sign of life.")
    ]
