"""Celery only distributes: the store says what is done, the orchestrator retries.

A message asks for one step: its task is the step's kind, its only argument the step's request, its
id names the step. It may carry more steps of the same kind, one after the other, in its header
`bundle`. A worker of a release that does not know this header computes the first step; the others
are lost messages to it, which the orchestrator finds and sends alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Protocol, cast
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
BUNDLE: Final = "bundle"
"""The header of a message that lists the steps after the first."""
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


class Sent(NamedTuple):
    """A step that a message asks for: whatever was sent as its request, and whom it is for.

    `step` is None if no step is named. `parent` is the `traceparent` that its span goes under.
    """

    step: str | None
    message: Any
    run: str | None
    parent: str | None

    @classmethod
    def of(cls, task_id: object, message: Any, run: object, parent: object) -> Sent:  # noqa: ANN401 - whatever was sent
        """Read what was sent. A message of an older release names neither run nor parent."""
        named = run if isinstance(run, str) else None
        origin = tracing.parent_of_run(named)
        told = parent if isinstance(parent, str) else origin
        return cls(step_of(task_id), message, named if origin else None, told)


def read_sent(request: Any, message: Any) -> list[Sent]:  # noqa: ANN401 - whatever was sent
    """List the steps of one message, in order. `request` is Celery's, `message` its argument."""
    headers = (getattr(request, name, None) for name in (RUN, tracing.PARENT))
    first = Sent.of(request.id, message, *headers)
    return [first, *map(_read_further, _list_further(getattr(request, BUNDLE, None)))]


def _list_further(bundle: object) -> list[Any]:
    return bundle if isinstance(bundle, list) else []


def _read_further(entry: Any) -> Sent:  # noqa: ANN401 - whatever was sent
    found = entry if isinstance(entry, dict) else {}
    return Sent.of(found.get("id"), found.get("message"), found.get(RUN), found.get(tracing.PARENT))


Submission = tuple[StepMessage, str | None]
"""The request of a step, and the run that it is sent for if there is one."""


class StepQueue(Protocol):
    """Where the orchestrator hands out steps."""

    def submit(self, message: StepMessage, run: str | None = None) -> None:
        """Send the message of a step, on behalf of `run` if there is one."""
        ...

    def submit_all(self, bundles: Sequence[Sequence[Submission]]) -> None:
        """Send many messages, each for one or more steps of one kind that one worker computes.

        If this fails, any of them may have been sent.
        """
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
        self.submit_all([[(message, run)]])

    def submit_all(self, bundles: Sequence[Sequence[Submission]]) -> None:
        # In one pipeline: half of what a message costs is its own round trip and connection.
        with (
            _answering(),
            self._app.producer_pool.acquire(block=True) as producer,
            producer.batch(max_size=_MOST_AT_ONCE),
        ):
            for bundle in bundles:
                self._send(producer, bundle)

    def _send(self, producer: Producer, bundle: Sequence[Submission]) -> None:
        first, *further = [_write_entry(message, run) for message, run in bundle]
        self._app.send_task(
            task_name(bundle[0][0].KIND),
            args=[first.pop("message")],
            task_id=first.pop("id"),
            producer=producer,
            retry=False,
            headers=first | ({BUNDLE: further} if further else {}),
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


def _write_entry(message: StepMessage, run: str | None) -> dict[str, Any]:
    """Write what asks for one step, as `Sent` reads it."""
    kind, step = message.KIND, message.step_id
    parent = tracing.parent_of_run(run)
    with tracing.span(f"submit {kind}", parent=parent, kind=SpanKind.PRODUCER, step=step):
        return {
            "id": make_task_id(step),
            "message": message.model_dump(mode="json"),
            RUN: run,
            tracing.PARENT: tracing.current_parent(),
        }


def _taken_from(queue: Queue, taken: Iterable[bytes]) -> Iterator[Any]:
    """Give the messages among kombu's [message, exchange, routing key] that came from `queue`."""
    for raw in taken:
        match _parse(raw):
            case [message, _, str(key)] if key == queue:
                yield message


def _steps(messages: Iterable[Any]) -> Iterator[str]:
    for message in messages:
        match message:
            case {"headers": {"id": task_id} as headers}:
                further = _list_further(headers.get(BUNDLE))
                named = [task_id, *(each.get("id") for each in further if isinstance(each, dict))]
                yield from filter(None, map(step_of, named))


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
