"""The tables of API keys, of signed-in browsers, and of requests that may be repeated."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from syntrust_gateway.db.tables import Base, new_id, utc_now
from syntrust_gateway.db.types import deferred_key, enum_column


class Scope(StrEnum):
    """What a key opens; each opens what the ones before it do."""

    MONITOR = "monitor"
    SCORE = "score"
    RUN = "run"
    ADMIN = "admin"

    def covers(self, needed: Scope) -> bool:
        order = list(Scope)
        return order.index(self) >= order.index(needed)


class ApiKey(Base):
    """A key of a client. A key has 256 random bits, so its plain SHA-256 is enough."""

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    client_id: Mapped[int] = mapped_column(
        deferred_key("client.id", ondelete="CASCADE"), index=True
    )
    label: Mapped[str] = mapped_column(String(200), default="")
    key_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[Scope] = mapped_column(enum_column(Scope))
    created: Mapped[datetime] = mapped_column(default=utc_now)
    expires: Mapped[datetime | None]
    revoked: Mapped[datetime | None]


class WebSession(Base):
    """A browser that was signed in with a key; it goes with the key's row.

    Its token has 256 random bits, so its plain SHA-256 is enough.
    """

    __tablename__ = "web_session"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_id: Mapped[str] = mapped_column(
        String(36), ForeignKey("api_key.id", ondelete="CASCADE"), index=True
    )
    created: Mapped[datetime] = mapped_column(default=utc_now)
    expires: Mapped[datetime] = mapped_column(index=True)


class RequestState(StrEnum):
    """How far a request that may be repeated has come."""

    WORKING = "working"
    COMMITTED = "committed"
    ANSWERED = "answered"


class IdempotencyKey(Base):
    """A request that its sender may repeat, and the answer to it.

    `token` names the process that works on it, until `lease`. `made` is the path of what it made.
    `headers` and `body` are of the answer, the body compressed.
    """

    __tablename__ = "idempotency_key"

    owner: Mapped[int] = mapped_column(
        Integer, ForeignKey("client.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    route: Mapped[str] = mapped_column(String(300))
    fingerprint: Mapped[str] = mapped_column(String(64))
    state: Mapped[RequestState] = mapped_column(
        enum_column(RequestState), default=RequestState.WORKING
    )
    token: Mapped[str] = mapped_column(String(36))
    lease: Mapped[datetime]
    made: Mapped[str | None] = mapped_column(String(300))
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created: Mapped[datetime] = mapped_column(default=utc_now)
    expires: Mapped[datetime] = mapped_column(index=True)
