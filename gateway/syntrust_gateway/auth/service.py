"""API keys. Only their SHA-256 is kept. A key has 256 random bits, so no slow hash is needed."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from syntrust_core.errors import Conflict, Forbidden, InvalidRequest, Unauthenticated
from syntrust_gateway.db.auth_tables import ApiKey, Scope
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


@dataclass(frozen=True)
class Grant:
    """Whom a key lets in, and until when."""

    caller: Caller
    expires: datetime | None

    def require_current(self, now: datetime) -> Caller:
        """Give the caller; refuse the key if it has expired."""
        if self.expires is not None and self.expires <= now:
            raise Unauthenticated("This API key has expired.")
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


# Made once: making it takes longer than the question itself.
KEY_QUERY: Final = (
    select(
        ApiKey.key_sha256,
        ApiKey.scope,
        ApiKey.expires,
        ApiKey.revoked,
        Client.id,
        Client.name,
        Client.role,
        Client.max_requests_per_minute,
    )
    .join(Client, Client.id == ApiKey.client_id)
    .where(ApiKey.key_sha256 == bindparam("digest"))
)
"""What `read_grant` needs to know of a key."""


class KeyRow(NamedTuple):
    """A row of `KEY_QUERY`, with texts where a driver knows no better."""

    key_sha256: str
    scope: str
    expires: datetime | None
    revoked: datetime | None
    client: int
    name: str
    role: str
    max_requests_per_minute: int | None


def read_grant(row: KeyRow | None, digest: str) -> Grant:
    """Decide whom a key lets in. Only digests are compared, so the time it takes tells nothing."""
    if row is None or not hmac.compare_digest(row.key_sha256, digest):
        raise Unauthenticated("This API key is unknown.")
    if row.revoked is not None:
        raise Unauthenticated("This API key has been revoked.")
    scope = Scope(row.scope)
    caller = Caller(
        id=row.client,
        name=row.name,
        # An admin who shows a lesser key is a client like any other.
        role=Role(row.role) if scope is Scope.ADMIN else Role.USER,
        scope=scope,
        max_requests_per_minute=row.max_requests_per_minute,
    )
    return Grant(caller, row.expires)


def authenticate(session: Session, key: str) -> Caller:
    """Find who has `key`."""
    digest = digest_key(key)
    row = session.execute(KEY_QUERY, {"digest": digest}).one_or_none()
    return read_grant(row and KeyRow(*row), digest).require_current(utc_now())


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
