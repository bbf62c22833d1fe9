"""The table of withdrawn cases. Its rows outlive the datasets that they are about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from syntrust_gateway.db.tables import Base, new_id, utc_now


class Tombstone(Base):
    """A case was withdrawn from a dataset, and must not come back.

    `step` is its inspection and `contents` the SHA-256 of its files: what a backup may still hold.
    """

    __tablename__ = "tombstone"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    dataset_id: Mapped[str] = mapped_column(String(36))
    case_id: Mapped[str] = mapped_column(String(128))
    owner: Mapped[int]
    step: Mapped[str | None] = mapped_column(String(64))
    contents: Mapped[list[Any]]
    at: Mapped[datetime] = mapped_column(default=utc_now)

    __table_args__ = (Index(None, "dataset_id", "case_id"), Index(None, "step"))
