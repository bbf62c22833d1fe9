"""Turn errors into HTTP responses as RFC 9457 writes them: `application/problem+json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from syntrust_core.errors import InvalidRequest, PlatformError, Unauthenticated, Unavailable
from syntrust_core.field_errors import describe_field
from syntrust_core.log import get_logger
from syntrust_gateway.api.described import schema_of
from syntrust_gateway.api.patterns import PATTERNS
from syntrust_gateway.errors import (
    TYPE_BASE,
    FieldError,
    InvalidFields,
    NotYet,
    QuotaExceeded,
    StillWorking,
    TooManyRequests,
    UnsupportedEncoding,
    pointer,
)
from syntrust_gateway.logged_request import describe_request

log = get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
INTERNAL_DETAIL = "The platform failed to answer this request. Its log has the reason."
RETRY_AFTER_S = "5"
MOST_ERRORS = 100


class ProblemField(BaseModel):
    pointer: Annotated[str, Field(description="JSON pointer into the request.")]
    detail: str


class Problem(BaseModel):
    """An error as RFC 9457 writes it; `type` is stable."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[ProblemField] = []


def documented(*errors: type[PlatformError]) -> dict[int | str, dict[str, Any]]:
    """List the errors of a route, so that OpenAPI tells them."""
    responses: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        known = responses.setdefault(error.status, _described(error.title))
        if error.title not in known["description"]:
            known["description"] += f"; {error.title}"
    return responses


def _described(title: str) -> dict[str, Any]:
    return {"description": title, "content": {MEDIA_TYPE: {"schema": schema_of(Problem)}}}


ANY_OTHER: Final[dict[int | str, dict[str, Any]]] = {"default": _described("Any other problem")}


LIMITED: Final[dict[int | str, dict[str, Any]]] = {
    429: {
        **_described(f"{TooManyRequests.title}; {QuotaExceeded.title}"),
        "headers": {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
        },
    },
    **ANY_OTHER,
}


def problem_response(error: PlatformError, *, instance: str) -> JSONResponse:
    """Make the response to an error. The text of an internal error stays in the log."""
    # A caller can wait for what is unavailable. About any other fault of ours it can do nothing.
    hidden = error.status >= 500 and not isinstance(error, Unavailable)
    return _response(
        slug="internal" if hidden else error.slug,
        title="Internal error" if hidden else error.title,
        status=500 if hidden else error.status,
        detail=INTERNAL_DETAIL if hidden else error.detail,
        instance=instance,
        fields=_field_errors(error),
        context={} if hidden else error.context,
        headers=_headers(error),
    )


def internal_response(*, instance: str) -> JSONResponse:
    return _response(
        slug="internal",
        title="Internal error",
        status=500,
        detail=INTERNAL_DETAIL,
        instance=instance,
    )


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem."""
    app.add_exception_handler(PlatformError, _on_platform_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)


def _response(
    *,
    slug: str,
    title: str,
    status: int,
    detail: str,
    instance: str,
    fields: Sequence[FieldError] = (),
    context: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    errors = [ProblemField(pointer=field.pointer, detail=field.detail) for field in fields]
    body: dict[str, Any] = {
        **(context or {}),
        "type": TYPE_BASE + slug,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
    }
    if errors:
        body["errors"] = [field.model_dump() for field in errors[:MOST_ERRORS]]
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def _field_errors(error: PlatformError) -> Sequence[FieldError]:
    if isinstance(error, InvalidFields):
        return error.fields
    if isinstance(error, InvalidRequest) and error.pointer:
        return (FieldError(error.pointer, error.detail),)
    return ()


def _headers(error: PlatformError) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, TooManyRequests | StillWorking | NotYet):
        return {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, Unavailable):
        return {"Retry-After": RETRY_AFTER_S}
    if isinstance(error, UnsupportedEncoding):
        return {"Accept-Encoding": error.accepted}
    return {}


async def _on_platform_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PlatformError)  # noqa: S101 - it is registered for nothing else
    if error.status >= 500:
        known = describe_request(request.scope)
        log.error("request.failed", **known, slug=error.slug, exc_info=error)
    return problem_response(error, instance=request.url.path)


async def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - see above
    found = error.errors()
    fields = _distinct([_field(item, error.body) for item in found[:MOST_ERRORS]])
    more = f" (and {len(fields) - 1} more)" if len(fields) > 1 else ""
    first = fields[0]
    return _response(
        slug="invalid-request",
        title="Request cannot be used",
        status=422,
        detail=f"{first.pointer or 'The body'}: {first.detail}{more}",
        instance=request.url.path,
        fields=fields,
    )


def _field(item: Mapping[str, Any], body: object) -> FieldError:
    """Give a pydantic error its pointer: body fields at the root, others in /query or /path."""
    where, *rest = item["loc"]
    if where != "body":
        return FieldError(pointer(where, *rest), describe_field(item, PATTERNS))
    at = pointer(*_tokens(rest, body, item["type"]))
    return FieldError(at, describe_field(item, PATTERNS))


def _tokens(location: Sequence[str | int], body: object, kind: str) -> Iterator[str | int]:
    """Keep the part of `location` that is in the body: pydantic also names members of unions."""
    value = body
    for index, token in enumerate(location):
        inside, value = _step_into(value, token)
        if inside or (kind == "missing" and index == len(location) - 1):
            yield token


def _step_into(value: object, token: str | int) -> tuple[bool, object]:
    if isinstance(value, Mapping) and token in value:
        return True, value[token]
    if isinstance(value, list) and isinstance(token, int) and token < len(value):
        return True, value[token]
    return False, value


def _distinct(fields: Sequence[FieldError]) -> list[FieldError]:
    return list(dict.fromkeys(fields))


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - see above
    phrase = HTTPStatus(error.status_code).phrase
    return _response(
        slug=phrase.lower().replace(" ", "-"),
        title=phrase,
        status=error.status_code,
        detail=_describe(error, request),
        instance=request.url.path,
        headers=error.headers if error.status_code != 405 else {"Allow": _allowed(request)},
    )


def _allowed(request: Request) -> str:
    """List the methods of a path. FastAPI lists those of the first route with it."""
    path = request.scope["path"]
    methods = {
        method
        for route in iter_route_contexts(request.app.routes)
        if (pattern := getattr(route, "path_regex", None)) and pattern.match(path)
        for method in route.methods or ()
    }
    methods |= {"HEAD"} if "GET" in methods else set()
    return ", ".join(sorted(methods))


def describe_nowhere(path: str) -> str:
    """Say that there is nothing at a path."""
    return f"There is nothing at {path}; /docs lists what is there."


def _describe(error: HTTPException, request: Request) -> str:
    match error.status_code:
        case 404:
            return describe_nowhere(request.url.path)
        case 405:
            return f"{request.url.path} does not take {request.method}."
        case _:
            return str(error.detail)
