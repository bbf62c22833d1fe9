"""A small real HTTP server that answers from a script and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from syntrust import Client
from syntrust.cli.app import main

Body = dict[str, Any] | list[Any] | bytes | str


@dataclass
class Answer:
    """One answer; status 0 closes the connection without any."""

    status: int = 200
    body: Body = b""
    media: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    method: str
    path: str
    body: bytes
    headers: dict[str, str]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Script:
    """Answers by "METHOD /path": a list is used up one by one, its last answer stays."""

    url: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    other: Callable[[str], Answer | None] = lambda _: None

    def on(self, route: str, *answers: Answer) -> None:
        self.answers[route] = list(answers)

    def next(self, route: str) -> Answer:
        left = self.answers.get(route)
        if not left and (found := self.other(route)) is not None:
            return found
        if not left:
            return Answer(404, {"type": "urn:syntrust:problem:not-found", "detail": f"no {route}"})
        return left.pop(0) if len(left) > 1 else left[0]

    def to(self, route: str) -> list[Asked]:
        return [asked for asked in self.asked if f"{asked.method} {asked.path}" == route]


@pytest.fixture
def server() -> Iterator[Script]:
    script = Script()
    handler = _handler(script)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        http.daemon_threads = True
        script.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield script
        http.shutdown()
        thread.join()


@pytest.fixture
def no_pause() -> Callable[[float], None]:
    return lambda _: None


@pytest.fixture
def answer() -> type[Answer]:
    """Test modules cannot import a conftest, so they get its class as a fixture."""
    return Answer


@pytest.fixture
def client(server: Script, no_pause: Callable[[float], None]) -> Iterator[Client]:
    with Client(server.url, "secret", pause=no_pause) as client:
        yield client


@pytest.fixture
def run(server: Script, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the command against the server; gives its exit code."""
    monkeypatch.setenv("SYNTRUST_URL", server.url)
    monkeypatch.setenv("SYNTRUST_KEY", "secret")
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        return int(ended.value.code or 0)

    return run


def _handler(script: Script) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # One connection a request, so that no idle one is left open when a test ends.
        protocol_version = "HTTP/1.0"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = Asked(self.command, self.path, body, dict(self.headers.items()))
            script.asked.append(asked)
            answer = script.next(f"{self.command} {self.path}")
            if answer.status == 0:
                return
            data = _bytes(answer.body)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.media)
            self.send_header("Content-Length", str(len(data)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    return Handler


def _bytes(body: Body) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
