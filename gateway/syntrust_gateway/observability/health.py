"""Check that database, object store and queue answer: all at once, and for a few seconds only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal

from anyio import to_thread
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from syntrust_core.contracts.base import Queue
from syntrust_core.errors import Unavailable
from syntrust_core.log import get_logger
from syntrust_gateway.api.schemas import AnswerBody
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Client

log = get_logger(__name__)

TIMEOUT_S = 4.0
_OK = "ok"


class Ready(AnswerBody):
    status: Literal["ready"] = "ready"
    checks: dict[str, str]
    workers: Annotated[dict[str, int], Field(description="Live workers by queue.")]


class NotReady(Unavailable):
    slug, title = "not-ready", "Not ready"


async def check(container: Container) -> Ready:
    """Ask each server.

    Raises
    ------
    NotReady
        If one of them does not answer. The context says which, and the log why.
    """
    workers: dict[str, int] = {}
    asked = {
        "database": lambda: _database(container),
        "store": lambda: container.store.exists("health"),
        "queue": lambda: workers.update(_workers(container)),
    }
    answers = await asyncio.gather(*(_ask(name, ask) for name, ask in asked.items()))
    checks = dict(zip(asked, answers, strict=True))
    away = [name for name, answer in checks.items() if answer != _OK]
    if away:
        raise NotReady(f"Not ready: {', '.join(away)}.", **checks)
    return Ready(checks=checks, workers=workers)


async def _ask(name: str, ask: Callable[[], Any]) -> str:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await to_thread.run_sync(ask)
    except TimeoutError:
        return f"no answer within {TIMEOUT_S:g} s"
    except (Unavailable, SQLAlchemyError) as error:
        log.warning("health.not_ready", server=name, reason=str(error))
        return "does not answer"
    return _OK


def _database(container: Container) -> None:
    # A table and not SELECT 1, because a database without our schema is not ready either.
    with container.read() as session:
        session.execute(select(Client.id).limit(1))


def _workers(container: Container) -> dict[str, int]:
    return {str(queue): container.coordinator.workers(queue) for queue in Queue}
