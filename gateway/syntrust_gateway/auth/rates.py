"""How many requests a client may send a minute, and how often an address may try to sign in.

Each process counts what it answers, in memory. Four times a second it adds that to the counts in
Redis, so that processes share the limit and no request waits for Redis. While Redis is away, each
process has the limit for itself.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from queue import SimpleQueue
from threading import Event, Thread
from typing import Final, NamedTuple

from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from syntrust_core.log import get_logger
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.errors import TooManyRequests

log = get_logger(__name__)

SHARE_EVERY_S: Final = 0.25
_WINDOW_S: Final = 60.0
_MOST_WINDOWS: Final = 10_000
_TIMEOUT_S: Final = 1.0
_PAUSE_WITHOUT_REDIS_S: Final = 5.0


class _Hit(NamedTuple):
    who: str
    per_minute: int


class _Window(NamedTuple):
    since: float
    sent: int


class RequestRates:
    """Count requests by client; `default` is the limit of a client that has none of its own."""

    def __init__(self, default: int | None, shared: SharedRates | None = None) -> None:
        self._default, self._shared = default, shared
        self._windows: dict[str, _Window] = {}

    def count(self, caller: Caller) -> None:
        """Count a request.

        Raises
        ------
        TooManyRequests
            If the client has sent as many as it may.
        """
        per_minute = caller.max_requests_per_minute or self._default
        if per_minute is not None:
            hit = _Hit(str(caller.id), per_minute)
            self._count(hit, f"{caller.name} may send {per_minute} requests a minute.")

    def count_sign_in(self, address: str, per_minute: int) -> None:
        """Count a try to sign in from an address.

        Raises
        ------
        TooManyRequests
            If there were as many from there as there may be.
        """
        hit = _Hit(f"sign-in/{address}", per_minute)
        self._count(hit, f"Your address may try to sign in {per_minute} times a minute.")

    def _count(self, hit: _Hit, rule: str) -> None:
        wait_s = 0.0 if self._shared is None else self._shared.seconds_to_wait(hit)
        wait_s = wait_s or self._count_own(hit)
        if wait_s:
            raise TooManyRequests(
                f"{rule} Try again later.",
                retry_after_s=max(1, math.ceil(wait_s)),
            )
        if self._shared is not None:
            self._shared.add(hit)

    def _count_own(self, hit: _Hit) -> float:
        """Count a request of this process; the seconds to wait if it is one too many."""
        now = time.monotonic()
        window = self._windows.get(hit.who)
        if window is None or now - window.since >= _WINDOW_S:
            window = _Window(now, 0)
        if window.sent >= hit.per_minute:
            return _WINDOW_S - (now - window.since)
        self._keep_bounded(now)
        self._windows[hit.who] = _Window(window.since, window.sent + 1)
        return 0.0

    def _keep_bounded(self, now: float) -> None:
        """Forget what is over, so that strangers with many addresses fill no memory."""
        if len(self._windows) >= _MOST_WINDOWS:
            windows = self._windows.items()
            self._windows = {who: each for who, each in windows if now - each.since < _WINDOW_S}
        if len(self._windows) >= _MOST_WINDOWS:
            self._windows.clear()


class SharedRates:
    """Counts in Redis what the gateway's processes have let in, in a thread of its own."""

    def __init__(self, redis_url: str) -> None:
        storage = storage_from_string(
            redis_url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
        )
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._hits: SimpleQueue[_Hit | None] = SimpleQueue()
        self._until: dict[_Hit, float] = {}
        self._stop, self._idle = Event(), Event()
        self._thread = Thread(target=self._share, name="rates", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop counting."""
        self._stop.set()
        self._hits.put(None)
        self._thread.join()

    def add(self, hit: _Hit) -> None:
        self._idle.clear()
        self._hits.put(hit)

    def is_idle(self) -> bool:
        """Tell whether all that was added has been sent."""
        return self._idle.is_set()

    def seconds_to_wait(self, hit: _Hit) -> float:
        """Tell how long the client must wait, as far as Redis has answered."""
        return max(0.0, self._until.get(hit, 0.0) - time.monotonic())

    def _share(self) -> None:
        while not self._stop.is_set() and (first := self._hits.get()) is not None:
            # Requests of a moment are counted together.
            self._stop.wait(SHARE_EVERY_S)
            hits = Counter([first, *self._waiting()])
            try:
                for hit, count in hits.items():
                    self._send(hit, count)
            except RedisError as error:
                log.warning("rates.redis_away", reason=str(error))
                self._stop.wait(_PAUSE_WITHOUT_REDIS_S)
                self._waiting()
            if self._hits.empty():
                self._idle.set()

    def _waiting(self) -> list[_Hit]:
        hits = (self._hits.get() for _ in range(self._hits.qsize()))
        return [hit for hit in hits if hit is not None]

    def _send(self, hit: _Hit, count: int) -> None:
        if self._limiter.hit(*_names(hit), cost=count):
            self._until.pop(hit, None)
        else:
            wait_s = max(_seconds_to_wait(self._limiter, hit), SHARE_EVERY_S)
            if len(self._until) >= _MOST_WINDOWS:
                self._until.clear()
            self._until[hit] = time.monotonic() + wait_s


def _names(hit: _Hit) -> tuple[RateLimitItemPerMinute, str]:
    return RateLimitItemPerMinute(hit.per_minute), hit.who


def _seconds_to_wait(limiter: SlidingWindowCounterRateLimiter, hit: _Hit) -> float:
    """Tell when one more request fits."""
    return max(0.0, limiter.get_window_stats(*_names(hit)).reset_time - time.time())
