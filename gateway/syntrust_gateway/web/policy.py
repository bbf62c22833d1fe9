"""What a browser may do with the page: load what is here, and read and write at the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

NOT_ALLOWED: Final = (
    *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer"),
    *("microphone", "midi", "payment", "usb"),
)
"""What of a machine no page of the platform needs."""


def origin_of(url: str) -> str:
    """Give the origin of a URL, as browsers and policies write it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def page_headers(store_origin: str | None) -> Mapping[str, str]:
    """Give the headers of the page and its files; `store_origin` is where volumes are."""
    return _headers(content_policy(store_origin))


def guide_headers() -> Mapping[str, str]:
    """Give the headers of the guide. Its builder writes scripts into its pages."""
    return _headers(
        "default-src 'none'; script-src 'self' 'unsafe-inline'; worker-src 'self' blob:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )


def _headers(policy: str) -> Mapping[str, str]:
    return {
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{name}=()" for name in NOT_ALLOWED),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def content_policy(store_origin: str | None) -> str:
    """Write the Content-Security-Policy; scripts come from this address alone, and none inline.

    A chart writes style elements into its SVG, so styles may be inline. The viewer reads files that
    it holds as `blob:` and `data:`, and its workers begin as `blob:`.
    """
    connect = ("'self'", *((store_origin,) if store_origin else ()), "blob:", "data:")
    directives = {
        "default-src": ("'none'",),
        "script-src": ("'self'",),
        "worker-src": ("'self'", "blob:"),
        "style-src": ("'self'", "'unsafe-inline'"),
        "img-src": ("'self'", "data:", "blob:"),
        "font-src": ("'self'",),
        "connect-src": connect,
        "frame-ancestors": ("'none'",),
        "base-uri": ("'none'",),
        "form-action": ("'self'",),
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())
