"""What FastAPI gives to routes: the collaborators of the API and the caller of a request."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request

from syntrust_core.errors import Unauthenticated
from syntrust_gateway.auth.service import Caller, Credential, Shown
from syntrust_gateway.container import Container
from syntrust_gateway.errors import UnsupportedMediaType


# FastAPI runs a plain function in a thread, which costs more than these do. So they are coroutines.
async def _container(request: Request) -> Container:
    container: Container = request.app.state.container
    return container


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


async def _session_token(request: Request) -> str:
    credential: Credential = request.state.credential
    if credential.shown is not Shown.SESSION:
        raise Unauthenticated("This request shows an API key, and no session of a browser.")
    return credential.text


def parse_media_type(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


async def json_only(
    content_type: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> None:
    """Refuse a body whose content type is not JSON."""
    if content_type is not None and parse_media_type(content_type) != "application/json":
        raise UnsupportedMediaType(
            f"Send application/json; {parse_media_type(content_type)} cannot be read here."
        )


ContainerDep = Annotated[Container, Depends(_container)]
CallerDep = Annotated[Caller, Depends(_caller)]
SessionTokenDep = Annotated[str, Depends(_session_token)]
