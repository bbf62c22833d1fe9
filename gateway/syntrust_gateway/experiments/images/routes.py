"""The routes of `/experiments` that link images and label maps."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from syntrust_core.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep
from syntrust_gateway.api.json_route import JsonRoute
from syntrust_gateway.api.problems import documented
from syntrust_gateway.api.responses import poll_again
from syntrust_gateway.auth.access import MAX_LIMIT
from syntrust_gateway.experiments.images import predictions, twins
from syntrust_gateway.experiments.images.predictions import PredictionsBody, TestSet
from syntrust_gateway.experiments.images.twins import TwinsBody

router = APIRouter(prefix="/experiments", tags=["experiments"], route_class=JsonRoute)


@router.get(
    "/{experiment_id}/predictions",
    summary="Get the label maps that a segmenter predicted",
    responses=documented(NotFound, Conflict, InvalidRequest, StoreUnavailable),
)
def get_predictions(
    experiment_id: str,
    model: Annotated[str, Query(max_length=100, description="Name or id of the segmenter.")],
    container: ContainerDep,
    caller: CallerDep,
    test_set: TestSet = "real",
) -> PredictionsBody:
    """Gives links to the label map of every test case as soon as it is predicted.

    `GET /models` names the segmenters with their α. Research use only.
    """
    return predictions.list_predictions(container, caller, experiment_id, model, test_set)


@router.get(
    "/{experiment_id}/twins",
    summary="Get the synthetic images that were drawn",
    responses=documented(NotFound, InvalidRequest, StoreUnavailable),
)
def get_twins(
    experiment_id: str,
    response: Response,
    container: ContainerDep,
    caller: CallerDep,
    *,
    case: Annotated[str | None, Query(max_length=128, description="Of this case alone.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
    cursor: Annotated[str | None, Query(max_length=250)] = None,
) -> TwinsBody:
    """Gives links to the twins of each case as soon as they are drawn, by case and number.

    They are on the dataset's grid; a twin's label map is that of its case. A withdrawn case has
    none. Research use only.
    """
    found, is_live = twins.list_twins(
        container, caller, experiment_id, case=case, limit=limit, cursor=cursor
    )
    poll_again(response, is_live=is_live)
    return found
