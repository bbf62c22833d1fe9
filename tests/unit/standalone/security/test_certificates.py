"""Who holds the certificate is let in, and nobody else."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from threading import Thread

import pytest

from syntrust_standalone.security.certificates import Certificates, make_certificates


def _context(side: ssl.Purpose, own: Certificates, trusted: str, folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(side, cadata=trusted)
    context.verify_mode = ssl.CERT_REQUIRED
    certificate, key = folder / "certificate", folder / "key"
    certificate.write_text(own.certificate)
    key.write_text(own.key)
    context.load_cert_chain(certificate, key)
    return context


def _talk(server: ssl.SSLContext, client: ssl.SSLContext) -> bytes:
    """Send one word from server to client; raises where one of them does not trust the other."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        thread = Thread(target=_serve, args=(server, theirs))
        thread.start()
        try:
            with client.wrap_socket(ours, server_hostname="127.0.0.1") as connection:
                return connection.recv(5)
        finally:
            ours.close()
            thread.join()


def _serve(server: ssl.SSLContext, end: socket.socket) -> None:
    try:
        with server.wrap_socket(end, server_side=True) as connection:
            connection.sendall(b"hello")
    except (ssl.SSLError, OSError):
        end.close()


def test_both_ends_trust_the_certificate(tmp_path: Path) -> None:
    made = make_certificates("syntrust-s3")
    server = _context(ssl.Purpose.CLIENT_AUTH, made, made.authority, tmp_path)
    client = _context(ssl.Purpose.SERVER_AUTH, made, made.authority, tmp_path)

    assert _talk(server, client) == b"hello"


def test_a_certificate_of_another_start_is_not_let_in(tmp_path: Path) -> None:
    made, other = make_certificates("syntrust-s3"), make_certificates("syntrust-s3")
    server = _context(ssl.Purpose.CLIENT_AUTH, made, made.authority, tmp_path)
    client = _context(ssl.Purpose.SERVER_AUTH, other, made.authority, tmp_path)

    with pytest.raises((ssl.SSLError, ConnectionError)):
        assert _talk(server, client) == b"hello"


def test_no_key_is_printed() -> None:
    made = make_certificates("syntrust-s3")

    assert made.key not in repr(made)
    assert "PRIVATE KEY" not in made.authority + made.certificate
