"""What each client stores and has computed. A step is charged to the client who asked first."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind
from syntrust_gateway.admin.schemas import ClientUsage, KindUsage, Usage
from syntrust_gateway.auth.quotas import StoredBytes, stored_bytes
from syntrust_gateway.db.tables import Client, Step, StepState

_HOUR_S = 3600


def get_usage(session: Session, since: datetime | None, until: datetime | None) -> Usage:
    """Give the usage of every client; steps are those done from `since` to before `until`."""
    kinds = _kinds(session, since, until)
    clients = [
        _usage(client.name, stored_bytes(session, client.id), kinds.get(client.id, {}))
        for client in session.execute(select(Client.id, Client.name).order_by(Client.name))
    ]
    if None in kinds:
        unknown = select(func.sum(Step.bytes)).where(Step.owner.is_(None))
        stored = StoredBytes(0, int(session.scalar(unknown) or 0))
        clients.append(_usage(None, stored, kinds[None]))
    return Usage(since=since, until=until, clients=clients)


def _kinds(
    session: Session, since: datetime | None, until: datetime | None
) -> dict[int | None, dict[Kind, KindUsage]]:
    query = select(Step.owner, Step.kind, func.count(), func.sum(Step.seconds)).where(
        Step.state == StepState.DONE
    )
    if since is not None:
        query = query.where(Step.done_at >= since)
    if until is not None:
        query = query.where(Step.done_at < until)
    found: dict[int | None, dict[Kind, KindUsage]] = {}
    for owner, kind, steps, seconds in session.execute(query.group_by(Step.owner, Step.kind)):
        hours = (seconds or 0.0) / _HOUR_S
        found.setdefault(owner, {})[Kind(kind)] = KindUsage(steps=steps, device_hours=hours)
    return found


def _usage(client: str | None, stored: StoredBytes, kinds: dict[Kind, KindUsage]) -> ClientUsage:
    return ClientUsage(
        client=client,
        uploaded_bytes=stored.uploaded,
        computed_bytes=stored.computed,
        steps=sum(kind.steps for kind in kinds.values()),
        device_hours=sum(kind.device_hours for kind in kinds.values()),
        by_kind={kind: kinds[kind] for kind in Kind if kind in kinds},
    )
