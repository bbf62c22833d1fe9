"""Which web pages may use presigned URLs of a bucket: its CORS rules.

The `minio` client has no call for them, so the requests are signed here.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit
from xml.etree import ElementTree as ET

import urllib3
from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3

from syntrust_core.errors import StoreUnavailable
from syntrust_core.settings import StorageSettings

METHODS = ("GET", "HEAD", "PUT")
_CACHED_S = 600  # a browser asks again after this time
_SET = {200, 204}
_REMOVED = _SET | {404, 405, 501}  # servers without such rules have nothing to remove


def set_browser_origins(settings: StorageSettings, http: urllib3.PoolManager) -> None:
    """Let the pages of these origins read and write by presigned URL, and no others.

    Raises
    ------
    StoreUnavailable
        The server does not take the rules, or does not remove those that it has.
    """
    if settings.browser_origins:
        done = _request("PUT", settings, http, _write_rules(settings.browser_origins)) in _SET
    else:
        done = _request("DELETE", settings, http, b"") in _REMOVED
    if not done:
        raise StoreUnavailable(
            f"The object store refused the CORS rules of the bucket {settings.bucket}; its key "
            "needs the right to set them."
        )


def _write_rules(origins: Sequence[str]) -> bytes:
    root = ET.Element("CORSConfiguration")
    rule = ET.SubElement(root, "CORSRule")
    entries = [
        *(("AllowedOrigin", origin) for origin in origins),
        *(("AllowedMethod", method) for method in METHODS),
        ("AllowedHeader", "*"),
        ("ExposeHeader", "ETag"),
        ("MaxAgeSeconds", str(_CACHED_S)),
    ]
    for name, text in entries:
        ET.SubElement(rule, name).text = text
    return bytes(ET.tostring(root))


def _request(method: str, settings: StorageSettings, http: urllib3.PoolManager, body: bytes) -> int:
    """Send a signed request for the rules; return the status."""
    url = urlsplit(settings.endpoint)._replace(path=f"/{settings.bucket}", query="cors=")
    now, sha256 = datetime.now(UTC), hashlib.sha256(body).hexdigest()
    headers: dict[str, str | list[str] | tuple[str]] = {
        "Host": url.netloc,
        "Content-MD5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
        "x-amz-content-sha256": sha256,
        "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
    }
    signed = sign_v4_s3(
        method=method,
        url=url,
        region=settings.region,
        headers=headers,
        credentials=Credentials(settings.access_key, settings.secret_key.get_secret_value()),
        content_sha256=sha256,
        date=now,
    )
    sent = {name: str(value) for name, value in signed.items()}
    return http.request(method, urlunsplit(url), body=body, headers=sent).status
