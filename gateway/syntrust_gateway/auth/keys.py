"""Make, list, rotate, expire and revoke API keys. What is changed is in force at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.errors import Conflict, InvalidRequest, NotFound
from syntrust_core.log import get_logger
from syntrust_gateway.auth.access import parse_row_id
from syntrust_gateway.auth.conditions import require_match
from syntrust_gateway.auth.service import (
    Caller,
    IssuedKey,
    NewKey,
    audit,
    digest_key,
    issue_key,
)
from syntrust_gateway.db.auth_tables import ApiKey, Scope
from syntrust_gateway.db.claims import writes
from syntrust_gateway.db.session import insert_new
from syntrust_gateway.db.tables import Audit, Client, Role, utc_now

log = get_logger(__name__)

ADMIN, MONITOR = "admin", "monitor"
FROM_SETTINGS = "from the settings"


def create(
    session: Session, client: str, request: NewKey, *, caller: Caller | None = None
) -> IssuedKey:
    """Make a further key for a client.

    Raises
    ------
    InvalidRequest
        If there is no such client, its role does not allow the scope, or the key is born expired.
    """
    row = session.scalars(select(Client).where(Client.name == client)).one_or_none()
    if row is None:
        raise InvalidRequest(f"There is no client {client}.", pointer="/client")
    return issue_key(session, row, request, caller)


class KeyState(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


def state_of(key: ApiKey) -> KeyState:
    if key.revoked is not None:
        return KeyState.REVOKED
    expired = key.expires is not None and key.expires <= utc_now()
    return KeyState.EXPIRED if expired else KeyState.ACTIVE


def find(session: Session, key_id: str) -> tuple[ApiKey, Client]:
    """Find a key by its id, with its client. A session that writes holds it."""
    row = session.get(ApiKey, parse_row_id(key_id) or "-", with_for_update=writes(session) or None)
    if row is None:
        raise NotFound(f"There is no key {key_id}.")
    require_match(session, row)
    return row, session.get_one(Client, row.client_id)


def list_keys(session: Session, client: str | None = None) -> Sequence[tuple[ApiKey, Client]]:
    """List keys, those of one client if it is named, newest first."""
    query = select(ApiKey, Client).join(Client, Client.id == ApiKey.client_id)
    if client is not None:
        query = query.where(Client.name == client)
    return [(key, owner) for key, owner in session.execute(query.order_by(ApiKey.id.desc()))]


def rotate(
    session: Session, key_id: str, *, overlap: timedelta, caller: Caller | None = None
) -> IssuedKey:
    """Replace a key by a new one of the same label, scope and expiry.

    The new key is good at once. The old one is good for `overlap` longer, and never longer than it
    was good before.

    Raises
    ------
    Conflict
        If the old key is good no more.
    """
    old, client = find(session, key_id)
    now = utc_now()
    if state_of(old) is not KeyState.ACTIVE:
        raise Conflict("This key is revoked or has expired; create a new one instead.")
    issued = issue_key(session, client, NewKey(old.label, old.scope, old.expires), caller)
    if overlap > timedelta(0):
        old.expires = min(filter(None, (old.expires, now + overlap)))
    else:
        old.revoked = now
    audit(
        session, caller, "key.rotate", old.id, new=issued.row.id, overlap_s=overlap.total_seconds()
    )
    return issued


def expire(
    session: Session, key_id: str, at: datetime | None, *, caller: Caller | None = None
) -> tuple[ApiKey, Client]:
    """Set when a key expires; None is never.

    Raises
    ------
    Conflict
        If it has been revoked.
    """
    row, client = find(session, key_id)
    if row.revoked is not None:
        raise Conflict("This key has been revoked and cannot come back; create a new one.")
    row.expires = at
    audit(session, caller, "key.expire", row.id, at=None if at is None else at.isoformat())
    return row, client


def revoke(session: Session, key_id: str, *, caller: Caller | None = None) -> tuple[ApiKey, Client]:
    """Revoke a key for ever. A second call changes nothing."""
    row, client = find(session, key_id)
    if row.revoked is None:
        row.revoked = utc_now()
        audit(session, caller, "key.revoke", row.id, client=client.name)
    return row, client


def ensure_admin(session: Session, key: str) -> None:
    """Make sure that the client `admin` has this key; several processes at once are fine.

    The key that the settings gave before is revoked. A key that somebody revoked stays so.
    """
    _ensure(session, ADMIN, Role.ADMIN, Scope.ADMIN, key)


def ensure_monitor(session: Session, key: str) -> None:
    """Do the same for the client `monitor`, whose key opens the number of due steps alone."""
    _ensure(session, MONITOR, Role.USER, Scope.MONITOR, key)


def _ensure(session: Session, name: str, role: Role, scope: Scope, key: str) -> None:
    insert_new(session, Client, [{"name": name, "role": role}])
    client = session.scalars(select(Client).where(Client.name == name).with_for_update()).one()
    digest = digest_key(key)
    rows = session.scalars(select(ApiKey).where(ApiKey.client_id == client.id)).all()
    known = next((row for row in rows if row.key_sha256 == digest), None)
    if known is None:
        made = ApiKey(client_id=client.id, label=FROM_SETTINGS, key_sha256=digest, scope=scope)
        _replace_setting(session, client, rows, made)
    elif known.revoked is not None:
        log.warning("auth.set_key_revoked", key=known.id)


def _replace_setting(
    session: Session, client: Client, rows: Sequence[ApiKey], made: ApiKey
) -> None:
    for row in rows:
        if row.label == FROM_SETTINGS and row.revoked is None:
            row.revoked = utc_now()
            session.add(Audit(client=None, action="key.revoke", target=row.id))
    session.add(made)
    session.flush()
    detail = {"client": client.name}
    session.add(Audit(client=None, action="key.create", target=made.id, detail=detail))
