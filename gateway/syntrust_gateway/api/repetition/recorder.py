"""An answer as a whole, between the application and the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Send


@dataclass
class Recorder:
    """Keeps the messages of an answer instead of sending them."""

    start: Message | None = field(default=None, init=False)
    body: bytearray = field(default_factory=bytearray, init=False)

    async def keep(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    @property
    def status(self) -> int:
        return 0 if self.start is None else int(self.start["status"])

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    @property
    def headers(self) -> Headers:
        return Headers(raw=[] if self.start is None else self.start["headers"])

    async def send(self, send: Send, added: Mapping[str, str] | None = None) -> None:
        """Send what was kept, with further headers."""
        if self.start is None:
            return
        headers = MutableHeaders(scope=self.start)
        for name, value in (added or {}).items():
            headers[name] = value
        await send(self.start)
        await send({"type": "http.response.body", "body": bytes(self.body)})


async def read_whole(receive: Receive) -> bytes:
    """Read the body of a request."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def repeat_body(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read to the application, and after it what the server says."""
    sent = False

    async def repeat() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return repeat
