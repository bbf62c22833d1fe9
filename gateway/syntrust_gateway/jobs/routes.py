from __future__ import annotations

from fastapi import APIRouter, Depends, Response, status

from syntrust_core.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep, json_only
from syntrust_gateway.api.pagination import PageDep
from syntrust_gateway.api.problems import documented
from syntrust_gateway.api.responses import accepted
from syntrust_gateway.errors import UnsupportedMediaType
from syntrust_gateway.jobs import bundle, model_creation, segmentation, synthesis, volume_score
from syntrust_gateway.jobs import service as jobs
from syntrust_gateway.jobs.schemas import (
    JobBody,
    JobPage,
    NewSegmentation,
    NewSynthesis,
    NewVolumeScore,
)
from syntrust_gateway.models.schemas import NewModel

router = APIRouter(tags=["jobs"])
model_router = APIRouter(prefix="/models", tags=["models"])
_JSON = [Depends(json_only)]
_POSTED = documented(InvalidRequest, UnsupportedMediaType, StoreUnavailable)


@router.post(
    "/syntheses",
    summary="Draw images for a mask",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=_JSON,
    responses=_POSTED,
)
def create_synthesis(
    request: NewSynthesis, response: Response, container: ContainerDep, caller: CallerDep
) -> JobBody:
    """Four modalities on the grid and in the frame of the uploaded mask. Research use only."""
    return _accepted(response, synthesis.create(container, caller, request))


@router.post(
    "/segmentations",
    summary="Draw a label map for images",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=_JSON,
    responses=_POSTED | documented(Conflict),
)
def create_segmentation(
    request: NewSegmentation, response: Response, container: ContainerDep, caller: CallerDep
) -> JobBody:
    """On the grid, in the frame and in the label values of the upload.

    The result holds the volume of each region and how sure the model is of it: the mean entropy
    over its voxels. Research use only.
    """
    return _accepted(response, segmentation.create(container, caller, request))


@router.post(
    "/trust-score/volumes",
    summary="Trust factors of label maps",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=_JSON,
    responses=_POSTED,
)
def create_volume_score(
    request: NewVolumeScore, response: Response, container: ContainerDep, caller: CallerDep
) -> JobBody:
    """Dice of each case's predictions against its reference, then what `POST /trust-score` answers.

    The three label maps of a case share shape and affine. Research use only.
    """
    return _accepted(response, volume_score.create(container, caller, request))


@model_router.post(
    "",
    summary="Import or train a generator",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[Depends(json_only)],
    responses=documented(InvalidRequest, Conflict, UnsupportedMediaType, StoreUnavailable),
)
def create_model(
    request: NewModel, response: Response, container: ContainerDep, caller: CallerDep
) -> JobBody:
    """Once the job has succeeded the model goes by its name, or by the job's id, wherever a
    generator is asked for. Nothing in a checkpoint is executed. Research use only.
    """
    return _accepted(response, model_creation.create(container, caller, request))


@model_router.post(
    "/{model_id}/bundle",
    summary="Export a segmenter as a MONAI bundle",
    status_code=status.HTTP_202_ACCEPTED,
    responses=documented(NotFound, InvalidRequest, StoreUnavailable),
)
def create_bundle(
    model_id: str, response: Response, container: ContainerDep, caller: CallerDep
) -> JobBody:
    """The job's `bundle.zip` runs under `python -m monai.bundle run`, without this platform."""
    return _accepted(response, bundle.create(container, caller, model_id))


@router.get("/jobs", summary="List jobs, newest first", responses=documented(InvalidRequest))
def list_jobs(container: ContainerDep, caller: CallerDep, query: PageDep) -> JobPage:
    """Your own jobs; an admin sees everybody's."""
    with container.read() as session:
        return jobs.list_page(session, caller, query)


@router.get(
    "/jobs/{job_id}",
    summary="State of a job",
    responses=documented(NotFound, StoreUnavailable),
)
def get_job(job_id: str, container: ContainerDep, caller: CallerDep) -> JobBody:
    """Progress, place in the queue, and links to its files once it has succeeded."""
    return jobs.get_state(container, caller, job_id)


@router.get(
    "/jobs/{job_id}/result",
    summary="The JSON document that a job gave",
    response_class=Response,
    responses=documented(NotFound, Conflict, StoreUnavailable),
)
def get_job_result(job_id: str, container: ContainerDep, caller: CallerDep) -> Response:
    """Trust factors of scored volumes, the origin of a synthesis, volumes and entropy of a
    segmentation, the card of a model, the metadata of a bundle.
    """
    return Response(jobs.read_result(container, caller, job_id), media_type="application/json")


@router.post(
    "/jobs/{job_id}/cancel",
    summary="Cancel a job",
    status_code=status.HTTP_202_ACCEPTED,
    responses=documented(NotFound, Conflict, StoreUnavailable),
)
def cancel_job(
    job_id: str, response: Response, container: ContainerDep, caller: CallerDep
) -> JobBody:
    """Steps that nobody else wants stop soon; what is done is kept."""
    return _accepted(response, jobs.cancel(container, caller, job_id))


def _accepted(response: Response, job: JobBody) -> JobBody:
    accepted(response, f"/jobs/{job.id}")
    return job
