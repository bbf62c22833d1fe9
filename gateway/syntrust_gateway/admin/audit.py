"""Who changed what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from syntrust_gateway.admin.pages import read_rows
from syntrust_gateway.admin.schemas import AuditEntry, AuditPage
from syntrust_gateway.auth.access import PageQuery
from syntrust_gateway.db.tables import Audit


@dataclass(frozen=True)
class AuditFilter:
    """Which rows of the audit trail are asked for; what is None does not matter."""

    client: str | None = None
    action: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.client is not None:
            found.append(Audit.client == self.client)
        if self.action is not None:
            found.append(_is_or_is_below(Audit.action, self.action, "."))
        if self.target is not None:
            found.append(_is_or_is_below(Audit.target, self.target, "/"))
        if self.since is not None:
            found.append(Audit.at >= self.since)
        if self.until is not None:
            found.append(Audit.at < self.until)
        return found


def _is_or_is_below(
    column: InstrumentedAttribute[str], name: str, separator: str
) -> ColumnElement[bool]:
    return (column == name) | column.startswith(name + separator, autoescape=True)


def list_audit(session: Session, wanted: AuditFilter, query: PageQuery) -> AuditPage:
    rows = select(Audit).where(*wanted.conditions())
    found, cursor = read_rows(session, Audit, rows, query)
    names = ("id", "at", "client", "action", "target", "detail")
    items = [AuditEntry(**{name: getattr(row, name) for name in names}) for row in found]
    return AuditPage(items=items, next=cursor)
