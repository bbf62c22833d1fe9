"""Column types and constraints that every table of the database shares."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import DateTime, Dialect, Enum, ForeignKey
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Instants with their time zone, also on SQLite, which keeps none."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"an instant needs a time zone; {value} has none"
            raise ValueError(msg)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def enum_column(members_of: type[StrEnum]) -> Enum:
    return Enum(
        members_of,
        native_enum=False,
        create_constraint=False,
        length=20,
        values_callable=lambda members: [str(member) for member in members],
    )


def deferred_key(target: str, **options: Any) -> ForeignKey:  # noqa: ANN401 - SQLAlchemy's own options
    # It is checked at commit, so the rows of one transaction may be inserted in any order.
    return ForeignKey(target, deferrable=True, initially="DEFERRED", **options)
