"""The route of `/comparisons`."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from syntrust_core.errors import Conflict, InvalidRequest, StoreUnavailable, Unavailable
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep, json_only
from syntrust_gateway.api.described import json_of
from syntrust_gateway.api.json_route import JsonRoute
from syntrust_gateway.api.problems import documented
from syntrust_gateway.comparisons.schemas import ComparisonRequest
from syntrust_gateway.comparisons.service import compare
from syntrust_gateway.errors import UnsupportedMediaType
from syntrust_metrics.comparison.schema import ComparisonAnswer

router = APIRouter(tags=["planning"], route_class=JsonRoute)


@router.post(
    "/comparisons",
    summary="Compare experiments",
    response_class=Response,
    dependencies=[Depends(json_only)],
    responses=documented(
        InvalidRequest, Conflict, UnsupportedMediaType, StoreUnavailable, Unavailable
    )
    | json_of(ComparisonAnswer, description="What differs, in settings and in results."),
)
async def compare_experiments(
    request: ComparisonRequest, http: Request, container: ContainerDep, caller: CallerDep
) -> Response:
    """Gives the settings that differ, the trust factors side by side, and paired differences.

    Differences of Dice are paired where test cases and training seeds are the same; where they are
    not, a reason is given. It needs no queue and no worker. Research use only.
    """
    answer = await compare(http.app.state.scorers, container, caller, request)
    return Response(answer, media_type="application/json")
