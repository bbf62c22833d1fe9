"""Callers, by an API key or by the session of a browser that was signed in with one.

Of keys and tokens only the SHA-256 is kept. Both have 256 random bits, so no slow hash is needed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, bindparam, null, select
from sqlalchemy.orm import Session

from syntrust_core.errors import Conflict, Forbidden, InvalidRequest, Unauthenticated
from syntrust_gateway.db.auth_tables import ApiKey, Scope, WebSession
from syntrust_gateway.db.tables import Audit, Client, Role, utc_now

_KEY_PREFIX = "st_"
_USUAL_SCOPES: Final = {Role.ADMIN: Scope.ADMIN, Role.USER: Scope.RUN}


@dataclass(frozen=True)
class Caller:
    """The client behind a request, as far as the key that it showed goes."""

    id: int
    name: str
    role: Role
    scope: Scope = Scope.RUN
    max_requests_per_minute: int | None = None

    def may_see(self, owner: int) -> bool:
        return self.role is Role.ADMIN or owner == self.id

    def require_admin(self) -> None:
        if self.role is not Role.ADMIN:
            raise Forbidden("Only an admin's key may do this.")

    def require_scope(self, needed: Scope) -> None:
        """Refuse a key that does not open what needs this scope."""
        if not self.scope.covers(needed):
            raise Forbidden(
                f"This key has the scope `{self.scope}`; `{needed}` is needed here.",
                scope=str(self.scope),
                needed_scope=str(needed),
            )


class Shown(StrEnum):
    """What a request may show of its caller."""

    KEY = "key"
    SESSION = "session"


class Credential(NamedTuple):
    """The text of a key or of a session's token, as a request has shown it."""

    shown: Shown
    text: str


class _Refusals(NamedTuple):
    unknown: str
    revoked: str
    expired: str


_REFUSALS: Final[Mapping[Shown, _Refusals]] = {
    Shown.KEY: _Refusals(
        "This API key is unknown.",
        "This API key has been revoked.",
        "This API key has expired.",
    ),
    Shown.SESSION: _Refusals(
        "This session has ended. Sign in again.",
        "The API key of this session has been revoked. Sign in with another one.",
        "This session has ended. Sign in again.",
    ),
}


@dataclass(frozen=True)
class Grant:
    """Whom a key or a session lets in, and until when."""

    caller: Caller
    expires: datetime | None
    shown: Shown = Shown.KEY

    def require_current(self, now: datetime) -> Caller:
        """Give the caller; refuse what has expired."""
        if self.expires is not None and self.expires <= now:
            raise Unauthenticated(_REFUSALS[self.shown].expired)
        return self.caller


def make_key() -> str:
    """Make a key of 256 random bits. By its prefix, scanners for leaked secrets recognise it."""
    return _KEY_PREFIX + secrets.token_urlsafe(32)


