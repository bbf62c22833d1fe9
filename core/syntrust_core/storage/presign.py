"""Presigned URLs after AWS's Signature Version 4 that bind headers, which `minio` cannot sign.

A signed Content-Length makes the server refuse a body of any other size, and one of unknown size.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit

ALGORITHM: Final = "AWS4-HMAC-SHA256"
UNSIGNED: Final = "UNSIGNED-PAYLOAD"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True)
class SigningKey:
    """An S3 access key and the region that its signatures name."""

    access_key: str
    secret_key: str
    region: str


def presign(
    method: str,
    url: str,
    key: SigningKey,
    *,
    headers: Mapping[str, str],
    expires: timedelta,
    now: datetime | None = None,
) -> str:
    """Sign `url`, which has no query yet, for one method and exactly these header values.

    `headers` have lower-case names; the host is signed beside them. Whoever uses the URL must send
    each of them with the value given here.
    """
    parts = urlsplit(url)
    stamp = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    signed = dict(sorted({**headers, "host": _host(url)}.items()))
    scope = f"{stamp[:8]}/{key.region}/s3/aws4_request"
    path = quote(parts.path, safe="/")
    query = _query(key, scope, stamp, expires, signed)
    request = _canonical_request(method, path, query, signed)
    text = "\n".join((ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = _hmac(_derive(key, stamp[:8]), text).hex()
    return f"{parts.scheme}://{parts.netloc}{path}?{query}&X-Amz-Signature={signature}"


def _host(url: str) -> str:
    """Give the Host header that a client sends: without the scheme's own port."""
    parts = urlsplit(url)
    own_port = _DEFAULT_PORTS.get(parts.scheme)
    return parts.netloc.removesuffix(f":{own_port}") if parts.port == own_port else parts.netloc


def _query(
    key: SigningKey, scope: str, stamp: str, expires: timedelta, signed: Mapping[str, str]
) -> str:
    parameters = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{key.access_key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(int(expires.total_seconds())),
        "X-Amz-SignedHeaders": ";".join(signed),
    }
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())


def _canonical_request(method: str, path: str, query: str, signed: Mapping[str, str]) -> str:
    lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
    return "\n".join((method, path, query, lines, ";".join(signed), UNSIGNED))


def _derive(key: SigningKey, day: str) -> bytes:
    derived = f"AWS4{key.secret_key}".encode()
    for part in (day, key.region, "s3", "aws4_request"):
        derived = _hmac(derived, part)
    return derived


def _hmac(secret: bytes, text: str) -> bytes:
    return hmac.new(secret, text.encode(), hashlib.sha256).digest()
