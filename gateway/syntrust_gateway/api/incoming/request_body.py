"""Read a request's body whole and within its bound, and decode what was compressed."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope

from syntrust_core.errors import InvalidRequest, TooLarge
from syntrust_gateway.errors import BodyTimeout, UnsupportedEncoding

_GZIP: Final = frozenset({"gzip", "x-gzip"})
_PLAIN: Final = frozenset({"", "identity"})
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
# Threads of their own: those of the routes may all wait for a store that is away.
_INFLATING: Final = ThreadPoolExecutor(2, thread_name_prefix="inflate")


async def read_body(scope: Scope, receive: Receive, *, limit: int, timeout_s: float) -> bytes:
    """Read the body of a request, inflated; `scope` then tells of it as if it had come so.

    Raises
    ------
    TooLarge
        If it has more than `limit` bytes, as it comes or inflated. No more are kept or inflated.
    UnsupportedEncoding
        If it has a content coding other than gzip.
    InvalidRequest
        If it is not gzip, though it says so.
    BodyTimeout
        If it was not there within `timeout_s`.
    """
    headers = Headers(scope=scope)
    encoding = _encoding(headers)
    too_large = TooLarge(f"A request to this path has at most {limit} bytes.", limit_bytes=limit)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > limit:
        raise too_large
    try:
        async with asyncio.timeout(timeout_s):
            body = await _receive_all(receive, limit)
    except TimeoutError as error:
        raise BodyTimeout("The request's body did not arrive in time.") from error
    if body is not None and encoding in _GZIP:
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(_INFLATING, inflate, body, limit)
        _tell_plain(scope, body)
    if body is None:
        raise too_large
    return body


def replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """Give the body once, then what else comes."""
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def inflate(body: bytes, limit: int) -> bytes | None:
    """Inflate gzip, of one or several members; None if that gives more than `limit` bytes.

    Raises
    ------
    InvalidRequest
        If it is damaged, cut off, or not gzip.
    """
    found = bytearray()
    left = body
    while left:
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            found += member.decompress(left, limit + 1 - len(found))
        except zlib.error as error:
            raise InvalidRequest("The body says that it is gzip, and it is not.") from error
        if len(found) > limit:
            return None
        if not member.eof:
            raise InvalidRequest("The body is gzip that was cut off.")
        left = member.unused_data
    return bytes(found)


def _encoding(headers: Headers) -> str:
    encoding = ",".join(headers.getlist("content-encoding")).strip().lower()
    if encoding not in _GZIP | _PLAIN:
        raise UnsupportedEncoding(
            f"The content coding {encoding!r} cannot be read here; send the body as it is, or as "
            "gzip."
        )
    return encoding


def _tell_plain(scope: Scope, body: bytes | None) -> None:
    headers = MutableHeaders(scope=scope)
    del headers["content-encoding"]
    headers["content-length"] = str(len(body or b""))
    scope["headers"] = headers.raw


async def _receive_all(receive: Receive, limit: int) -> bytes | None:
    """Receive the body; None if it is longer than `limit` bytes."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body", False):
            return bytes(body)
