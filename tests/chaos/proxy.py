"""A small proxy before the object store, which forwards, refuses, fails or is slow."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

_HOP_BY_HOP: Final = {"connection", "keep-alive", "transfer-encoding"}


class Proxy:
    """Where it listens, and what it does: `status` to answer, or seconds to wait first."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target).netloc
        self.status: int | None = None
        self.delay = threading.Event()
        self.delay_s = 0.0
        self.url = ""

    def behave(self) -> None:
        """Forward at once again, also what waits now."""
        self.status, self.delay_s = None, 0.0
        self.delay.set()
        self.delay = threading.Event()


@contextmanager
def run_proxy(target: str) -> Iterator[Proxy]:
    """Run a proxy before `target` on a free port while the block runs."""
    proxy = Proxy(target)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.behave()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def handle_one_request(self) -> None:
        # Whoever gave up on a slow answer has closed the connection.
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.proxy.delay_s:
            self.proxy.delay.wait(self.proxy.delay_s)
        if self.proxy.status is not None:
            self._answer(self.proxy.status, {}, b"")
            return
        upstream = http.client.HTTPConnection(self.proxy.target, timeout=60)
        try:
            # The signature covers the name by which the client called: it stays as it is.
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            self._answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            upstream.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        # A HEAD tells the length of what it does not send.
        length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(body))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _forward  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""
