"""What Redis holds about running steps: queue marks, leases, progress, cancel flags, live workers.

All of it may vanish at any moment and nothing is lost: the store says what is done, the database
says what is wanted. A Redis that does not answer raises `QueueUnavailable`, and callers go on.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from itertools import compress
from typing import Protocol, cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from syntrust_core.contracts.base import Frozen, Progress, Queue
from syntrust_core.errors import QueueUnavailable
from syntrust_core.observability.clocks import measure_skew_s, note_skew
from syntrust_core.observability.counters import COUNTERS, Sample, read_samples
from syntrust_core.observability.gpus import Gpu, parse_gpus, write_gpus

QUEUED = timedelta(seconds=120)
LEASE = timedelta(seconds=60)
LEASE_RENEWAL = timedelta(seconds=15)
WORKER = timedelta(seconds=45)
CLOCK = timedelta(seconds=120)  # a process that cannot start tells it at each attempt
PROGRESS = timedelta(seconds=120)
CANCEL = timedelta(seconds=120)
TICK = timedelta(hours=1)

# Take the lease unless somebody else holds it. The queue mark goes in either case and in the same
# step: the message that it stands for has been taken. The first taking says who holds it and since
# when. It also names the cancel flag: a step that nobody wants gets no lease; and it may name the
# lease of the step before, which is given back in any case.
_ACQUIRE_LEASE = """
if KEYS[5] and redis.call('GET', KEYS[5]) == ARGV[4] then redis.call('DEL', KEYS[5]) end
redis.call('DEL', KEYS[2])
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
if KEYS[4] and redis.call('EXISTS', KEYS[4]) == 1 then return 2 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
if not held or redis.call('EXPIRE', KEYS[3], ARGV[2]) == 0 then
  redis.call('SET', KEYS[3], ARGV[3], 'EX', ARGV[2])
end
return 1
"""
# A worker may be faster than the sender: a step that has a lease gets no queue mark.
_SET_QUEUED = """
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('SET', KEYS[2], 1, 'EX', ARGV[1]) end
"""
_RELEASE_LEASE = (
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"
)


class Taking(IntEnum):
    """What became of an attempt to take a lease for the first time; the values of the script."""

    HELD_ELSEWHERE = 0
    OURS = 1
    CANCELLED = 2


class Holder(Frozen):
    """Who holds a lease: a child of the worker with the process id `worker`, since then."""

    host: str
    worker: int
    since: datetime

    @classmethod
    def here(cls) -> Holder:
        """Name this process, as a child of its worker."""
        now = datetime.now(UTC).replace(microsecond=0)
        return cls(host=socket.gethostname(), worker=os.getppid(), since=now)


class StepCoordinator(Protocol):
    """Queue marks, leases, progress and cancel flags of steps, by step id."""

    def set_queued(self, step: str) -> None:
        """Mark that a message for `step` lies in a queue, unless it has a lease already."""
        ...

    def is_queued(self, step: str) -> bool: ...

    def take_lease(self, step: str, token: str) -> Taking:
        """Take the lease for `token`, unless another token holds it or the step is cancelled.

        The queue mark of the step goes in any case.
        """
        ...

    def acquire_lease(self, step: str, token: str) -> bool:
        """Take or renew the lease for `token`; False if another token holds it.

        The queue mark of the step goes in either case.
        """
        ...

    def release_lease(self, step: str, token: str) -> None:
        """Give the lease back if `token` still holds it."""
        ...

    def release_soon(self, step: str, token: str) -> None:
        """Give the lease back with the next one that is taken, or by `release_due`.

        Where steps follow each other, this saves each of them a question to the server.
        """
        ...

    def release_due(self) -> None:
        """Give back now what was to be given back soon."""
        ...

    def has_lease(self, step: str) -> bool: ...

    def holders(self) -> dict[str, Holder]:
        """Give, by step, who holds its lease, for the steps that run now."""
        ...

    def active(self) -> set[str]:
        """Every step that is queued or has a lease now."""
        ...

    def report(self, step: str, progress: Progress) -> None: ...

    def progress(self, step: str) -> Progress | None: ...

    def cancel(self, step: str) -> None: ...

    def cancelled(self, step: str) -> bool: ...

    def worker_alive(self, queue: Queue, worker: str) -> None: ...

    def workers(self, queue: Queue) -> int:
        """Count the workers of the queue that gave a sign of life lately."""
        ...

    def note_tick(self) -> None:
        """Note that the orchestrator which leads has ended a tick."""
        ...

    def tick_age_s(self) -> float | None:
        """Tell how long ago that was; None if it was over an hour ago, or never."""
        ...

    def look_up(self, steps: Collection[str]) -> tuple[set[str], set[str]]:
        """Find which of many `steps` have a queue mark, and which have a lease."""
        ...

    def set_all_queued(self, steps: Collection[str]) -> None:
        """Mark many steps at once, as `set_queued` does."""
        ...

    def renew_queued(self, steps: Collection[str]) -> None:
        """Keep the marks that are there. One that a worker has removed stays away."""
        ...

    def uncancel_all(self, steps: Collection[str]) -> None: ...

    def was_emptied(self) -> bool:
        """Whether all of this was lost since the last call, or nobody has called before."""
        ...

    def worker_names(self, queue: Queue) -> list[str]:
        """List these workers by name, sorted."""
        ...

    def report_clock(self, process: str) -> None:
        """Tell how far the clock of this process is ahead of the queue server's."""
        ...

    def clocks(self) -> dict[str, float]:
        """Give the seconds that clocks are ahead, by process, of those that told it lately."""
        ...

    def send_counts(self) -> None:
        """Add what this process has counted to the sums of all, or keep it for the next time."""
        ...

    def read_counts(self) -> list[Sample]:
        """Read the sums of what all processes have counted."""
        ...

    def report_gpus(self, host: str, gpus: Sequence[Gpu]) -> None:
        """Tell how busy the GPUs of a worker's machine are."""
        ...

    def gpus(self) -> dict[str, list[Gpu]]:
        """Give the GPUs that were reported lately, by host."""
        ...


