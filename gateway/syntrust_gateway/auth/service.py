"""API keys. Only their SHA-256 is kept. A key has 256 random bits, so no slow hash is needed."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.errors import Conflict, Forbidden, Unauthenticated
from syntrust_gateway.db.session import insert_new
from syntrust_gateway.db.tables import Audit, Client, Role

ADMIN = "admin"
_KEY_PREFIX = "st_"
KNOWN_S = 5.0
_MOST_KNOWN = 1000


@dataclass(frozen=True)
class Caller:
    """The client behind a request."""

    id: int
    name: str
    role: Role

    def may_see(self, owner: int) -> bool:
        return self.role is Role.ADMIN or owner == self.id

    def require_admin(self) -> None:
        if self.role is not Role.ADMIN:
            raise Forbidden("Only an admin's key may do this.")


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


def authenticate(session: Session, key: str) -> Caller:
    """Find who has `key`. Only digests are compared, so the time it takes tells nothing."""
    digest = digest_key(key)
    client = session.scalars(select(Client).where(Client.key_sha256 == digest)).one_or_none()
    if client is None or not hmac.compare_digest(client.key_sha256, digest):
        raise Unauthenticated("This API key is unknown.")
    return Caller(id=client.id, name=client.name, role=client.role)


class KnownKeys:
    """Callers who showed a key a moment ago, so that a busy one is not looked up each time.

    A client who is removed from the database can therefore still call for `KNOWN_S` seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._callers: dict[str, tuple[Caller, float]] = {}

    def caller(self, key: str) -> Caller | None:
        """Find who has shown `key` in the last seconds."""
        caller, until = self._callers.get(digest_key(key), (None, 0.0))
        return caller if self._clock() < until else None

    def remember(self, key: str, caller: Caller) -> None:
        if len(self._callers) >= _MOST_KNOWN:
            self._callers.clear()
        self._callers[digest_key(key)] = (caller, self._clock() + KNOWN_S)


def create_client(session: Session, name: str, role: Role) -> str:
    """Add a client and return its new key, which cannot be shown again."""
    if session.scalars(select(Client.id).where(Client.name == name)).one_or_none() is not None:
        raise Conflict(f"There is a client {name} already; choose another name.")
    key = make_key()
    session.add(Client(name=name, role=role, key_sha256=digest_key(key)))
    session.add(Audit(client=None, action="client.create", target=name, detail={"role": str(role)}))
    return key


def ensure_admin(session: Session, key: str) -> None:
    """Make sure the client `admin` has this key; several processes at once are fine."""
    digest = digest_key(key)
    insert_new(session, Client, [{"name": ADMIN, "role": Role.ADMIN, "key_sha256": digest}])
    admin = session.scalars(select(Client).where(Client.name == ADMIN)).one()
    if admin.key_sha256 != digest:
        admin.key_sha256 = digest
        session.add(Audit(client=None, action="client.rekey", target=ADMIN))


def audit(session: Session, caller: Caller, action: str, target: str, **detail: object) -> None:
    """Record, in the same transaction, what `caller` changed."""
    session.add(Audit(client=caller.name, action=action, target=target, detail=detail))
