"""How the inner servers of SeaweedFS are closed to all but each other.

SeaweedFS is several servers in one process. Only its S3 server asks for keys by itself; the others
answer everybody unless `security.toml`, in the folder where it starts, says otherwise.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterable, Iterator, Mapping

from syntrust_standalone.security.certificates import make_certificates

NAME = "syntrust-s3"  # of the certificate; no other is let in
NO_ORIGIN = "https://closed.invalid"  # an empty list would mean every origin
_AUTHORITY, _CERTIFICATE, _KEY = "authority.pem", "certificate.pem", "key.pem"
_GRPC = ("master", "volume", "filer", "s3", "admin", "worker", "client")
# Not the volume server: it moves the bytes, TLS would slow it down, and its tokens close it.
_HTTPS = ("master", "filer", "admin")
_TOKENS = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
# The first bytes of every HTTP/2 connection, and an empty SETTINGS frame.
_HTTP2_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))


def make_security_files() -> Mapping[str, str]:
    """Make `security.toml` and what it names, with new keys; for the folder where weed starts."""
    made = make_certificates(NAME)
    return {
        "security.toml": "\n".join(_write_settings()),
        _AUTHORITY: made.authority,
        _CERTIFICATE: made.certificate,
        _KEY: made.key,
    }


def _write_settings() -> Iterator[str]:
    for name in _TOKENS:
        yield f'[{name}]\nkey = "{secrets.token_hex(32)}"'
    yield "[access]\nui = false"
    yield "[filer.expose_directory_metadata]\nenabled = false"
    yield f'[cors.allowed_origins]\nvalues = "{NO_ORIGIN}"'
    yield f'[grpc]\nca = "{_AUTHORITY}"'
    for component in _GRPC:
        yield f"[grpc.{component}]\n{_OWN_CERTIFICATE}"
        yield f'allowed_commonNames = "{NAME}"'
    for component in _HTTPS:
        yield f'[https.{component}]\n{_OWN_CERTIFICATE}\nca = "{_AUTHORITY}"'


_OWN_CERTIFICATE = f'cert = "{_CERTIFICATE}"\nkey = "{_KEY}"'


def find_open_port(host: str, grpc_ports: Iterable[int]) -> int | None:
    """Find a gRPC port that answers without a certificate, or None.

    SeaweedFS serves gRPC in the clear when it cannot read a certificate, and only a line in its log
    says so.
    """
    return next((port for port in grpc_ports if _speaks_clear_text(host, port)), None)


def _speaks_clear_text(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.sendall(_HTTP2_GREETING)
            return connection.recv(1) != b""
    except OSError:
        return False
