"""HEAD works wherever GET does: the same status and headers, and no body."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadRequests:
    """Let the application answer a HEAD request as a GET, and keep the body back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        answer = _Head(receive, send)
        # In place, so that what routing finds out is known outside.
        scope["method"] = "GET"
        try:
            await self._app(scope, answer.receive, answer.send)
        finally:
            scope["method"] = "HEAD"


class _Head:
    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._whole = False
        self._answered = asyncio.Event()

    async def receive(self) -> Message:
        """Receive the request; after the answer its caller is gone, which ends a stream."""
        if not self._whole:
            message = await self._receive()
            self._whole = not message.get("more_body", False)
            return message
        gone = asyncio.create_task(self._disconnected())
        answered = asyncio.create_task(self._answered.wait())
        try:
            await asyncio.wait({gone, answered}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            answered.cancel()
        return {"type": "http.disconnect"}

    async def _disconnected(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._send(message)
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
            self._answered.set()
