from __future__ import annotations

from fastapi import APIRouter

from syntrust_gateway.deps import DepsDep
from syntrust_gateway.health import NotReady, check
from syntrust_gateway.problems import documented
from syntrust_gateway.schemas import Alive, Ready

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
