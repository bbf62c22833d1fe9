"""Clients and their keys, as an admin manages them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.errors import NotFound
from syntrust_gateway.admin.pages import read_rows
from syntrust_gateway.admin.schemas import (
    ClientBody,
    ClientPage,
    Expiry,
    IssuedKeyBody,
    KeyBody,
    KeyPage,
    LimitsChange,
    NewApiKey,
    NewClient,
    NewClientBody,
    Rotation,
)
from syntrust_gateway.auth import keys
from syntrust_gateway.auth.access import PageQuery
from syntrust_gateway.auth.conditions import require_match
from syntrust_gateway.auth.service import Caller, IssuedKey, NewKey, add_client, audit
from syntrust_gateway.db.auth_tables import ApiKey
from syntrust_gateway.db.claims import writes
from syntrust_gateway.db.tables import Client

_LIMITS = ("max_running_steps", "max_stored_bytes", "max_requests_per_minute")


def create_client(session: Session, caller: Caller, request: NewClient) -> NewClientBody:
    wanted = NewKey(request.label, request.scope, request.expires)
    issued = add_client(session, request.name, request.role, wanted, caller=caller)
    shown = _client(issued.client).model_dump()
    return NewClientBody(**shown, key=_issued(issued))


def list_clients(session: Session, query: PageQuery) -> ClientPage:
    rows, cursor = read_rows(session, Client, select(Client), query)
    return ClientPage(items=[_client(row) for row in rows], next=cursor)


def get_client(session: Session, client_id: int) -> ClientBody:
    return _client(_find_client(session, client_id))


def change_limits(
    session: Session, caller: Caller, client_id: int, request: LimitsChange
) -> ClientBody:
    """Change the limits that the request names."""
    client = _find_client(session, client_id)
    changes = request.model_dump(exclude_unset=True)
    for name, value in changes.items():
        setattr(client, name, value)
    audit(session, caller, "client.limits", client.name, **changes)
    return _client(client)


def create_key(session: Session, caller: Caller, request: NewApiKey) -> IssuedKeyBody:
    wanted = NewKey(request.label, request.scope, request.expires)
    return _issued(keys.create(session, request.client, wanted, caller=caller))


def list_keys(session: Session, client: str | None, query: PageQuery) -> KeyPage:
    rows = select(ApiKey)
    if client is not None:
        rows = rows.join(Client, Client.id == ApiKey.client_id).where(Client.name == client)
    found, cursor = read_rows(session, ApiKey, rows, query)
    owners = {row.client_id for row in found}
    clients = {row.id: row for row in session.scalars(select(Client).where(Client.id.in_(owners)))}
    items = [_key(row, clients[row.client_id]) for row in found]
    return KeyPage(items=items, next=cursor)


def get_key(session: Session, key_id: str) -> KeyBody:
    return _key(*keys.find(session, key_id))


def rotate_key(session: Session, caller: Caller, key_id: str, request: Rotation) -> IssuedKeyBody:
    overlap = timedelta(seconds=request.overlap_seconds)
    return _issued(keys.rotate(session, key_id, overlap=overlap, caller=caller))


def expire_key(session: Session, caller: Caller, key_id: str, request: Expiry) -> KeyBody:
    return _key(*keys.expire(session, key_id, request.expires, caller=caller))


def revoke_key(session: Session, caller: Caller, key_id: str) -> KeyBody:
    return _key(*keys.revoke(session, key_id, caller=caller))


def _find_client(session: Session, client_id: int) -> Client:
    client = session.get(Client, client_id, with_for_update=writes(session) or None)
    if client is None:
        raise NotFound(f"There is no client {client_id}.")
    require_match(session, client)
    return client


def _client(row: Client) -> ClientBody:
    names = ("id", "name", "role", "created", *_LIMITS)
    return ClientBody(**{name: getattr(row, name) for name in names})


def _key(row: ApiKey, client: Client) -> KeyBody:
    names = ("id", "scope", "label", "created", "expires", "revoked")
    columns = {name: getattr(row, name) for name in names}
    return KeyBody(**columns, client=client.name, state=keys.state_of(row))


def _issued(issued: IssuedKey) -> IssuedKeyBody:
    return IssuedKeyBody(**_key(issued.row, issued.client).model_dump(), key=issued.key)
