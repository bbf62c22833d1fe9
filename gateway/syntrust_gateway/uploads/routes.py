"""The routes of `/uploads`, but for their deletion: see `lifecycle.routes`."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response, status

from syntrust_core.errors import InvalidRequest, NotFound, StoreUnavailable
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep, json_only
from syntrust_gateway.api.json_route import JsonRoute
from syntrust_gateway.api.problems import documented
from syntrust_gateway.errors import UnsupportedMediaType
from syntrust_gateway.uploads import service as uploads
from syntrust_gateway.uploads.schemas import NewUpload, UploadBody, UploadPlaces

router = APIRouter(prefix="/uploads", tags=["jobs"], route_class=JsonRoute)


@router.post(
    "",
    summary="Announce files for a job and get their upload URLs",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(json_only)],
    responses=documented(InvalidRequest, UnsupportedMediaType, StoreUnavailable),
)
def create_upload(
    request: NewUpload, response: Response, container: ContainerDep, caller: CallerDep
) -> UploadPlaces:
    """PUT each file to its URL before the URL expires, then name the upload in a job.

    A URL takes a body of exactly the announced size.
    """
    upload = uploads.create(container, caller, request)
    response.headers["Location"] = f"/uploads/{upload.id}"
    return upload


@router.get(
    "/{upload_id}",
    summary="Get the upload's state",
    responses=documented(NotFound, StoreUnavailable),
)
def get_upload(upload_id: str, container: ContainerDep, caller: CallerDep) -> UploadBody:
    """Tells for each file whether it has arrived, and gives a new URL if it has not."""
    return uploads.get_upload(container, caller, upload_id)
