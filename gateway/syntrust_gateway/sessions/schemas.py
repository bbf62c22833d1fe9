"""The bodies of `/session`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, SecretStr

from syntrust_gateway.api.schemas import AnswerBody, RequestBody
from syntrust_gateway.db.auth_tables import Scope
from syntrust_gateway.db.tables import Role


class SignIn(RequestBody):
    key: Annotated[
        SecretStr, Field(min_length=1, max_length=200, description="Your API key, sent this once.")
    ]


class SessionBody(AnswerBody):
    """Who is signed in, as whom, and until when."""

    client: str
    role: Annotated[Role, Field(description="`user` if the key's scope is less than `admin`.")]
    scope: Annotated[Scope, Field(description="The scope of the key.")]
    csrf_token: Annotated[
        str,
        Field(description="For the header `X-CSRF-Token` of every request that changes something."),
    ]
    expires: Annotated[datetime, Field(description="When to sign in again, at the latest.")]
