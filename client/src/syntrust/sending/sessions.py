"""HTTP sessions: this machine is reached directly, others as the environment says."""

from __future__ import annotations

import ipaddress
import ssl
from typing import Final

import httpx

from syntrust.errors import InvalidConfiguration

_TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
_HEADERS: Final = {"Accept": "application/json"}


class Sessions:
    """One session for this machine and one for all others, each made when it is first needed.

    Proxies and certificates that the environment names are for others: a dead proxy or a missing
    SSL_CERT_FILE must not keep anybody from a server on their own machine.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[bool, bool], httpx.Client] = {}

    def close(self) -> None:
        for session in self._made.values():
            session.close()

    def to(self, url: str) -> httpx.Client:
        """Give the session that reaches `url`.

        Raises
        ------
        InvalidConfiguration
            If the environment names a proxy or certificates that cannot be used.
        """
        parsed = httpx.URL(url)
        kind = (is_loopback(parsed.host), parsed.scheme == "https")
        if kind not in self._made:
            self._made[kind] = _direct(tls=kind[1]) if kind[0] else _as_environment_says()
        return self._made[kind]


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine: localhost, 127.0.0.0/8, ::1 or 0.0.0.0."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _direct(*, tls: bool) -> httpx.Client:
    # Certificates take tens of milliseconds to load, and plain HTTP needs none.
    trust = _certificates() if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.Client(timeout=_TIMEOUT, headers=_HEADERS, verify=trust, trust_env=False)


def _as_environment_says() -> httpx.Client:
    trust = _certificates()
    try:
        return httpx.Client(timeout=_TIMEOUT, headers=_HEADERS, verify=trust)
    except ImportError:
        raise InvalidConfiguration(
            "The environment names a SOCKS proxy (HTTP_PROXY, HTTPS_PROXY or ALL_PROXY), which "
            "needs another package: pip install 'httpx[socks]', or take the variable out."
        ) from None
    except (ValueError, httpx.InvalidURL) as error:
        # The text may show the password of a proxy.
        raise InvalidConfiguration(
            "A proxy of the environment cannot be used; HTTP_PROXY, HTTPS_PROXY and ALL_PROXY are "
            "URLs as http://host:3128, NO_PROXY names hosts (an IPv6 address without brackets)."
        ) from error


def _certificates() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise InvalidConfiguration(
            "The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read; name a file "
            "of PEM certificates, or take the variable out."
        ) from error
