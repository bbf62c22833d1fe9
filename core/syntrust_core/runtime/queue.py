"""Celery only distributes: the store says what is done, the orchestrator retries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol, cast
from uuid import uuid4

from celery import Celery
from kombu.exceptions import BatchPublishError, OperationalError
from kombu.messaging import Producer
from opentelemetry.trace import SpanKind
from redis import Redis
from redis.exceptions import RedisError

from syntrust_core.contracts.base import HEX64, QUEUES, Queue, StepMessage, task_name
from syntrust_core.errors import QueueUnavailable
from syntrust_core.observability import tracing
from syntrust_core.observability.counters import COUNTERS
from syntrust_core.settings import QueueSettings

RUN: Final = "run"
"""The header of a message that names the run it was sent for."""
_UNACKED: Final = (
    "unacked"  # kombu's hash of the messages that a worker has and did not acknowledge
)

_MOST_AT_ONCE: Final = 256
# Nobody reads the request as text, and making that text takes a tenth of the orchestrator's time.
# The worker declares its queue itself; the sender's declaration is of no use to Redis.
_AS_IT_IS: Final[Mapping[str, Any]] = {"argsrepr": "", "kwargsrepr": "", "declare": []}


def make_task_id(step: str) -> str:
    """Make the id of one message for `step`. Any worker reads the step from it, see `step_of`."""
    return f"{step}.{uuid4().hex}"


def step_of(task_id: object) -> str | None:
    """Read the step from the id of its message; None for an id that does not name one."""
    step = str(task_id).partition(".")[0]
    return step if re.fullmatch(HEX64, step) else None


def make_celery(settings: QueueSettings) -> Celery:
    """The Celery application that sender and workers share, with settings for tasks of hours."""
    app = Celery("syntrust", broker=settings.url)
    app.conf.update(
        task_routes={task_name(kind): {"queue": str(queue)} for kind, queue in QUEUES.items()},
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_track_started=True,
        # A step that kills its process would come back for ever; the orchestrator counts attempts.
        task_reject_on_worker_lost=False,
        task_time_limit=settings.hard_time_limit.total_seconds(),
        worker_prefetch_multiplier=1,
        worker_soft_shutdown_timeout=60.0,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "visibility_timeout": settings.visibility_timeout.total_seconds(),
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            "health_check_interval": 25,
            "socket_timeout": 30,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
        },
    )
    return app


class StepQueue(Protocol):
    """Where the orchestrator hands out steps."""

    def submit(self, message: StepMessage, run: str | None = None) -> None:
        """Send the message of a step, on behalf of `run` if there is one."""
        ...

    def submit_all(self, messages: Sequence[tuple[StepMessage, str | None]]) -> None:
        """Send many messages, each with its run. If this fails, any of them may have been sent."""
        ...

    def queued_steps(self, queue: Queue) -> set[str]:
        """List the steps of messages that wait, and of those a worker has not acknowledged yet.

        Between these two places a message is in neither for a moment.
        """
        ...

    def waiting_steps(self, queue: Queue) -> set[str]:
        """List the steps of messages that no worker has taken yet."""
        ...


class CeleryQueue:
    """`StepQueue` by Celery task name, so that the sender imports no service."""

    def __init__(self, settings: QueueSettings) -> None:
        self._app = make_celery(settings)
        self._redis = Redis.from_url(settings.url, socket_timeout=10, socket_connect_timeout=5)

    def submit(self, message: StepMessage, run: str | None = None) -> None:
        self.submit_all([(message, run)])

    def submit_all(self, messages: Sequence[tuple[StepMessage, str | None]]) -> None:
        # In one pipeline: half of what a message costs is its own round trip and connection.
        with (
            _answering(),
            self._app.producer_pool.acquire(block=True) as producer,
            producer.batch(max_size=_MOST_AT_ONCE),
        ):
            for message, run in messages:
                self._send(producer, message, run)

    def _send(self, producer: Producer, message: StepMessage, run: str | None) -> None:
        kind, step = message.KIND, message.step_id
        parent = tracing.parent_of_run(run)
        with tracing.span(f"submit {kind}", parent=parent, kind=SpanKind.PRODUCER, step=step):
            self._app.send_task(
                task_name(kind),
                args=[message.model_dump(mode="json")],
                task_id=make_task_id(step),
                producer=producer,
                retry=False,
                headers={RUN: run, tracing.PARENT: tracing.current_parent()},
                **_AS_IT_IS,
            )

    def queued_steps(self, queue: Queue) -> set[str]:
        with _answering():
            # In the order in which a message goes through them.
            waiting = cast("list[bytes]", self._redis.lrange(str(queue), 0, -1))
            taken = cast("list[bytes]", self._redis.hvals(_UNACKED))
        return {*_steps(map(_parse, waiting)), *_steps(_taken_from(queue, taken))}

    def waiting_steps(self, queue: Queue) -> set[str]:
        with _answering():
            waiting = cast("list[bytes]", self._redis.lrange(str(queue), 0, -1))
        return {*_steps(map(_parse, waiting))}


def _taken_from(queue: Queue, taken: Iterable[bytes]) -> Iterator[Any]:
    """Give the messages among kombu's [message, exchange, routing key] that came from `queue`."""
    for raw in taken:
        match _parse(raw):
            case [message, _, str(key)] if key == queue:
                yield message


def _steps(messages: Iterable[Any]) -> Iterator[str]:
    for message in messages:
        match message:
            case {"headers": {"id": task_id}}:
                step = step_of(task_id)
                if step is not None:
                    yield step


def _parse(raw: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(raw)
    except ValueError:
        return None


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (OperationalError, BatchPublishError, RedisError) as error:
        COUNTERS.add("syntrust_server_errors", server="redis")
        raise QueueUnavailable("The queue server does not answer.") from error
