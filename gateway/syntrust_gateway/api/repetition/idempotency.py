"""`Idempotency-Key`: a request that is repeated is done once (draft-ietf-httpapi-idempotency-key).

The work is committed together with the request's claim (see `db.claims`). A process that ends
before it has kept its answer leaves a claim that is committed; whoever repeats the request then
gets the present state of what was made.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from syntrust_core.errors import InvalidRequest, PlatformError
from syntrust_core.log import get_logger
from syntrust_gateway.api.problems import problem_response
from syntrust_gateway.api.repetition.answer_store import LEASE, Answer, AnswerStore, AskedRequest
from syntrust_gateway.api.repetition.recorder import Recorder, read_whole, repeat_body
from syntrust_gateway.api.responses import RETRY_AFTER_S
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.db.claims import Claim, under
from syntrust_gateway.logged_request import describe_request

log = get_logger(__name__)

HEADER: Final = "Idempotency-Key"
REPEATED: Final = "Idempotent-Replayed"
UNREPEATED: Final = ("/trust-score", "/session")
"""POSTs that make nothing, or a secret, by their whole path."""
_SECRET: Final = "/admin/"  # noqa: S105 - a path; its answers show keys, which are kept nowhere
_KEY: Final = re.compile(r'"([\x20-\x7e]{1,255})"|([\x21\x23-\x7e][\x20-\x7e]{0,254})')
_KEPT_HEADERS: Final = ("content-type", "location", "content-location", "retry-after")
_CHANGED: Final = re.compile(r"(/(?:datasets|experiments|jobs)/[^/]+)/(?!cases$)[a-z_-]+")
_RENEW_EVERY_S: Final = LEASE.total_seconds() / 3


def takes_key(method: str, path: str) -> bool:
    """Tell whether a request may be repeated under a key."""
    return method == "POST" and path not in UNREPEATED and not path.startswith(_SECRET)


class Idempotency:
    """Do a request that has an Idempotency-Key once, and answer its repetitions."""

    def __init__(self, app: ASGIApp, store: AnswerStore) -> None:
        self._app, self._store = app, store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Headers(scope=scope).get(HEADER) if scope["type"] == "http" else None
        if key is None or not takes_key(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        body = await read_whole(receive)
        try:
            asked = _asked(scope, _read_key(key), body)
            claim = await run_in_threadpool(self._store.claim, asked)
        except PlatformError as error:
            await problem_response(error, instance=scope["path"])(scope, receive, send)
            return
        if isinstance(claim, Answer):
            await _replay(claim)(scope, receive, send)
        else:
            await self._do(claim, scope, repeat_body(body, receive), send)

    async def _do(self, claim: Claim, scope: Scope, receive: Receive, send: Send) -> None:
        """Do the request under the claim, and keep its answer before it is sent."""
        answer, kept = Recorder(), False
        try:
            async with self._renewed(claim):
                if (made := _made_before(claim, scope["path"])) is None:
                    with under(claim):
                        await self._app(scope, receive, answer.keep)
                else:
                    await self._look_up(made, scope, receive, answer)
            if answer.succeeded:
                await run_in_threadpool(self._store.keep, claim, _answer(answer))
                kept = True
        except SQLAlchemyError:
            # The work is done, and whoever repeats the request will find it.
            log.exception("idempotency.answer_not_kept", **describe_request(scope))
        finally:
            if not kept:
                await self._release(claim)
        await answer.send(send)

    @asynccontextmanager
    async def _renewed(self, claim: Claim) -> AsyncIterator[None]:
        """Renew the claim while the block runs."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(_RENEW_EVERY_S)
                with suppress(SQLAlchemyError):
                    await run_in_threadpool(self._store.renew, claim)

        renewal = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewal.cancel()

    async def _release(self, claim: Claim) -> None:
        with suppress(SQLAlchemyError):
            await run_in_threadpool(self._store.release, claim)

    async def _look_up(self, made: str, scope: Scope, receive: Receive, answer: Recorder) -> None:
        """Answer with the present state of what a process made that then ended."""
        look = {
            **scope,
            "method": "GET",
            "path": made,
            "raw_path": made.encode(),
            "query_string": b"",
        }
        await self._app(look, repeat_body(b"", receive), answer.keep)
        if answer.succeeded and answer.start is not None:
            answer.start["status"] = 201 if made.startswith("/datasets/") else 202
            told = {"location": made, "content-location": made, "retry-after": RETRY_AFTER_S}
            answer.start["headers"] = [
                *answer.start["headers"],
                *((name.encode(), value.encode()) for name, value in told.items()),
            ]


def _read_key(text: str) -> str:
    """Read a key, which is a string as RFC 8941 writes one, or bare.

    Raises
    ------
    InvalidRequest
        If it is empty, too long or has characters that are not printable ASCII.
    """
    found = _KEY.fullmatch(text.strip())
    if found is None:
        raise InvalidRequest(
            f"{HEADER} must be 1 to 255 printable ASCII characters, such as a UUID.",
            pointer=f"/header/{HEADER}",
        )
    return found[1] or found[2]


def _asked(scope: Scope, key: str, body: bytes) -> AskedRequest:
    caller: Caller = scope["state"]["caller"]
    decisive = (scope["query_string"], Headers(scope=scope).get("content-type", "").encode(), body)
    digest = hashlib.sha256()
    for part in decisive:
        digest.update(len(part).to_bytes(8, "big") + part)
    route = f"{scope['method']} {scope['path']}"[:300]
    return AskedRequest(caller.id, key, route, digest.hexdigest())


def _made_before(claim: Claim, path: str) -> str | None:
    """Give the path of what the request has made or changed already; None if it is to be done.

    A repeated registration or announcement does what the first did.
    """
    if not claim.committed:
        return None
    changed = _CHANGED.fullmatch(path)
    return claim.made or (changed[1] if changed else None)


def _answer(answer: Recorder) -> Answer:
    headers = answer.headers
    kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
    return Answer(answer.status, kept, bytes(answer.body))


def _replay(answer: Answer) -> Response:
    return Response(answer.body, answer.status, {**answer.headers, REPEATED: "true"})
