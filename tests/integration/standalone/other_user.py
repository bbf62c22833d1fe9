"""What a user of the machine can try at a stack's ports: `python other_user.py < plan.json`.

It becomes the user that the plan names, tries to read, write and delete through every port over
every protocol, and prints what succeeded. With the stack's own keys in the plan the same tries
work, which shows that they are the right ones. Standard library alone: after the change of user
nothing else may be readable.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HOST, PATIENCE_S = "127.0.0.1", 3.0
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_FORM = "multipart/form-data; boundary=cut"
_DISPOSITION = b'Content-Disposition: form-data; name="file"; filename="x"'
_FILE = b"--cut\r\n" + _DISPOSITION + b"\r\n\r\nchanged\r\n--cut--\r\n"
_CREATE_USER = b"Action=CreateUser&UserName=intruder&Version=2010-05-08"


@dataclass(frozen=True)
class Plan:
    """Where to try, at which object, and with which keys; none for a stranger."""

    uid: int
    ports: list[int]
    sockets: list[str]
    processes: list[int]
    bucket: str
    key: str
    fid: str
    certificate: list[str]
    tokens: dict[str, str]
    redis_password: str


@dataclass(frozen=True)
class Request:
    verb: str
    method: str
    path: str
    body: bytes = b""
    kind: str = "application/octet-stream"
    token: str = ""


@dataclass(frozen=True)
class Contexts:
    """TLS for each protocol: a server takes what is offered, and gRPC takes HTTP/2 alone."""

    http1: ssl.SSLContext
    http2: ssl.SSLContext


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    contexts = Contexts(*(_make_context(plan.certificate, name) for name in ("http/1.1", "h2")))
    HOST.encode("idna")  # what opening a connection loads, while it can be read
    if plan.uid != os.getuid():
        os.setgroups([])
        os.setresgid(plan.uid, plan.uid, plan.uid)
        os.setresuid(plan.uid, plan.uid, plan.uid)
    json.dump(sorted(set(_try_all(plan, contexts))), sys.stdout)


def _make_context(certificate: list[str], protocol: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    if certificate:
        context.load_cert_chain(*certificate)
    return context


def _try_all(plan: Plan, contexts: Contexts) -> Iterator[str]:
    with ThreadPoolExecutor(len(plan.ports)) as threads:  # most of the time is waiting
        for succeeded in threads.map(
            lambda port: list(_try_port(plan, port, contexts)), plan.ports
        ):
            yield from succeeded
    yield from (f"{path} connects" for path in plan.sockets if _connects(path))
    for process in plan.processes:
        with suppress(OSError):
            Path(f"/proc/{process}/environ").read_bytes()
            yield f"environment of {process}"


def _try_port(plan: Plan, port: int, contexts: Contexts) -> Iterator[str]:
    """Try every protocol, whatever the port may be for."""
    yield from (f"{port} redis {verb}" for verb in _redis(port, plan.redis_password))
    yield from _try_http(plan, port, "http", None)
    if _greets(port, None):
        yield f"{port} grpc over http"
    if _shakes_hands(port, contexts.http1):
        yield from _try_http(plan, port, "https", contexts.http1)
    if _greets(port, contexts.http2):
        yield f"{port} grpc over https"


def _try_http(plan: Plan, port: int, scheme: str, tls: ssl.SSLContext | None) -> Iterator[str]:
    for request in _requests(plan):
        if _succeeds(port, request, tls):
            yield f"{port} {scheme} {request.verb} {request.method} {request.path}"


def _requests(plan: Plan) -> Iterator[Request]:
    """In this order: what is read, written, and deleted."""
    objects = (f"/buckets/{plan.bucket}/{plan.key}", f"/{plan.bucket}/{plan.key}")
    volume, collection = plan.fid.partition(",")[0], plan.bucket
    for path in (
        *objects, f"/{plan.bucket}", "/", "/status", "/dir/status", "/vol/status",
        "/cluster/status", f"/dir/lookup?volumeId={volume}", "/ui/index.html", "/metrics",
    ):  # fmt: skip
        yield Request("read", "GET", path)
    yield Request("read", "GET", f"/{plan.fid}", token=plan.tokens.get("read", ""))
    write = plan.tokens.get("write", "")
    for path in objects:
        yield Request("write", "PUT", f"{path}-new", b"changed")
        yield Request("write", "POST", path, _FILE, _FORM)
    yield Request("write", "POST", "/submit", _FILE, _FORM)
    yield Request("write", "POST", "/", _CREATE_USER, "application/x-www-form-urlencoded")
    yield Request("write", "GET", "/dir/assign")
    yield Request("write", "GET", "/vol/grow?count=1")
    yield Request("write", "POST", f"/{plan.fid}", _FILE, _FORM, token=write)
    for path in objects:
        yield Request("delete", "DELETE", path)
    yield Request("delete", "GET", f"/col/delete?collection={collection}")
    yield Request("delete", "DELETE", f"/{plan.fid}", token=write)


def _succeeds(port: int, request: Request, tls: ssl.SSLContext | None) -> bool:
    if tls is None:
        connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE_S)
    else:
        connection = http.client.HTTPSConnection(HOST, port, timeout=PATIENCE_S, context=tls)
    headers = {"Content-Type": request.kind}
    if request.token:
        headers["Authorization"] = f"Bearer {request.token}"
    try:
        connection.request(request.method, request.path, request.body, headers)
        return 200 <= connection.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _shakes_hands(port: int, tls: ssl.SSLContext) -> bool:
    try:
        with (
            socket.create_connection((HOST, port), timeout=PATIENCE_S) as connection,
            tls.wrap_socket(connection),
        ):
            return True
    except OSError:
        return False


def _greets(port: int, tls: ssl.SSLContext | None) -> bool:
    """Tell whether the server opens an HTTP/2 connection, over which any gRPC call could go."""
    try:
        with socket.create_connection((HOST, port), timeout=PATIENCE_S) as connection:
            if tls is None:
                return _is_settings(connection)
            with tls.wrap_socket(connection) as wrapped:
                return _is_settings(wrapped)
    except OSError:
        return False


def _is_settings(connection: socket.socket) -> bool:
    connection.sendall(GREETING)
    frame = connection.recv(9)
    return len(frame) == 9 and frame[3] == 4


def _redis(port: int, password: str) -> Iterator[str]:
    commands = {
        "read": "GET probe",
        "write": "SET probe 1",
        "delete": "DEL probe",
        "settings": "CONFIG GET dir",
    }
    login = f"AUTH {password}\r\n" if password else ""
    for verb, command in commands.items():
        try:
            answer = _ask_redis(port, f"{login}{command}\r\n", skip=bool(password))
        except OSError:
            return  # a server of another kind
        if answer[:1] in {b"+", b"$", b":", b"*"}:
            yield verb


def _ask_redis(port: int, commands: str, *, skip: bool) -> bytes:
    with socket.create_connection((HOST, port), timeout=PATIENCE_S) as connection:
        connection.sendall(commands.encode())
        with connection.makefile("rb") as answers:
            if skip:
                answers.readline()
            return answers.readline()


def _connects(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as end:
        try:
            end.connect(path)
        except OSError:
            return False
    return True


def sign_token(key: str, fid: str) -> str:
    """Make the token (JWT, HS256) that a volume server wants for one file."""
    claims = {"fid": fid, "exp": int(time.time()) + 600}
    parts = [
        _encode(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)
    ]
    digest = hmac.new(key.encode(), ".".join(parts).encode(), hashlib.sha256).digest()
    return ".".join((*parts, _encode(digest)))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


if __name__ == "__main__":
    main()
