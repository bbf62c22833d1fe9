"""Counts that all processes share: each adds to its own, and Redis holds the sums.

Workers are child processes without a port of their own, so Prometheus cannot ask them. They send
what they counted to Redis, and the gateway shows the sums at `/metrics`. Redis may vanish at any
moment: then the sums begin at zero again, which Prometheus takes for a restart.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, NamedTuple

from redis import Redis
from redis.exceptions import RedisError

KEY: Final = "counters"  # no queue has this name
BUCKETS_S: Final = (
    0.01,
    0.05,
    0.1,
    0.5,
    1,
    5,
    15,
    60,
    300,
    900,
    3600,
    4 * 3600,
    12 * 3600,
    48 * 3600,
)
_SUM, _COUNT = "sum", "count"


class Sample(NamedTuple):
    """A sum under a name and labels. `part` is a bucket's bound, `sum`, `count`, or empty."""

    name: str
    labels: tuple[tuple[str, str], ...]
    part: str
    value: float


class Counters:
    """What this process has counted and not sent yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, float] = {}

    def add(self, name: str, value: float = 1, /, **labels: str) -> None:
        """Add `value` to the counter `name` with these labels."""
        self._add(name, labels, "", value)

    def observe(self, name: str, seconds: float, /, **labels: str) -> None:
        """Add one duration to the histogram `name` with these labels."""
        self._add(name, labels, _SUM, seconds)
        self._add(name, labels, _COUNT, 1)
        for bound in BUCKETS_S:
            if seconds <= bound:
                self._add(name, labels, f"{bound:g}", 1)

    def _add(self, name: str, labels: Mapping[str, str], part: str, value: float) -> None:
        field = _field(name, tuple(sorted(labels.items())), part)
        with self._lock:
            self._counts[field] = self._counts.get(field, 0) + value

    def clear(self) -> None:
        """Forget what was counted and not sent. A lock that a fork has copied may be held."""
        self._lock, self._counts = threading.Lock(), {}

    def take(self) -> dict[str, float]:
        """Hand out what was counted, and forget it."""
        with self._lock:
            counts, self._counts = self._counts, {}
        return counts

    def send(self, redis: Redis) -> bool:
        """Add what was counted to the sums in Redis; False if it does not answer.

        What could not be sent is kept for the next time. If an answer was lost, counts may be sent
        twice: they are for graphs, not for decisions.
        """
        counts = self.take()
        try:
            _add_all(redis, counts)
        except RedisError:
            with self._lock:
                for field, value in counts.items():
                    self._counts[field] = self._counts.get(field, 0) + value
            return False
        return True

    @contextmanager
    def errors(self, server: str, *kinds: type[Exception]) -> Iterator[None]:
        """Count an error of one of `kinds` that leaves the block, as one of `server`."""
        try:
            yield
        except kinds:
            self.add("syntrust_server_errors", server=server)
            raise


@lru_cache(maxsize=4096)  # a step counts into twenty, the same ones every time
def _field(name: str, labels: tuple[tuple[str, str], ...], part: str) -> str:
    return json.dumps([name, labels, part])


def _add_all(redis: Redis, counts: Mapping[str, float]) -> None:
    if counts:
        with redis.pipeline(transaction=True) as pipe:
            for field, value in counts.items():
                pipe.hincrbyfloat(KEY, field, value)
            pipe.execute()


COUNTERS: Final = Counters()
"""Of this process. A child forgets at the fork what it inherited, which its parent sends."""
os.register_at_fork(after_in_child=COUNTERS.clear)


def read_samples(redis: Redis) -> list[Sample]:
    """Read the sums of all processes. A field that is no sample is left out."""
    return parse_samples(redis.hgetall(KEY))


def parse_samples(sums: Mapping[Any, Any]) -> list[Sample]:
    """Give sums, by field, as samples in order."""
    parsed = (_parse(field, value) for field, value in sums.items())
    return sorted(sample for sample in parsed if sample is not None)


def _parse(field: bytes | str, value: bytes | str | float) -> Sample | None:
    try:
        name, labels, part = json.loads(field)
        pairs = tuple((str(key), str(label)) for key, label in labels)
        return Sample(str(name), pairs, str(part), float(value))
    except (ValueError, TypeError):
        return None