class RedisCoordinator:
    """`StepCoordinator` on a Redis or Valkey server."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._set_queued = client.register_script(_SET_QUEUED)
        self._acquire_lease = client.register_script(_ACQUIRE_LEASE)
        self._release_lease = client.register_script(_RELEASE_LEASE)
        self._due: list[str] = []  # the key of the lease that is to be released soon, and its token

    @classmethod
    def at(cls, url: str) -> RedisCoordinator:
        client = Redis.from_url(
            url,
            socket_timeout=10,
            socket_connect_timeout=5,
            socket_keepalive=True,
            # Once more, for a connection that a restart of the server has cut. Longer tries would
            # hold up the step that reports.
            retry=Retry(NoBackoff(), 1),
        )
        return cls(client)

    def set_queued(self, step: str) -> None:
        self.set_all_queued([step])

    def is_queued(self, step: str) -> bool:
        with _answering():
            return bool(self._redis.exists(f"queued:{step}"))

    def take_lease(self, step: str, token: str) -> Taking:
        also = [f"cancel:{step}", *self._due[:1]]
        taking = Taking(self._acquire(step, token, also, self._due[1:]))
        self._due = []
        return taking

    def acquire_lease(self, step: str, token: str) -> bool:
        return self._acquire(step, token, [], []) == Taking.OURS

    def _acquire(self, step: str, token: str, also: Sequence[str], due: Sequence[str]) -> int:
        seconds = int(LEASE.total_seconds())
        keys = [f"lease:{step}", f"queued:{step}", f"holder:{step}", *also]
        with _answering():
            holder = Holder.here().model_dump_json()
            return int(self._acquire_lease(keys, [token, seconds, holder, *due]))

    def release_lease(self, step: str, token: str) -> None:
        with _answering():
            self._release_lease([f"lease:{step}"], [token])

    def release_soon(self, step: str, token: str) -> None:
        self.release_due()
        self._due = [f"lease:{step}", token]

    def release_due(self) -> None:
        if self._due:
            with _answering():
                self._release_lease(self._due[:1], self._due[1:])
            self._due = []

    def has_lease(self, step: str) -> bool:
        with _answering():
            return bool(self._redis.exists(f"lease:{step}"))

    def holders(self) -> dict[str, Holder]:
        with _answering():
            steps = [_name(key) for key in self._redis.scan_iter("lease:*", 1000)]
            held = self._redis.mget([f"holder:{step}" for step in steps]) if steps else []
        return {
            step: Holder.model_validate_json(raw)
            for step, raw in zip(steps, held, strict=True)
            if raw is not None
        }

    def active(self) -> set[str]:
        with _answering():
            found = [self._redis.scan_iter(f"{what}:*", 1000) for what in ("queued", "lease")]
            return {_name(key) for keys in found for key in keys}

    def report(self, step: str, progress: Progress) -> None:
        with _answering():
            self._redis.set(f"progress:{step}", progress.model_dump_json(), ex=PROGRESS)

    def progress(self, step: str) -> Progress | None:
        with _answering():
            raw = self._redis.get(f"progress:{step}")
        return None if raw is None else Progress.parse(bytes(raw))  # type: ignore[arg-type]

    def cancel(self, step: str) -> None:
        with _answering():
            self._redis.set(f"cancel:{step}", 1, ex=CANCEL)

    def cancelled(self, step: str) -> bool:
        with _answering():
            return bool(self._redis.exists(f"cancel:{step}"))

    def worker_alive(self, queue: Queue, worker: str) -> None:
        with _answering():
            self._redis.set(f"worker:{queue}:{worker}", 1, ex=WORKER)

    def workers(self, queue: Queue) -> int:
        return len(self.worker_names(queue))

    def note_tick(self) -> None:
        with _answering():
            self._redis.set("orchestrator:tick", 1, px=TICK)

    def tick_age_s(self) -> float | None:
        # Redis measures it, so no two clocks are compared.
        with _answering():
            left_ms = self._redis.pttl("orchestrator:tick")
        return None if left_ms < 0 else TICK.total_seconds() - left_ms / 1000

    def look_up(self, steps: Collection[str]) -> tuple[set[str], set[str]]:
        order = list(steps)
        if not order:
            return set(), set()
        keys = [f"{what}:{step}" for what in ("queued", "lease") for step in order]
        with _answering():
            found = cast("list[bytes | None]", self._redis.mget(keys))
        there = [value is not None for value in found]
        queued, leased = there[: len(order)], there[len(order) :]
        return set(compress(order, queued)), set(compress(order, leased))

    def set_all_queued(self, steps: Collection[str]) -> None:
        if not steps:
            return
        seconds = int(QUEUED.total_seconds())
        with _answering(), self._redis.pipeline(transaction=False) as pipeline:
            for step in steps:
                self._set_queued([f"lease:{step}", f"queued:{step}"], [seconds], client=pipeline)
            pipeline.execute()

    def renew_queued(self, steps: Collection[str]) -> None:
        with _answering(), self._redis.pipeline(transaction=False) as pipeline:
            for step in steps:
                pipeline.expire(f"queued:{step}", QUEUED)
            pipeline.execute()

    def uncancel_all(self, steps: Collection[str]) -> None:
        if steps:
            with _answering():
                self._redis.delete(*(f"cancel:{step}" for step in steps))

    def was_emptied(self) -> bool:
        with _answering():
            return bool(self._redis.set("orchestrator:memory", 1, nx=True))

    def worker_names(self, queue: Queue) -> list[str]:
        prefix = f"worker:{queue}:"
        with _answering():
            keys = [bytes(key).decode() for key in self._redis.scan_iter(f"{prefix}*", count=1000)]
        return sorted(key.removeprefix(prefix) for key in keys)

    def report_clock(self, process: str) -> None:
        with _answering():
            ahead_s = measure_skew_s(self._redis)
            if ahead_s is not None:
                self._redis.set(f"clock:{process}", f"{ahead_s:.1f}", ex=CLOCK)
        note_skew(process, ahead_s)

    def clocks(self) -> dict[str, float]:
        return {process: float(raw) for process, raw in self._read_all("clock")}

    def _read_all(self, what: str) -> list[tuple[str, bytes]]:
        """Read the values of all keys that begin with `what`, by the rest of the key."""
        with _answering():
            keys = sorted(self._redis.scan_iter(f"{what}:*", 1000))
            found = cast("list[bytes | None]", self._redis.mget(keys)) if keys else []
        told = zip(map(_name, keys), found, strict=True)
        return [(name, raw) for name, raw in told if raw is not None]

    def send_counts(self) -> None:
        COUNTERS.send(self._redis)

    def read_counts(self) -> list[Sample]:
        with _answering():
            return read_samples(self._redis)

    def report_gpus(self, host: str, gpus: Sequence[Gpu]) -> None:
        with _answering():
            self._redis.set(f"gpu:{host}", write_gpus(gpus), ex=WORKER)

    def gpus(self) -> dict[str, list[Gpu]]:
        return {host: parse_gpus(raw) for host, raw in self._read_all("gpu")}


def _name(key: bytes) -> str:
    return bytes(key).decode().partition(":")[2]


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        COUNTERS.add("syntrust_server_errors", server="redis")
        raise QueueUnavailable("The queue server does not answer.") from error
