"""Tables of uploaded content: who has proven to possess what, and which job waits for which upload.

Like `tables`; replace the value of a JSON column and never change it in place.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from syntrust_gateway.db.tables import Base, utc_now
from syntrust_gateway.db.types import deferred_key


class Content(Base):
    """A client has uploaded these very bytes, and a worker has hashed them.

    Where a worker kept a file without the text of its header instead, `kept_sha256` and
    `kept_bytes` name that file, which has a row of its own.

    Only such a row lets the client name the content by its digest. It says nothing of other clients
    that hold the same bytes.
    """

    __tablename__ = "content"

    owner: Mapped[int] = mapped_column(
        Integer, deferred_key("client.id"), primary_key=True, autoincrement=False
    )
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    created: Mapped[datetime] = mapped_column(default=utc_now)
    kept_sha256: Mapped[str | None] = mapped_column(String(64))
    kept_bytes: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (Index(None, "sha256"),)


class JobUpload(Base):
    """A job needs these roles of an upload; it is planned once all of them are received.

    `case_id` is what the job calls the upload's case, if it scores several.
    """

    __tablename__ = "job_upload"

    job_id: Mapped[str] = mapped_column(
        deferred_key("job.id", ondelete="CASCADE"), primary_key=True
    )
    upload_id: Mapped[str] = mapped_column(deferred_key("upload.id"), primary_key=True)
    roles: Mapped[list[Any]]
    case_id: Mapped[str | None] = mapped_column(String(200))
    received: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (Index(None, "upload_id"),)
