"""Check what the API needs to take work, and show who does it: all at once, for a few seconds only.

Ready means that database, object store and queue answer. An orchestrator or workers that are away,
or whose clock is off, degrade it: work is taken, and waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Final, Literal

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from syntrust_core.contracts.base import Queue
from syntrust_core.errors import QueueUnavailable, StoreUnavailable, Unavailable
from syntrust_core.log import get_logger
from syntrust_core.observability.clocks import describe_skew
from syntrust_gateway.api.schemas import AnswerBody
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Client

log = get_logger(__name__)

TIMEOUT_S: Final = 4.0
SILENT_ORCHESTRATOR_S: Final = 60.0
_OK: Final = "ok"
_NEEDED: Final = ("database", "store", "queue")


class Ready(AnswerBody):
    status: Annotated[
        Literal["ready", "degraded"],
        Field(description="degraded: work is taken, and waits for an orchestrator or a worker."),
    ]
    checks: Annotated[
        dict[str, str],
        Field(
            description="`ok`, or what is wrong, of database, store, queue, orchestrator and "
            "clocks (of workers and orchestrators, against the queue server's)."
        ),
    ]
    workers: Annotated[dict[str, int], Field(description="Live workers by queue.")]


class NotReady(Unavailable):
    slug, title = "not-ready", "Not ready"


class Health:
    """The checks of one application; each has one thread, however long a server is silent."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._workers: dict[str, int] = {}
        self._asked: dict[str, Callable[[], str]] = {
            "database": self._database,
            "store": self._store,
            "queue": self._queue,
            "orchestrator": self._orchestrator,
            "clocks": self._clocks,
        }
        self._threads = {name: ThreadPoolExecutor(1, f"health-{name}") for name in self._asked}

    async def check(self) -> Ready:
        """Ask each server.

        Raises
        ------
        NotReady
            If one of them does not answer. The context says which, and the log why.
        """
        answers = await asyncio.gather(*map(self._ask, self._asked))
        checks = dict(zip(self._asked, answers, strict=True))
        away = [name for name in _NEEDED if checks[name] != _OK]
        if away:
            raise NotReady(f"Not ready: {_list_reasons(away, checks)}.", **checks)
        works = all(self._workers.values()) and all(answer == _OK for answer in answers)
        status: Literal["ready", "degraded"] = "ready" if works else "degraded"
        return Ready(status=status, checks=checks, workers=dict(self._workers))

    async def _ask(self, name: str) -> str:
        answer = asyncio.wrap_future(self._threads[name].submit(self._asked[name]))
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await answer
        except TimeoutError:
            return f"no answer within {TIMEOUT_S:g} s"
        except (Unavailable, SQLAlchemyError) as error:
            log.warning("health.not_ready", server=name, reason=str(error))
            return "does not answer"

    def _database(self) -> str:
        # A table and not SELECT 1, because a database without our schema is not ready either.
        with self._container.read() as session:
            session.execute(select(Client.id).limit(1))
        return _OK

    def _store(self) -> str:
        # Whether the object exists says nothing; that the store takes our signature says all.
        try:
            self._container.store.exists("health")
        except StoreUnavailable as error:
            if (seconds := error.context.get("seconds")) is None:
                raise
            log.warning("health.clock_off", seconds=seconds)
            return f"the clock of this machine differs from the store's by {seconds} s"
        return _OK

    def _queue(self) -> str:
        coordinator = self._container.coordinator
        self._workers = {str(queue): coordinator.workers(queue) for queue in Queue}
        return _OK

    def _orchestrator(self) -> str:
        try:
            age_s = self._container.coordinator.tick_age_s()
        except QueueUnavailable:
            return "unknown: the queue does not answer"
        if age_s is None:
            return "no tick is known"
        return _OK if age_s < SILENT_ORCHESTRATOR_S else f"no tick for {age_s:.0f} s"

    def _clocks(self) -> str:
        try:
            wrong = describe_skew(self._container.coordinator.clocks())
        except QueueUnavailable:
            return "unknown: the queue does not answer"
        if wrong is not None:
            log.warning("health.clock_off", reason=wrong)
        return wrong or _OK


def _list_reasons(away: list[str], checks: dict[str, str]) -> str:
    return "; ".join(f"{name}: {checks[name]}" for name in away)
