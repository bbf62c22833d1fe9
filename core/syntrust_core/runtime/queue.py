"""Celery only distributes: the store says what is done, the orchestrator retries."""

from __future__ import annotations

from typing import Protocol

from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from syntrust_core.contracts.base import QUEUES, Kind, Queue, StepMessage, task_name
from syntrust_core.errors import QueueUnavailable
from syntrust_core.settings import QueueSettings


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

    def submit(self, message: StepMessage) -> None: ...

    def length(self, queue: Queue) -> int:
        """Messages that no worker has taken yet."""
        ...


class CeleryQueue:
    """`StepQueue` by Celery task name, so that the sender imports no service."""

    def __init__(self, settings: QueueSettings) -> None:
        self._app = make_celery(settings)
        self._redis = Redis.from_url(settings.url, socket_timeout=10, socket_connect_timeout=5)

    def submit(self, message: StepMessage) -> None:
        kind: Kind = message.KIND
        try:
            self._app.send_task(
                task_name(kind), args=[message.model_dump(mode="json")], retry=False
            )
        except (OperationalError, RedisError) as error:
            raise QueueUnavailable("The queue server does not answer.") from error

    def length(self, queue: Queue) -> int:
        try:
            return int(self._redis.llen(str(queue)))
        except RedisError as error:
            raise QueueUnavailable("The queue server does not answer.") from error
