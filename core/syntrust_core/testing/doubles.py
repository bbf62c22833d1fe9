"""In-memory store, coordinator and queue; they pass the contract tests of the real adapters."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from syntrust_core.contracts.base import QUEUES, Progress, Queue, StepMessage
from syntrust_core.errors import ObjectMissing
from syntrust_core.observability.counters import COUNTERS, Sample, parse_samples
from syntrust_core.observability.gpus import Gpu
from syntrust_core.runtime.coordination import Holder, Taking
from syntrust_core.runtime.queue import Submission
from syntrust_core.storage.base import ObjectInfo

BINARY = "application/octet-stream"


class MemoryStore:
    """`ObjectStore` in a dict; `writes` lists the keys in the order they were written."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._modified: dict[str, datetime] = {}
        self.writes: list[str] = []

    def put(self, key: str, data: bytes, *, content_type: str = BINARY) -> None:  # noqa: ARG002
        self._objects[key] = bytes(data)
        self._modified[key] = datetime.now(UTC)
        self.writes.append(key)

    def put_file(self, key: str, path: Path, *, content_type: str = BINARY) -> None:
        self.put(key, path.read_bytes(), content_type=content_type)

    def create(self, key: str, data: bytes, *, content_type: str = BINARY) -> bool:
        if key in self._objects:
            return False
        self.put(key, data, content_type=content_type)
        return True

    def get(self, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
        if key not in self._objects:
            raise ObjectMissing(f"There is no object {key}.", key=key)
        end = None if length is None else offset + length
        return self._objects[key][offset:end]

    def get_file(self, key: str, path: Path) -> None:
        data = self.get(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def info(self, key: str) -> ObjectInfo | None:
        data = self._objects.get(key)
        return None if data is None else ObjectInfo(key, len(data), self._modified[key])

    def exists(self, key: str) -> bool:
        return key in self._objects

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        for key in sorted(self._objects):
            if key.startswith(prefix):
                yield ObjectInfo(key, len(self._objects[key]), self._modified[key])

    def copy(self, source: str, target: str) -> None:
        self.put(target, self.get(source))

    def delete(self, key: str) -> None:
        self._objects.pop(key, None)

    def presign_put(self, key: str, *, size_bytes: int, expires: timedelta) -> str:
        return f"memory://{key}?method=put&bytes={size_bytes}&expires={expires.total_seconds():g}"

    def presign_get(self, key: str, *, expires: timedelta) -> str:
        return f"memory://{key}?method=get&expires={expires.total_seconds():g}"


class MemoryCoordinator:
    """`StepCoordinator` in dicts. Nothing expires by itself: a test says what is lost, and when."""

    def __init__(self) -> None:
        self.queued: set[str] = set()
        self.leases: dict[str, str] = {}
        self.cancels: set[str] = set()
        self.reports: dict[str, Progress] = {}
        self.alive: set[tuple[Queue, str]] = set()
        self.tick_age: float | None = None
        self._is_new = True
        self.held_by: dict[str, Holder] = {}
        self.counts: dict[str, float] = {}
        self.clocks_ahead_s: dict[str, float] = {}
        self.reported_gpus: dict[str, list[Gpu]] = {}

    def set_queued(self, step: str) -> None:
        if step not in self.leases:
            self.queued.add(step)

    def is_queued(self, step: str) -> bool:
        return step in self.queued

    def take_lease(self, step: str, token: str) -> Taking:
        is_free = self.leases.get(step, token) == token
        if is_free and self.cancelled(step):
            self.queued.discard(step)
            return Taking.CANCELLED
        return Taking.OURS if self.acquire_lease(step, token) else Taking.HELD_ELSEWHERE

    def acquire_lease(self, step: str, token: str) -> bool:
        self.queued.discard(step)
        if self.leases.get(step, token) != token:
            return False
        if step not in self.leases:
            self.held_by[step] = Holder.here()
        self.leases[step] = token
        return True

    def release_lease(self, step: str, token: str) -> None:
        if self.leases.get(step) == token:
            del self.leases[step]

    def release_soon(self, step: str, token: str) -> None:
        """Saves nothing here."""
        self.release_lease(step, token)

    def release_due(self) -> None:
        """Nothing is due here."""

    def has_lease(self, step: str) -> bool:
        return step in self.leases

    def holders(self) -> dict[str, Holder]:
        return {step: self.held_by.get(step, Holder.here()) for step in self.leases}

    def active(self) -> set[str]:
        return self.queued | set(self.leases)

    def report(self, step: str, progress: Progress) -> None:
        self.reports[step] = progress

    def progress(self, step: str) -> Progress | None:
        return self.reports.get(step)

    def cancel(self, step: str) -> None:
        self.cancels.add(step)

    def cancelled(self, step: str) -> bool:
        return step in self.cancels

    def worker_alive(self, queue: Queue, worker: str) -> None:
        self.alive.add((queue, worker))

    def workers(self, queue: Queue) -> int:
        return sum(1 for name, _ in self.alive if name == queue)

    def note_tick(self) -> None:
        self.tick_age = 0.0

    def tick_age_s(self) -> float | None:
        return self.tick_age

    def look_up(self, steps: Collection[str]) -> tuple[set[str], set[str]]:
        return self.queued.intersection(steps), set(steps).intersection(self.leases)

    def set_all_queued(self, steps: Collection[str]) -> None:
        for step in steps:
            self.set_queued(step)

    def renew_queued(self, steps: Collection[str]) -> None:
        """Nothing expires here."""

    def uncancel_all(self, steps: Collection[str]) -> None:
        self.cancels.difference_update(steps)

    def was_emptied(self) -> bool:
        was, self._is_new = self._is_new, False
        return was

    def worker_names(self, queue: Queue) -> list[str]:
        return sorted(worker for name, worker in self.alive if name == queue)

    def report_clock(self, process: str) -> None:
        self.clocks_ahead_s[process] = 0.0

    def clocks(self) -> dict[str, float]:
        return dict(self.clocks_ahead_s)

    def send_counts(self) -> None:
        for field, value in COUNTERS.take().items():
            self.counts[field] = self.counts.get(field, 0) + value

    def read_counts(self) -> list[Sample]:
        return parse_samples(self.counts)

    def report_gpus(self, host: str, gpus: Sequence[Gpu]) -> None:
        self.reported_gpus[host] = list(gpus)

    def gpus(self) -> dict[str, list[Gpu]]:
        return dict(self.reported_gpus)

    def lose_everything(self) -> None:
        """What a Redis without its disk does."""
        self._is_new = True
        self.queued.clear()
        self.leases.clear()
        self.cancels.clear()
        self.reports.clear()
        self.counts.clear()
        self.reported_gpus.clear()


class MemoryQueue:
    """`StepQueue` in a list of steps; `bundles` has the steps that were sent together."""

    def __init__(self) -> None:
        self.messages: list[StepMessage] = []
        self.bundles: list[list[str]] = []
        self.taken: set[str] = set()
        self.runs: dict[str, str | None] = {}

    def submit(self, message: StepMessage, run: str | None = None) -> None:
        self.submit_all([[(message, run)]])

    def submit_all(self, bundles: Sequence[Sequence[Submission]]) -> None:
        for bundle in bundles:
            self.bundles.append([message.step_id for message, _ in bundle])
            for message, run in bundle:
                self.messages.append(message)
                self.runs[message.step_id] = run

    def queued_steps(self, queue: Queue) -> set[str]:
        return self.waiting_steps(queue) | self.taken

    def waiting_steps(self, queue: Queue) -> set[str]:
        return {message.step_id for message in self.messages if QUEUES[message.KIND] is queue}

    def take(self) -> StepMessage:
        """Hand out the oldest message, as a worker would get it."""
        return self.messages.pop(0)
