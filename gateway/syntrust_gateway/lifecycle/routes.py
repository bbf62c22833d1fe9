"""The routes that delete an upload or a model.

They are not beside the others of these resources: what is removed with a row is known here, and
that rests on what `uploads` and `models` know.
"""

from __future__ import annotations

from fastapi import APIRouter

from syntrust_core.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep
from syntrust_gateway.api.json_route import JsonRoute
from syntrust_gateway.api.problems import documented
from syntrust_gateway.lifecycle.deletion import delete_model, delete_upload
from syntrust_gateway.lifecycle.schemas import Cascade, RemovedBody

router = APIRouter(route_class=JsonRoute)


@router.delete(
    "/uploads/{upload_id}",
    tags=["jobs"],
    summary="Delete an upload",
    responses=documented(NotFound, Conflict, InvalidRequest, StoreUnavailable),
)
def remove_upload(
    upload_id: str, container: ContainerDep, caller: CallerDep, cascade: Cascade = False
) -> RemovedBody:
    """Removes its files, unless a case or another upload has the same.

    While a job needs it this is refused, unless `cascade=true` removes the job too.
    """
    return delete_upload(container, caller, upload_id, cascade=cascade)


@router.delete(
    "/models/{model_id}",
    tags=["models"],
    summary="Delete a model",
    responses=documented(NotFound, Conflict, InvalidRequest, StoreUnavailable),
)
def remove_model(
    model_id: str, container: ContainerDep, caller: CallerDep, cascade: Cascade = False
) -> RemovedBody:
    """Removes its files, unless another run has them. Models of the platform stay.

    While a run that has not ended uses it this is refused, unless `cascade=true` removes the run.
    """
    return delete_model(container, caller, model_id, cascade=cascade)
