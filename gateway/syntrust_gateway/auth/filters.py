"""Which rows of a list are asked for: by state, by name, by tag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from syntrust_gateway.db.tables import Dataset, Experiment, Job

Listed = TypeVar("Listed", Dataset, Experiment, Job)


@dataclass(frozen=True)
class RowFilter:
    """What a row must have; null asks for nothing. `besides` are further columns by name."""

    name: str | None = None
    state: str | None = None
    tag: str | None = None
    besides: tuple[tuple[str, Any], ...] = ()

    def apply(self, session: Session, table: type[Listed], rows: Select[Listed]) -> Select[Listed]:
        asked = {"name": self.name, "state": self.state, **dict(self.besides)}
        for column, value in asked.items():
            if value is not None:
                rows = rows.where(getattr(table, column) == value)
        if self.tag is not None and table is not Job:
            rows = rows.where(_has_tag(session, getattr(table, "tags"), self.tag))  # noqa: B009
        return rows


def _has_tag(
    session: Session, column: InstrumentedAttribute[list[Any]], tag: str
) -> ColumnElement[bool]:
    if session.get_bind().dialect.name == "sqlite":
        each = func.json_each(column).table_valued("value")
    else:
        each = func.json_array_elements_text(column).table_valued("value")
    return exists(select(1).select_from(each).where(each.c.value == tag))
