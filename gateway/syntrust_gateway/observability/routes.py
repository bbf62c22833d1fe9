from __future__ import annotations

from fastapi import APIRouter

from syntrust_gateway.api.dependencies import DepsDep
from syntrust_gateway.api.problems import documented
from syntrust_gateway.api.schemas import Alive, Ready
from syntrust_gateway.observability.health import NotReady, check

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", summary="Whether this process answers")
async def live() -> Alive:
    """Asks nothing of any other server."""
    return Alive()


@router.get(
    "/ready",
    summary="Whether the servers behind this process answer",
    responses=documented(NotReady),
)
async def ready(deps: DepsDep) -> Ready:
    """Database, object store and queue, and how many workers each queue has."""
    return await check(deps)
