"""What `security.toml` says, and that a server which ignored it is noticed."""

from __future__ import annotations

import socket
import tomllib
from threading import Thread

from syntrust_standalone.security.seaweed import find_open_port, make_security_files
from syntrust_standalone.servers import HOST, find_free_ports


def test_every_inner_server_wants_a_token_or_a_certificate() -> None:
    files = make_security_files()
    settings = tomllib.loads(files["security.toml"])

    tokens = settings["jwt"]
    keys = [
        tokens["signing"]["key"],
        tokens["signing"]["read"]["key"],
        tokens["filer_signing"]["key"],
        tokens["filer_signing"]["read"]["key"],
    ]
    assert len({key for key in keys if len(key) == 64}) == 4
    assert settings["grpc"]["ca"] in files
    for name in ("master", "volume", "filer", "s3", "admin", "worker", "client"):
        part = settings["grpc"][name]
        assert {part["cert"], part["key"]} <= set(files)
        assert part["allowed_commonNames"] == "syntrust-s3"
    for name in ("master", "filer", "admin"):
        part = settings["https"][name]
        assert {part["cert"], part["key"], part["ca"]} <= set(files)


def test_every_start_has_new_keys() -> None:
    first, second = make_security_files(), make_security_files()

    assert set(first) == set(second)
    assert all(first[name] != second[name] for name in first)


def test_a_port_that_answers_in_clear_text_is_found() -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        thread = Thread(target=_answer, args=(server, bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))))
        thread.start()
        found = find_open_port(HOST, [*find_free_ports(1), port])
        thread.join()

    assert found == port


def test_a_port_that_hangs_up_is_closed() -> None:
    with socket.create_server((HOST, 0)) as server:
        thread = Thread(target=_answer, args=(server, b""))
        thread.start()
        found = find_open_port(HOST, [server.getsockname()[1]])
        thread.join()

    assert found is None


def _answer(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(64)
        connection.sendall(answer)
