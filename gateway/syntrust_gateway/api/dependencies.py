"""What routes are given: the collaborators of the application and the caller of a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Header, Request

from syntrust_core.runtime.coordination import StepCoordinator
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.db.tables import Sessions
from syntrust_gateway.errors import UnsupportedMediaType
from syntrust_gateway.trust_score.scorer_pool import Scorers


@dataclass(frozen=True)
class Deps:
    """Everything the API works with; made once in an entry point."""

    write: Sessions
    read: Sessions
    store: ObjectStore
    coordinator: StepCoordinator
    max_body_bytes: int = 32 << 20  # 100,000 cases of three regions with room to spare
    body_timeout: timedelta = timedelta(seconds=30)
    upload_expires: timedelta = timedelta(hours=12)
    events_every: timedelta = timedelta(milliseconds=500)
    scorers: Scorers = field(default_factory=Scorers)


# Coroutines, because FastAPI runs what is none in a thread, which costs more than they do.
async def _deps(request: Request) -> Deps:
    deps: Deps = request.app.state.deps
    return deps


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


def media_type(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


async def json_only(
    content_type: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> None:
    """Refuse a body that says it is anything but JSON."""
    if content_type is not None and media_type(content_type) != "application/json":
        raise UnsupportedMediaType(
            f"Send application/json; {media_type(content_type)} cannot be read here."
        )


DepsDep = Annotated[Deps, Depends(_deps)]
CallerDep = Annotated[Caller, Depends(_caller)]
