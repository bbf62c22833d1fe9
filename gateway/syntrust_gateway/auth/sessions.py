"""Sessions of browsers: begun with an API key, carried on by a cookie, and ended with either.

A cookie goes with every request to this address, whoever's page has sent it. So a request that may
change something must show besides that a page of our own has made it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from syntrust_core.errors import Unauthenticated
from syntrust_gateway.auth.service import (
    Caller,
    Credential,
    Shown,
    audit,
    authenticate,
    digest_key,
    read_key,
)
from syntrust_gateway.db.auth_tables import ApiKey, WebSession
from syntrust_gateway.db.tables import utc_now
from syntrust_gateway.errors import CsrfRefused, ForeignPage

COOKIE: Final = "syntrust_session"
CSRF_HEADER: Final = "X-CSRF-Token"
MOST_PER_KEY: Final = 100
"""A key opens no more sessions at once; one more ends the oldest."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES: Final = frozenset({"same-origin", "none"})


@dataclass(frozen=True)
class CurrentSession:
    """Who is signed in, by which token, and until when at the latest."""

    caller: Caller
    token: str
    expires: datetime


def start(session: Session, key: str, lasts: timedelta) -> CurrentSession:
    """Begin a session for a browser that has sent a key; it ends with the key at the latest.

    Raises
    ------
    Unauthenticated
        If nobody has the key, or it was revoked or has expired.
    """
    caller = authenticate(session, key)
    row = session.scalars(select(ApiKey).where(ApiKey.key_sha256 == digest_key(key))).one()
    now = utc_now()
    expires = min(filter(None, (row.expires, now + lasts)))
    session.execute(delete(WebSession).where(WebSession.expires <= now))
    _make_room(session, row.id)
    token = secrets.token_urlsafe(32)
    session.add(WebSession(token_sha256=digest_key(token), key_id=row.id, expires=expires))
    audit(session, caller, "session.create", row.id, expires=expires.isoformat())
    return CurrentSession(caller, token, expires)


def end(session: Session, caller: Caller, token: str) -> None:
    """End a session. A second call changes nothing."""
    row = session.get(WebSession, digest_key(token))
    if row is not None:
        audit(session, caller, "session.delete", row.key_id)
        session.delete(row)


def find(session: Session, caller: Caller, token: str) -> CurrentSession:
    """Find until when a session lasts, or its key.

    Raises
    ------
    Unauthenticated
        If it was ended meanwhile.
    """
    query = select(WebSession.expires, ApiKey.expires).join(ApiKey, ApiKey.id == WebSession.key_id)
    found = session.execute(query.where(WebSession.token_sha256 == digest_key(token))).one_or_none()
    if found is None:
        raise Unauthenticated("This session has ended. Sign in again.")
    return CurrentSession(caller, token, min(filter(None, found)))


def _make_room(session: Session, key_id: str) -> None:
    newest = (
        select(WebSession.token_sha256)
        .where(WebSession.key_id == key_id)
        .order_by(WebSession.created.desc(), WebSession.token_sha256)
    )
    old = session.scalars(newest.offset(MOST_PER_KEY - 1)).all()
    session.execute(delete(WebSession).where(WebSession.token_sha256.in_(old)))


def read_credential(headers: Mapping[str, str]) -> Credential:
    """Read what a request shows of its caller. A key in a header comes before a cookie.

    Raises
    ------
    Unauthenticated
        If it shows nothing, or the `Authorization` header is not of the form `Bearer <key>`.
    """
    key, further_key = headers.get("authorization"), headers.get("x-api-key")
    token = read_cookie(headers.get("cookie", ""))
    if token and key is None and further_key is None:
        return Credential(Shown.SESSION, token)
    return Credential(Shown.KEY, read_key(key, further_key))


def read_cookie(header: str) -> str | None:
    """Find the token among the cookies of a request, whatever else is there."""
    for cookie in header.split(";"):
        name, _, value = cookie.strip().partition("=")
        if name == COOKIE:
            return value
    return None


def csrf_token(token: str) -> str:
    """Derive what a page shows with each change. Only who knows the session's token can."""
    digest = hmac.digest(token.encode("utf-8", "surrogateescape"), b"csrf", hashlib.sha256)
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def require_own_request(method: str, headers: Mapping[str, str], token: str) -> None:
    """Refuse a change, asked for by the cookie, that no page of ours has made.

    Raises
    ------
    ForeignPage
        If the browser says that the page of another origin has sent it.
    CsrfRefused
        If it does not show the session's CSRF token.
    """
    if method in _SAFE:
        return
    require_own_page(headers)
    sent = headers.get(CSRF_HEADER.lower(), "")
    if not hmac.compare_digest(sent.encode("latin-1", "replace"), csrf_token(token).encode()):
        raise CsrfRefused(
            f"Send the session's `csrf_token` in the header {CSRF_HEADER}; GET /session tells it."
        )


def require_own_page(headers: Mapping[str, str]) -> None:
    """Refuse what the page of another origin has sent; browsers say so, other programs need not."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in _OWN_SITES:
        raise ForeignPage("The page of another site has sent this; use the platform's own.")
    if origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        raise ForeignPage("The page of another origin has sent this; use the platform's own.")
