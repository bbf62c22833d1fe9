"""Read what a plan is computed from, and have it computed in a process of its own."""

from __future__ import annotations

from anyio import to_thread

from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.experiments.answers.results import read_named_results
from syntrust_gateway.planning.compute import POWER
from syntrust_gateway.planning.schemas import ExperimentSpread, PowerRequest
from syntrust_gateway.trust_score.service import ScorerPool


async def compute_power(
    scorers: ScorerPool, container: Container, caller: Caller, request: PowerRequest
) -> bytes:
    """Compute the answer of `POST /power`.

    Raises
    ------
    InvalidRequest
        With the pointer of the field that cannot be used.
    Conflict
        If the experiment that is named has no results yet.
    """
    parts = [await to_thread.run_sync(_write, request)]
    if isinstance(request.spread, ExperimentSpread):
        parts.append(await to_thread.run_sync(_read, container, caller, request.spread))
    return await scorers.compute(POWER, parts)


def _write(request: PowerRequest) -> bytes:
    return request.model_dump_json().encode()


def _read(container: Container, caller: Caller, spread: ExperimentSpread) -> bytes:
    return read_named_results(container, caller, spread.id, at="/spread/id")
