"""`ETag` of what can change, `If-None-Match` on reading it and `If-Match` on changing it.

A tag is `"<version>.<representation>"`. The first part changes with what a caller or the end of a
step changes, the second with every byte of the answer, such as a percentage. `If-Match` compares
the first part, so that a run can be cancelled while it goes on.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from syntrust_gateway.api.repetition.recorder import Recorder
from syntrust_gateway.auth.access import parse_row_id
from syntrust_gateway.auth.conditions import VERSION_DIGITS, Condition, under

TABLES: Final = {
    "/datasets": "dataset",
    "/experiments": "experiment",
    "/jobs": "job",
    "/models": "model",
    "/admin/clients": "client",
    "/admin/keys": "api_key",
}
"""Where what can change is, and the table that holds it."""
_PATH: Final = re.compile(rf"({'|'.join(TABLES)})/([^/]+)(/.*)?")
_CHANGES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_TAG: Final = re.compile(r'(W/)?"([^"]*)"')


def is_tagged(method: str, path: str) -> bool:
    """Tell whether the answer has a tag."""
    found = _PATH.fullmatch(path)
    return method == "GET" and found is not None and found[3] is None


def changes(method: str, path: str) -> bool:
    """Tell whether a request may change one thing that has a tag."""
    return method in _CHANGES and _PATH.fullmatch(path) is not None


class Conditional:
    """Answer and obey the conditions of requests about one thing that can change."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = _PATH.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        headers, (folder, row_id) = Headers(scope=scope), found.group(1, 2)
        condition = Condition(TABLES[folder], parse_row_id(row_id) or row_id)
        if is_tagged(scope["method"], scope["path"]):
            await self._read(condition, scope, receive, send)
        elif scope["method"] in _CHANGES and "if-match" in headers:
            condition.versions = versions(headers.getlist("if-match"))
            with under(condition):
                await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _read(self, condition: Condition, scope: Scope, receive: Receive, send: Send) -> None:
        answer = Recorder()
        with under(condition):
            await self._app(scope, receive, answer.keep)
        if answer.status != 200:
            await answer.send(send)
            return
        digest = hashlib.sha256(answer.body).hexdigest()[:VERSION_DIGITS]
        tag = f'"{condition.found or 0}.{digest}"'
        known = Headers(scope=scope).get("if-none-match", "")
        headers = {"ETag": tag}
        if tag in {f'"{text}"' for _, text in _TAG.findall(known)} or known.strip() == "*":
            if (later := answer.headers.get("retry-after")) is not None:
                headers["Retry-After"] = later
            await Response(status_code=304, headers=headers)(scope, receive, send)
        else:
            await answer.send(send, headers)


def versions(if_match: list[str]) -> frozenset[str]:
    """Read the versions that a caller has seen. A weak tag names none."""
    text = ",".join(if_match)
    if text.strip() == "*":
        return frozenset({"*"})
    strong = (tag for weak, tag in _TAG.findall(text) if not weak)
    return frozenset(tag.partition(".")[0] for tag in strong)
