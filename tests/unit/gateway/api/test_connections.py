"""Half-open connections on real sockets: whom they keep out, and how long they stay."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
import uvicorn

from syntrust_gateway.server import server_options
from syntrust_gateway.settings import GatewayOptions

HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: a\r\nX-More: "
HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
PATIENCE_S = 30.0


@dataclass
class Served:
    """A server whose requests are answered at once, or held until `released`."""

    port: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        address = ("127.0.0.1", self.port)
        return socket.create_connection(address, PATIENCE_S, source_address=(source, 0))

    def ask(self, source: str = "127.0.0.1") -> bytes:
        """The first line of an answer to a whole request."""
        with closing(self.connect(source)) as connection:
            connection.sendall(HEAD)
            return first_line(connection)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/held":
            self.begun.release()
            await asyncio.to_thread(self.released.wait, PATIENCE_S)
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def first_line(connection: socket.socket) -> bytes:
    return connection.recv(4096).partition(b"\r\n")[0]


def is_closed(connection: socket.socket) -> bool:
    """Whether the server closes it while we wait."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


Serve = Callable[..., Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server with the options of the gateway's own."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(running(settings))


@contextmanager
def running(settings: dict[str, Any]) -> Iterator[Served]:
    served = Served()
    config = uvicorn.Config(
        served.app,
        interface="asgi3",
        lifespan="off",
        **server_options(GatewayOptions(**{"database_url": "sqlite://", **settings})),
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served.port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield served
        finally:
            served.released.set()
            server.should_exit = True
            thread.join()


def hold(served: Served, stack: ExitStack, count: int, sent: bytes) -> list[socket.socket]:
    found = [stack.enter_context(closing(served.connect())) for _ in range(count)]
    for connection in found:
        # Those that had to go already refuse what is sent.
        try:
            connection.sendall(sent)
        except (BrokenPipeError, ConnectionResetError):
            continue
    return found


@pytest.mark.parametrize("sent", [b"", HALF_A_HEAD], ids=["nothing", "half a head"])
def test_520_half_open_connections_keep_nobody_out(serve: Serve, sent: bytes) -> None:
    served = serve()
    with ExitStack() as stack:
        hold(served, stack, 520, sent)

        assert served.ask("127.0.0.2") == b"HTTP/1.1 200 OK"
        assert served.ask("127.0.0.1") == b"HTTP/1.1 200 OK"


def test_half_open_connections_of_a_proxy_keep_nobody_out(serve: Serve) -> None:
    served = serve(trusted_proxies=[ip_network("127.0.0.0/8")])
    with ExitStack() as stack:
        hold(served, stack, 520, HALF_A_HEAD)

        assert served.ask("127.0.0.1") == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        HALF_A_HEAD,
        HEAD + HALF_A_HEAD,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
    ],
    ids=["nothing", "half a head", "half of a second head", "no body after the answer"],
)
def test_what_waits_too_long_is_closed(serve: Serve, sent: bytes) -> None:
    served = serve(head_timeout=timedelta(seconds=0.3))
    with closing(served.connect()) as connection:
        connection.sendall(sent)
        while connection.recv(4096):
            pass


def test_a_head_that_trickles_buys_no_time(serve: Serve) -> None:
    served = serve(head_timeout=timedelta(seconds=0.5))
    with closing(served.connect()) as connection:
        connection.sendall(HALF_A_HEAD)
        connection.settimeout(0.05)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                connection.sendall(b"x")
                assert connection.recv(1) == b""
                break
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                break
        else:
            pytest.fail("bytes of the head kept it open")


def test_a_request_takes_longer_than_its_head_may(serve: Serve) -> None:
    served = serve(head_timeout=timedelta(seconds=0.2))
    with closing(served.connect()) as connection:
        connection.sendall(HEAD.replace(b"/ ", b"/held "))
        assert served.begun.acquire(timeout=PATIENCE_S)
        with closing(served.connect()) as other:
            assert is_closed(other)  # as long as a head may take
        served.released.set()

        assert first_line(connection) == b"HTTP/1.1 200 OK"


def test_requests_of_one_address_at_work_leave_room_for_others(serve: Serve) -> None:
    served = serve(connections_per_address=3)
    with ExitStack() as stack:
        hold(served, stack, 3, HEAD.replace(b"/ ", b"/held "))
        for _ in range(3):
            assert served.begun.acquire(timeout=PATIENCE_S)

        with closing(served.connect()) as fourth:
            assert is_closed(fourth)
        assert served.ask("127.0.0.2") == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    "lifted",
    [{"connections_per_address": 0}, {"trusted_proxies": [ip_network("127.0.0.1")]}],
    ids=["no limit", "a proxy"],
)
def test_the_limit_of_an_address_can_be_lifted(serve: Serve, lifted: dict[str, Any]) -> None:
    served = serve(**{"connections_per_address": 3} | lifted)
    with ExitStack() as stack:
        held = hold(served, stack, 5, HEAD.replace(b"/ ", b"/held "))
        for _ in held:
            assert served.begun.acquire(timeout=PATIENCE_S)
        served.released.set()

        assert [first_line(each) for each in held] == [b"HTTP/1.1 200 OK"] * 5


def test_with_every_connection_at_work_a_further_request_is_told_to_wait(serve: Serve) -> None:
    served = serve(max_connections=2)
    with ExitStack() as stack:
        hold(served, stack, 2, HEAD.replace(b"/ ", b"/held "))
        for _ in range(2):
            assert served.begun.acquire(timeout=PATIENCE_S)

        assert served.ask("127.0.0.2").startswith(b"HTTP/1.1 503")


def test_an_idle_connection_goes_for_a_new_one(serve: Serve) -> None:
    served = serve(max_connections=1)
    with closing(served.connect()) as idle:
        idle.sendall(HEAD)
        assert first_line(idle) == b"HTTP/1.1 200 OK"

        assert served.ask("127.0.0.2") == b"HTTP/1.1 200 OK"
        assert is_closed(idle)


def test_only_the_proxies_that_are_named_are_believed_what_they_forward() -> None:
    named = GatewayOptions(database_url="sqlite:///x", trusted_proxies=(ip_network("10.0.0.0/8"),))

    assert server_options(named)["forwarded_allow_ips"] == ["10.0.0.0/8"]
    # Else uvicorn's own default holds: a proxy on this machine.
    assert "forwarded_allow_ips" not in server_options(GatewayOptions(database_url="sqlite:///x"))
