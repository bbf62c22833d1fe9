"""A real worker process whose work the test holds in its hand, with its servers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from redis import Redis

from syntrust_core.contracts.base import Queue
from syntrust_core.contracts.experiment_steps import ScoreCases
from syntrust_core.runtime.coordination import RedisCoordinator
from syntrust_core.runtime.queue import CeleryQueue
from syntrust_core.settings import QueueSettings, StorageSettings
from syntrust_core.storage.s3 import S3Store

TOY = Path(__file__).with_name("toy_worker.py")
PATIENCE_S = 60


class Event(NamedTuple):
    what: str
    step: str
    pid: int


class Toy:
    """The worker process, its servers, and what the test wants to know of them."""

    def __init__(self, folder: Path, storage: StorageSettings, url: str) -> None:
        self.folder, self.url = folder, url
        self.store = S3Store(storage)
        self.store.ensure_bucket()
        self.coordinator = RedisCoordinator.at(url)
        self.redis = Redis.from_url(url)
        self.redis.flushall()
        self.queue = CeleryQueue(QueueSettings(url=url))
        self.message = ScoreCases(prediction="a" * 64, cases=("b" * 64,))
        self._env = {
            **os.environ,
            "TOY_FOLDER": str(folder),
            "TOY_WORK": "toy_worker:work",
            "TOY_PROCESSES": "1",
            "SYNTRUST_STORAGE__ENDPOINT": storage.endpoint,
            "SYNTRUST_STORAGE__BUCKET": storage.bucket,
            "SYNTRUST_STORAGE__ACCESS_KEY": storage.access_key,
            "SYNTRUST_STORAGE__SECRET_KEY": storage.secret_key.get_secret_value(),
            "SYNTRUST_QUEUE__URL": url,
            "SYNTRUST_WORKER__SCRATCH": str(folder / "scratch"),
            "SYNTRUST_WORKER__THREADS": "3",
            "SYNTRUST_WORKER__HEARTBEAT_FILE": str(folder / "heartbeat"),
        }
        self.log = (folder / "worker.log").open("w")
        self.process: subprocess.Popen[bytes]

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.redis.delete(*self.redis.keys("worker:*"))

    def start(self, **env: str) -> None:
        self.launch(**env)
        until(lambda: self.coordinator.workers(Queue.METRICS) >= 1)

    def launch(self, **env: str) -> None:
        """Start the process, which may not come to live."""
        self.process = subprocess.Popen(
            [sys.executable, str(TOY)],
            env=self._env | env,
            stderr=self.log,
            start_new_session=True,
        )

    def runs(self) -> list[int]:
        path = self.folder / "runs"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def progress(self) -> int | None:
        told = self.coordinator.progress(self.message.step_id)
        return None if told is None else told.done

    def go(self, how: str = "", message: ScoreCases | None = None) -> None:
        """Let every step go on, or with `toy_worker:each` that of one message."""
        part = self.folder / "go.part"
        part.write_text(how)
        part.replace(self.folder / ("go" if message is None else f"go-{message.step_id}"))

    def events(self) -> list[Event]:
        path = self.folder / "events"
        lines = path.read_text().splitlines() if path.exists() else []
        return [Event(what, step, int(pid)) for what, step, pid in map(str.split, lines)]

    def submit(self, message: ScoreCases | None = None) -> None:
        message = message or self.message
        self.queue.submit(message)
        self.coordinator.set_queued(message.step_id)

    def submit_together(self, messages: Sequence[ScoreCases]) -> None:
        """Send one message for several steps."""
        self.coordinator.set_all_queued([message.step_id for message in messages])
        self.queue.submit_all([[(message, None) for message in messages]])

    def done(self, message: ScoreCases | None = None) -> bool:
        return self.store.exists((message or self.message).ref.manifest_key)

    def waits(self, message: ScoreCases) -> bool:
        told = self.coordinator.progress(message.step_id)
        return told is not None and "waiting" in told.detail

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()


def until(true: Callable[[], bool]) -> None:
    """Ask until `true` holds: no event of another process can be awaited from here."""
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        pause.wait(0.05)
