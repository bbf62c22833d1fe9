"""What every request passes: its id and log line, its caller, its size, the net for exceptions."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol
from urllib.parse import parse_qsl
from uuid import uuid4

import structlog
from opentelemetry.trace import Span, SpanKind, StatusCode
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syntrust_core.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    PlatformError,
    Unauthenticated,
)
from syntrust_core.log import get_logger
from syntrust_core.observability import tracing
from syntrust_gateway.api.incoming.addresses import name_subscriber, parse_host
from syntrust_gateway.api.incoming.known_paths import KnownPaths
from syntrust_gateway.api.incoming.request_body import read_body, replay
from syntrust_gateway.api.limits import most_bytes
from syntrust_gateway.api.problems import describe_nowhere, internal_response, problem_response
from syntrust_gateway.auth.lookup import KeyLookup
from syntrust_gateway.auth.rates import RequestRates, SharedRates
from syntrust_gateway.auth.scopes import SIGN_IN, is_open, needed_scope
from syntrust_gateway.auth.service import Shown
from syntrust_gateway.auth.sessions import read_credential, require_own_page, require_own_request
from syntrust_gateway.container import Container
from syntrust_gateway.errors import pointer
from syntrust_gateway.json_values import find_control, show_plain
from syntrust_gateway.logged_request import describe_request, route_of

log = get_logger(__name__)

_LOOKUPS_AT_ONCE = 4
_QUIET_PATHS = ("/health/", "/metrics")
_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class RequestCounter(Protocol):
    def count(self, method: str, route: str, status: int, seconds: float) -> None: ...


class Outermost:
    """Give a request its id, log how it ended, and let no exception through to the server."""

    def __init__(self, app: ASGIApp, metrics: RequestCounter) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, request_id=uuid4().hex)
        parent = tracing.read_parent(Headers(scope=scope))
        with (
            structlog.contextvars.bound_contextvars(request=answer.request_id),
            tracing.span(scope["method"], parent=parent, kind=SpanKind.SERVER) as span,
        ):
            try:
                await self._answer(scope, receive, answer)
            finally:
                answer.record(scope, self._metrics)
                answer.trace(scope, span)

    async def _answer(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self._app(scope, receive, answer.send)
        except Exception:
            log.exception("request.crashed", **describe_request(scope))
            # Nobody can take back half an answer, so the server cuts the connection.
            if answer.status is not None:
                raise
            await internal_response(instance=scope["path"])(scope, receive, answer.send)


class _Answer:
    def __init__(self, send: Send, *, request_id: str) -> None:
        self._send = send
        self._started_s = time.perf_counter()
        self.request_id = request_id
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self.request_id
            for name, value in _SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)

    def record(self, scope: Scope, metrics: RequestCounter) -> None:
        seconds = time.perf_counter() - self._started_s
        metrics.count(scope["method"], route_of(scope), self.status or 0, seconds)
        if not scope["path"].startswith(_QUIET_PATHS):
            log.info(
                "request",
                **describe_request(scope),
                status=self.status,
                seconds=round(seconds, 4),
            )

    def trace(self, scope: Scope, span: Span) -> None:
        """Name the request's span by its route, which is known only now."""
        span.update_name(f"{scope['method']} {route_of(scope)}".strip())
        span.set_attributes({"status": self.status or 0, "request": self.request_id})
        if (self.status or 500) >= 500:
            span.set_status(StatusCode.ERROR)


class Gate:
    """Let a request in if its caller may ask it, its address can be read, and its body is small.

    It stands before the routes. So a route that forgets to ask for a caller is closed, and nobody
    without a key makes us read a body.
    """

    def __init__(self, app: ASGIApp, container: Container) -> None:
        self._app, self._container = app, container
        self._keys = KeyLookup(container.read)
        shared = None if container.rates_url is None else SharedRates(container.rates_url)
        self._rates = RequestRates(container.limits.requests_per_minute, shared)
        self._paths = KnownPaths()
        # Threads of its own: those of the routes may all wait for a store that is away.
        self._lookups = ThreadPoolExecutor(_LOOKUPS_AT_ONCE, thread_name_prefix="keys")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._admit(scope, Headers(scope=scope))
            _require_readable(scope)
            body = await self._body(scope, receive)
        except PlatformError as error:
            told = self._nowhere(scope, error)
            await problem_response(told, instance=scope["path"])(scope, receive, send)
            return
        await self._app(scope, replay(body, receive), send)

    async def _admit(self, scope: Scope, headers: Headers) -> None:
        method, path = scope["method"], scope["path"]
        if (method, path) == SIGN_IN:
            require_own_page(headers)
            self._rates.count_sign_in(_address(scope), self._container.sign_ins_per_minute)
        elif not is_open(method, path):
            await self._find_caller(scope, headers)

    async def _find_caller(self, scope: Scope, headers: Headers) -> None:
        """Find the caller, who may not ask this or not now."""
        credential = read_credential(headers)
        caller = self._keys.known(credential)
        if caller is None:
            loop = asyncio.get_running_loop()
            caller = await loop.run_in_executor(self._lookups, self._keys.find, credential)
        self._rates.count(caller)
        caller.require_scope(needed_scope(scope["method"], scope["path"]))
        if credential.shown is Shown.SESSION:
            require_own_request(scope["method"], headers, credential.text)
        scope.setdefault("state", {}).update(caller=caller, credential=credential)
        structlog.contextvars.bind_contextvars(client=caller.name)

    def _nowhere(self, scope: Scope, error: PlatformError) -> PlatformError:
        """Say of a path that is not there that it is not, whatever key the caller has or lacks."""
        keyless = isinstance(error, Unauthenticated | Forbidden)
        if keyless and not self._paths.has(scope["app"], scope["path"]):
            return NotFound(describe_nowhere(scope["path"]))
        return error

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        limit = most_bytes(scope["path"], self._container.max_body_bytes)
        timeout_s = self._container.body_timeout.total_seconds()
        return await read_body(scope, receive, limit=limit, timeout_s=timeout_s)


def _address(scope: Scope) -> str:
    """Name who is at the other end; a socket without addresses is one caller."""
    client = scope.get("client")
    try:
        return name_subscriber(parse_host(client[0])) if client else ""
    except ValueError:
        return ""


def _require_readable(scope: Scope) -> None:
    """Refuse what no id, name or parameter holds, before a route makes a header or a row of it."""
    path: str = scope["path"]
    if not (path.isascii() and path.isprintable()):
        raise NotFound(describe_nowhere("this path"))
    query = scope["query_string"].decode("latin-1")
    for name, value in parse_qsl(query, keep_blank_values=True, errors="surrogateescape"):
        if not _is_unicode(name + value) or find_control(name + value) is not None:
            shown = show_plain(name.encode("utf-8", "backslashreplace").decode("utf-8"))
            detail = f"{shown} has a control character or is not UTF-8."
            raise InvalidRequest(detail, pointer=pointer("query", shown))


def _is_unicode(text: str) -> bool:
    """Say whether a text is whole. Bytes that were not UTF-8 are in it as lone surrogates."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
