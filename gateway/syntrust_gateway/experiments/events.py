"""Server-sent events of an experiment: level-triggered, so a lost one costs nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Deps
from syntrust_gateway.experiments import service as experiments
from syntrust_gateway.experiments.schemas import ExperimentBody

PING_S = 15


async def states(
    deps: Deps, caller: Caller, first: ExperimentBody
) -> AsyncIterator[ServerSentEvent]:
    """`first`, then each state that differs from the one before, until a final one."""
    shown, pause_s = first, deps.events_every.total_seconds()
    took_s = 0.0
    yield _event(first)
    while not shown.state.final:
        # At most a fifth of the time goes into looking, however many steps there are to count.
        await asyncio.sleep(max(pause_s, 4 * took_s))
        started_s = time.perf_counter()
        now = await run_in_threadpool(experiments.state, deps, caller, first.id)
        took_s = time.perf_counter() - started_s
        if now != shown:
            shown = now
            yield _event(now)


def _event(state: ExperimentBody) -> ServerSentEvent:
    return ServerSentEvent(data=state.model_dump_json(), event="state")
