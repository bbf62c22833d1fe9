"""The collaborators of the API, made once in an entry point."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from syntrust_core.runtime.coordination import StepCoordinator
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.auth.quotas import NO_LIMITS, ClientLimits
from syntrust_gateway.db.session import Sessions
from syntrust_gateway.experiments.precision import FLOAT32, Precisions


@dataclass(frozen=True)
class Container:
    """Everything that the API works with."""

    write: Sessions
    read: Sessions
    store: ObjectStore
    coordinator: StepCoordinator
    max_body_bytes: int = 32 << 20  # 100,000 cases of three regions with room to spare
    body_timeout: timedelta = timedelta(seconds=30)
    upload_expires: timedelta = timedelta(hours=2)
    events_every: timedelta = timedelta(milliseconds=500)
    limits: ClientLimits = NO_LIMITS
    rates_url: str | None = None
    idempotency_expires: timedelta = timedelta(hours=24)
    session_expires: timedelta = timedelta(hours=12)
    sign_ins_per_minute: int = 30
    precisions: Precisions = FLOAT32
    store_origin: str | None = None  # where browsers find presigned URLs
