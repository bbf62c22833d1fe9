"""The states of an experiment as they change. Each holds all, so a lost one costs nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from anyio import to_thread

from syntrust_core.errors import Unavailable
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.experiments import service as experiments
from syntrust_gateway.experiments.schemas import ExperimentBody


async def changes(
    container: Container, caller: Caller, first: ExperimentBody
) -> AsyncIterator[ExperimentBody]:
    """Yield `first`, then each state that differs from the one before, until a final one."""
    shown, pause_s = first, container.events_every.total_seconds()
    took_s = 0.0
    yield first
    while not shown.state.final:
        # Reading takes at most a fifth of the time, however many steps there are to count.
        await asyncio.sleep(max(pause_s, 4 * took_s))
        started_s = time.perf_counter()
        try:
            now = await to_thread.run_sync(experiments.get_state, container, caller, first.id)
        except Unavailable:
            continue  # a server is away; the next look tells
        took_s = time.perf_counter() - started_s
        if now != shown:
            shown = now
            yield now
