from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from syntrust_core.errors import Forbidden
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep
from syntrust_gateway.api.problems import documented
from syntrust_gateway.observability.health import NotReady, Ready, check
from syntrust_gateway.observability.prometheus import CONTENT_TYPE, Metrics

health = APIRouter(prefix="/health", tags=["health"])
metrics = APIRouter(tags=["health"])


class Alive(BaseModel):
    status: Literal["alive"] = "alive"


@health.get("/live", summary="Whether this process answers")
async def live() -> Alive:
    """Asks nothing of any other server."""
    return Alive()


@health.get(
    "/ready",
    summary="Whether the servers behind this process answer",
    responses=documented(NotReady),
)
async def ready(container: ContainerDep) -> Ready:
    """Database, object store and queue, and how many workers each queue has."""
    return await check(container)


@metrics.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses=documented(Forbidden),
)
def get_metrics(request: Request, caller: CallerDep) -> Response:
    """Requests, experiments, steps by queue and state, live workers. For admins: it counts all."""
    caller.require_admin()
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.text(), media_type=CONTENT_TYPE)
