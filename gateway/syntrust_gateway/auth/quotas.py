"""What a client may use: steps at once, bytes stored, requests a minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from syntrust_gateway.db.tables import Case, Client, Dataset, Step, Upload
from syntrust_gateway.errors import QuotaExceeded

RETRY_AFTER_S: Final = 3600
"""Bytes are freed by deleting, not by waiting; this is when a program may look again."""


@dataclass(frozen=True)
class ClientLimits:
    """The limits of a client, or of the installation. None is no limit."""

    running_steps: int | None = None
    stored_bytes: int | None = None
    requests_per_minute: int | None = None


NO_LIMITS: Final = ClientLimits()


def read_limits(session: Session, default: ClientLimits = NO_LIMITS) -> dict[int, ClientLimits]:
    """Read the limits of every client, by its id; what a client has none of is the default."""
    rows = session.execute(
        select(
            Client.id,
            func.coalesce(Client.max_running_steps, default.running_steps),
            func.coalesce(Client.max_stored_bytes, default.stored_bytes),
            func.coalesce(Client.max_requests_per_minute, default.requests_per_minute),
        )
    )
    return {client: ClientLimits(*limits) for client, *limits in rows}


@dataclass(frozen=True)
class StoredBytes:
    """What a client stores: files that it announced, and what was computed for it first."""

    uploaded: int
    computed: int

    @property
    def total(self) -> int:
        return self.uploaded + self.computed


def stored_bytes(session: Session, client: int) -> StoredBytes:
    """Add up what a client stores. A file that it announced counts before it has arrived."""
    cases = select(func.sum(Case.bytes)).join(Dataset, Dataset.id == Case.dataset_id)
    uploaded = _sum(session, cases.where(Dataset.owner == client))
    uploaded += _sum(session, select(func.sum(Upload.bytes)).where(Upload.owner == client))
    computed = _sum(session, select(func.sum(Step.bytes)).where(Step.owner == client))
    return StoredBytes(uploaded, computed)


def _sum(session: Session, query: Select[int | None]) -> int:
    return int(session.scalar(query) or 0)


def require_room(session: Session, client: int, default: int | None) -> None:
    """Refuse to store more than a client may; `default` is the limit if it has none of its own.

    Call it in the transaction that has just written the announcement, which it then ends.

    Raises
    ------
    QuotaExceeded
        If the client's bytes are over its limit.
    """
    limit = _lock_limit(session, client, default)
    if limit is not None and (stored := stored_bytes(session, client)).total > limit:
        raise _refusal(f"You may store {limit} bytes and would have {stored.total}", stored, limit)


def require_room_for_run(session: Session, client: int, default: int | None) -> None:
    """Refuse new work whose results a client has no room for: one that has used up its bytes.

    Raises
    ------
    QuotaExceeded
        If it has. What a run will store is not known before, so the last one may go over the limit.
    """
    limit = _lock_limit(session, client, default)
    if limit is not None and (stored := stored_bytes(session, client)).total >= limit:
        raise _used_up(stored, limit)


def describe_room(
    session: Session, client: int, default: int | None, needed_bytes: int | None
) -> str | None:
    """Say why a run would be refused, or go over the limit; None if it has room.

    `needed_bytes` is what it will store, if that is known.
    """
    own = session.scalar(_own_limit(client))
    limit = default if own is None else own
    if limit is None:
        return None
    stored = stored_bytes(session, client)
    if stored.total >= limit:
        return _used_up(stored, limit).detail
    total = stored.total + (needed_bytes or 0)
    return None if total <= limit else f"You may store {limit} bytes and would have about {total}."


def _lock_limit(session: Session, client: int, default: int | None) -> int | None:
    # Two announcements at once must not both find room.
    own = session.scalar(_own_limit(client).with_for_update())
    return default if own is None else own


def _own_limit(client: int) -> Select[int | None]:
    return select(Client.max_stored_bytes).where(Client.id == client)


def _used_up(stored: StoredBytes, limit: int) -> QuotaExceeded:
    return _refusal(f"You may store {limit} bytes and have {stored.total}", stored, limit)


def _refusal(what: str, stored: StoredBytes, limit: int) -> QuotaExceeded:
    return QuotaExceeded(
        f"{what}: {stored.uploaded} of uploads and {stored.computed} of results. Delete datasets, "
        "uploads, experiments or jobs that you need no more.",
        retry_after_s=RETRY_AFTER_S,
        limit_bytes=limit,
    )