def digest_key(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def read_key(authorization: str | None, x_api_key: str | None) -> str:
    """Read the key in a request's headers.

    Raises
    ------
    Unauthenticated
        If there is none, or the `Authorization` header is not of the form `Bearer <key>`.
    """
    if authorization is not None:
        kind, _, key = authorization.partition(" ")
        if kind.lower() == "bearer" and key.strip():
            return key.strip()
    elif x_api_key:
        return x_api_key.strip()
    raise Unauthenticated("Send an API key in the header `Authorization: Bearer <key>`.")


def _select_grant(digest: Any, ends: Any) -> Select[*tuple[Any, ...]]:  # noqa: ANN401 - columns
    return select(
        digest,
        ApiKey.scope,
        ApiKey.expires,
        ApiKey.revoked,
        Client.id,
        Client.name,
        Client.role,
        Client.max_requests_per_minute,
        ends,
    ).where(digest == bindparam("digest"))


# Made once: making one takes longer than the question itself.
GRANT_QUERIES: Final[Mapping[Shown, Select[*tuple[Any, ...]]]] = {
    Shown.KEY: _select_grant(ApiKey.key_sha256, null().label("ends")).join(
        Client, Client.id == ApiKey.client_id
    ),
    Shown.SESSION: _select_grant(WebSession.token_sha256, WebSession.expires)
    .join(ApiKey, ApiKey.id == WebSession.key_id)
    .join(Client, Client.id == ApiKey.client_id),
}
"""What `read_grant` needs to know of a key, and of a session and its key."""


class GrantRow(NamedTuple):
    """A row of `GRANT_QUERIES`, with texts where a driver knows no better.

    `ends` is when a session does; `expires` is when its key does.
    """

    sha256: str
    scope: str
    expires: datetime | None
    revoked: datetime | None
    client: int
    name: str
    role: str
    max_requests_per_minute: int | None
    ends: datetime | None


def read_grant(row: GrantRow | None, digest: str, shown: Shown = Shown.KEY) -> Grant:
    """Decide who is let in. Only digests are compared, so the time it takes tells nothing."""
    if row is None or not hmac.compare_digest(row.sha256, digest):
        raise Unauthenticated(_REFUSALS[shown].unknown)
    if row.revoked is not None:
        raise Unauthenticated(_REFUSALS[shown].revoked)
    scope = Scope(row.scope)
    caller = Caller(
        id=row.client,
        name=row.name,
        # An admin who shows a lesser key is a client like any other.
        role=Role(row.role) if scope is Scope.ADMIN else Role.USER,
        scope=scope,
        max_requests_per_minute=row.max_requests_per_minute,
    )
    until = min((each for each in (row.expires, row.ends) if each is not None), default=None)
    return Grant(caller, until, shown)


def authenticate(session: Session, key: str) -> Caller:
    """Find who has `key`."""
    digest = digest_key(key)
    found = session.execute(GRANT_QUERIES[Shown.KEY], {"digest": digest}).one_or_none()
    row = None if found is None else GrantRow(*found)
    return read_grant(row, digest).require_current(utc_now())


def audit(
    session: Session, caller: Caller | None, action: str, target: str, **detail: object
) -> None:
    """Record, in the same transaction, what `caller` changed; None is an operator's command."""
    name = None if caller is None else caller.name
    session.add(Audit(client=name, action=action, target=target, detail=detail))


@dataclass(frozen=True)
class NewKey:
    """What a new key is for."""

    label: str = ""
    scope: Scope | None = None
    expires: datetime | None = None


@dataclass(frozen=True)
class IssuedKey:
    """A key that was just made. Its text is known only now."""

    row: ApiKey
    client: Client
    key: str


def add_client(
    session: Session,
    name: str,
    role: Role,
    request: NewKey | None = None,
    *,
    caller: Caller | None = None,
) -> IssuedKey:
    """Add a client and its first key."""
    if session.scalars(select(Client.id).where(Client.name == name)).one_or_none() is not None:
        raise Conflict(f"There is a client {name} already; choose another name.")
    client = Client(name=name, role=role)
    session.add(client)
    session.flush()
    audit(session, caller, "client.create", name, role=str(role))
    return issue_key(session, client, request or NewKey(), caller)


def create_client(session: Session, name: str, role: Role) -> str:
    """Add a client and return its new key, which cannot be shown again."""
    return add_client(session, name, role).key


def issue_key(
    session: Session, client: Client, request: NewKey, caller: Caller | None
) -> IssuedKey:
    """Make a key for a client.

    Raises
    ------
    InvalidRequest
        If the client's role does not allow the scope, or the key is born expired.
    """
    scope = request.scope or _USUAL_SCOPES[client.role]
    _require_allowed(client, scope, request.expires)
    key = make_key()
    row = ApiKey(
        client_id=client.id,
        label=request.label,
        key_sha256=digest_key(key),
        scope=scope,
        expires=request.expires,
    )
    session.add(row)
    session.flush()
    audit(session, caller, "key.create", row.id, client=client.name, scope=str(scope))
    return IssuedKey(row, client, key)


def _require_allowed(client: Client, scope: Scope, expires: datetime | None) -> None:
    if scope is Scope.ADMIN and client.role is not Role.ADMIN:
        raise InvalidRequest(
            f"{client.name} is no admin, so its keys have the scope score or run.", pointer="/scope"
        )
    if expires is not None and expires <= utc_now():
        raise InvalidRequest("A new key must expire in the future.", pointer="/expires")
