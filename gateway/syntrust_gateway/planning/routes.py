"""The route of `/power`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from syntrust_core.errors import Conflict, InvalidRequest, StoreUnavailable, Unavailable
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep, json_only
from syntrust_gateway.api.described import json_of
from syntrust_gateway.api.json_route import JsonRoute
from syntrust_gateway.api.problems import documented
from syntrust_gateway.errors import UnsupportedMediaType
from syntrust_gateway.planning.schemas import PowerRequest
from syntrust_gateway.planning.service import compute_power
from syntrust_metrics.planning.schema import PowerAnswer

router = APIRouter(tags=["planning"], route_class=JsonRoute)
_EXAMPLE: dict[str, Any] = {"cases": 100, "seeds": 3, "spread": {"kind": "published"}}


@router.post(
    "/power",
    summary="Compute what test cases and seeds can show",
    response_class=Response,
    dependencies=[Depends(json_only)],
    openapi_extra={"requestBody": {"content": {"application/json": {"example": _EXAMPLE}}}},
    responses=documented(
        InvalidRequest, Conflict, UnsupportedMediaType, StoreUnavailable, Unavailable
    )
    | json_of(PowerAnswer, description="Power, smallest detectable difference, numbers needed."),
)
async def plan_power(
    request: PowerRequest, http: Request, container: ContainerDep, caller: CallerDep
) -> Response:
    """Gives power, the smallest detectable difference, and the cases and seeds that are needed.

    The spread of paired differences is that of an earlier experiment, of a pilot table, of
    published scores, or your own numbers. It needs no queue and no worker. Research use only.
    """
    answer = await compute_power(http.app.state.scorers, container, caller, request)
    return Response(answer, media_type="application/json")
