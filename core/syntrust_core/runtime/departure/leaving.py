"""Leaving: take no more steps, let those at hand end, then end the worker with exit code 0.

The messages of steps are popped from a list in Redis by a request that waits there. A worker that
closed its connection meanwhile could have a message popped for it that nobody reads. So the queue
is cancelled first, and the worker stays until that request is answered: a message that comes by it
is put back at the head of the queue, where the next worker finds it.
"""

from __future__ import annotations

import threading
from typing import Any, Final

from celery.worker import state as celery_state

from syntrust_core.contracts.base import Queue
from syntrust_core.log import get_logger

log = get_logger(__name__)

_LOOK_EVERY_S: Final = 0.1


def has_steps() -> bool:
    """Whether a message is in this worker's hands, begun or not. Runs in the parent."""
    return len(celery_state.reserved_requests) > 0


def leave(consumer: Any, queue: Queue, why: str) -> None:  # noqa: ANN401 - Celery has no types
    """End the worker of Celery's `consumer` as soon as it has no step. Blocks until that is due.

    It may be called in any thread but the one that reads from the queue.
    """
    log.info("worker.leaves", why=why)
    cancelled = threading.Event()

    def cancel() -> None:
        if consumer.task_consumer is not None:  # none while the queue server is away
            consumer.cancel_task_queue(str(queue))
            cancelled.set()

    pause = threading.Event()
    while not cancelled.is_set():
        consumer.call_soon(cancel)
        pause.wait(_LOOK_EVERY_S)
    while _is_asking(consumer) or has_steps():
        pause.wait(_LOOK_EVERY_S)
    # After what is due in the same round, as the acknowledgement of the last step.
    consumer.call_soon(_end)


def _is_asking(consumer: Any) -> bool:  # noqa: ANN401 - Celery has no types
    """Whether a request for a message waits at the queue server."""
    tasks = consumer.task_consumer
    # kombu's is False before the first request, the connection during one, None after it.
    return tasks is not None and bool(getattr(tasks.channel, "_in_poll", None))


def _end() -> None:
    celery_state.should_stop = 0
