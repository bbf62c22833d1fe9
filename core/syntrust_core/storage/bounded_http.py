"""HTTP to an object store in bounded time: few retries, and none once patience has ended."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final, Self

import urllib3

CONNECT_S: Final = 5.0
READ_S: Final = 30.0  # of silence; a body that keeps coming may take as long as it needs
COPY_READ_S: Final = 300.0  # the server is silent while it copies up to 4 GiB
PATIENCE_S: Final = 30.0
"""No try begins later than this, so that a silent store holds a caller for a minute at most."""
_RETRIED: Final = (500, 502, 503, 504)
_COPY: Final = "x-amz-copy-source"


class BoundedRetry(urllib3.Retry):
    """Retries that end at `deadline`, in seconds of the monotonic clock."""

    deadline = float("inf")

    @classmethod
    def until(cls, deadline: float) -> Self:
        # A server must not be able to make a caller wait by its Retry-After.
        made = cls(
            total=3,
            backoff_factor=0.2,
            status_forcelist=_RETRIED,
            respect_retry_after_header=False,
        )
        made.deadline = deadline
        return made

    def new(self, **changes: Any) -> Self:  # noqa: ANN401 - urllib3's own
        made = super().new(**changes)
        made.deadline = self.deadline
        return made

    def increment(self, *args: Any, **options: Any) -> Self:  # noqa: ANN401 - urllib3's own
        if time.monotonic() < self.deadline:
            return super().increment(*args, **options)
        return super(BoundedRetry, self.new(total=0)).increment(*args, **options)


class BoundedPool(urllib3.PoolManager):
    """Connections to one store, whose every request is bounded by `BoundedRetry`."""

    def __init__(self, *, patience_s: float = PATIENCE_S, read_s: float = READ_S) -> None:
        super().__init__(maxsize=16, timeout=urllib3.Timeout(connect=CONNECT_S, read=read_s))
        self._patience_s = patience_s

    def urlopen(self, *request: Any, **options: Any) -> urllib3.BaseHTTPResponse:  # noqa: ANN401 - urllib3's own
        options.setdefault("retries", BoundedRetry.until(time.monotonic() + self._patience_s))
        headers: Mapping[str, str] = options.get("headers") or {}
        if any(name.lower() == _COPY for name in headers):
            options["timeout"] = urllib3.Timeout(connect=CONNECT_S, read=COPY_READ_S)
        return super().urlopen(*request, **options)
