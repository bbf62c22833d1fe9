"""The routes of `/health` and `/metrics`."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from syntrust_core.errors import Forbidden, QueueUnavailable
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep
from syntrust_gateway.api.json_route import PlainRoute
from syntrust_gateway.api.problems import documented
from syntrust_gateway.api.schemas import AnswerBody
from syntrust_gateway.observability.health import Health, NotReady, Ready
from syntrust_gateway.observability.prometheus import CONTENT_TYPE, Metrics
from syntrust_gateway.observability.queues import Queues, read_queues

health = APIRouter(prefix="/health", tags=["health"], route_class=PlainRoute)
metrics = APIRouter(tags=["health"], route_class=PlainRoute)
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Counts in Prometheus' own format.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


class Alive(AnswerBody):
    status: Literal["alive"] = "alive"


@health.get("/live", summary="Check that the API answers")
async def live() -> Alive:
    """Asks no other server."""
    return Alive()


@health.get(
    "/ready",
    summary="Check that database, store and queue answer",
    responses=documented(NotReady),
)
async def ready(request: Request) -> Ready:
    """Shows the orchestrator and the workers of each queue too: without them it is degraded."""
    health: Health = request.app.state.health
    return await health.check()


@metrics.get(
    "/metrics",
    summary="Get metrics for Prometheus",
    response_class=Response,
    responses=documented(Forbidden) | _TEXT,
)
def get_metrics(request: Request, caller: CallerDep) -> Response:
    """Tells of requests, runs, steps, attempts, workers, servers, clocks and GPUs.

    `docs/observability.md` names every metric. Only an admin may ask.
    """
    caller.require_admin()
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.text(), media_type=CONTENT_TYPE)


@metrics.get(
    "/queues",
    summary="Get how much work each queue has now",
    responses=documented(QueueUnavailable),
)
def get_queues(container: ContainerDep) -> Queues:
    """What a scheduler of workers scales by: steps that are ready or run. Any key opens it."""
    with container.read() as session:
        return read_queues(session, container.coordinator)
