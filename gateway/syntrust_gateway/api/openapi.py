"""The OpenAPI document: what FastAPI writes of the routes, completed by what it cannot know."""

from __future__ import annotations

from typing import Any, Final

from syntrust_core.errors import Conflict, InvalidRequest, PlatformError
from syntrust_gateway.api.conditional import changes, is_tagged
from syntrust_gateway.api.described import components, resolved
from syntrust_gateway.api.problems import documented
from syntrust_gateway.api.repetition.idempotency import HEADER, REPEATED, takes_key
from syntrust_gateway.auth.scopes import SESSION, is_open, needed_scope
from syntrust_gateway.auth.sessions import COOKIE, CSRF_HEADER
from syntrust_gateway.errors import ChangedMeanwhile

_KEYS: Final[dict[str, Any]] = {
    "HTTPBearer": {"type": "http", "scheme": "bearer", "description": "Your API key."},
    "APIKeyHeader": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_COOKIE: Final[dict[str, Any]] = {
    "SessionCookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "Set by `POST /session`. A request that changes something needs the "
        f"session's `csrf_token` as well, in the header `{CSRF_HEADER}`, and comes from a page of "
        "this address. A key in a header comes first.",
    }
}
_IDEMPOTENCY_KEY: Final = (
    "A new one, such as a UUID, for each request. If the request is repeated with it, nothing is "
    "done twice: the answer is the same for 24 hours. With another body it is refused (422), and "
    "while it is being answered, too (409)."
)
_IF_MATCH: Final = "The `ETag` that you have seen. If it has changed since, nothing is done (412)."
_ETAG: Final = (
    "The version that you see, a dot, and the bytes that you see. `If-Match` compares the version, "
    "which progress does not change."
)


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add what the middleware asks for and answers, and the schemas of what is not validated."""
    whole: dict[str, Any] = resolved(document)
    whole["components"]["securitySchemes"] = _KEYS | _COOKIE
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            _complete(method.upper(), path, operation)
    schemas = whole["components"]["schemas"]
    for name, schema in components().items():
        if schemas.setdefault(name, schema) != schema:
            msg = f"two schemas are called {name}"
            raise ValueError(msg)
    whole["components"]["schemas"] = dict(sorted(schemas.items()))
    return whole


def _complete(method: str, path: str, operation: dict[str, Any]) -> None:
    if is_open(method, path):
        return
    scope = str(needed_scope(method, path))
    schemes = _COOKIE if path == SESSION else _KEYS | _COOKIE
    operation["security"] = [{name: [scope]} for name in schemes]
    if takes_key(method, path):
        _add_parameter(operation, HEADER, _IDEMPOTENCY_KEY, maxLength=257)
        _add_errors(operation, Conflict, InvalidRequest)
        _add_header(operation, REPEATED, "The answer to an earlier request.", enum=["true"])
    if changes(method, path):
        _add_parameter(operation, "If-Match", _IF_MATCH)
        _add_errors(operation, ChangedMeanwhile)
    if is_tagged(method, path):
        _add_parameter(operation, "If-None-Match", "An `ETag`: 304 if it is still the same.")
        _add_header(operation, "ETag", _ETAG)
        unchanged = {"description": "What `If-None-Match` names is still the same."}
        operation["responses"].setdefault("304", unchanged)


def _add_parameter(operation: dict[str, Any], name: str, text: str, **schema: int) -> None:
    parameter = {
        "name": name,
        "in": "header",
        "required": False,
        "description": text,
        "schema": {"type": "string", **schema},
    }
    operation.setdefault("parameters", []).append(parameter)


def _add_header(operation: dict[str, Any], name: str, text: str, **schema: list[str]) -> None:
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            header = {"description": text, "schema": {"type": "string", **schema}}
            response.setdefault("headers", {})[name] = header


def _add_errors(operation: dict[str, Any], *errors: type[PlatformError]) -> None:
    for status, response in documented(*errors).items():
        operation["responses"].setdefault(str(status), response)
