from __future__ import annotations

from fastapi import APIRouter, Request, Response

from syntrust_core.errors import Forbidden
from syntrust_gateway.api.dependencies import CallerDep
from syntrust_gateway.api.problems import documented
from syntrust_gateway.observability.prometheus import CONTENT_TYPE, Metrics

router = APIRouter(tags=["health"])


@router.get(
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
