"""The routes of `/jobs`, and those that start one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, status

from syntrust_core.contracts.job_results import BundleMetadata, SegmentationRecord, TwinRecord
from syntrust_core.contracts.model_card import GeneratorCard
from syntrust_core.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep, json_only
from syntrust_gateway.api.described import json_of
from syntrust_gateway.api.json_route import JsonRoute
from syntrust_gateway.api.pagination import NameQuery, PageDep
from syntrust_gateway.api.problems import documented
from syntrust_gateway.api.responses import (
    UNCHANGED,
    IfNoneMatch,
    accepted,
    poll_again,
    tagged_json,
)
from syntrust_gateway.auth.filters import RowFilter
from syntrust_gateway.db.tables import JobKind, RunState
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
from syntrust_gateway.lifecycle.deletion import delete_job
from syntrust_gateway.lifecycle.schemas import Cascade, RemovedBody
from syntrust_gateway.models.schemas import CheckedModel, NewModel
from syntrust_gateway.runs.schemas import RunChanges
from syntrust_metrics.trust.schema.answer import TrustAnswer

router = APIRouter(tags=["jobs"], route_class=JsonRoute)
model_router = APIRouter(prefix="/models", tags=["models"], route_class=JsonRoute)
_JSON = [Depends(json_only)]
_RESULT = json_of(
    TrustAnswer,
    TwinRecord,
    SegmentationRecord,
    GeneratorCard,
    BundleMetadata,
    description="The document; its kind is that of the job.",
)
_CHANGED = documented(NotFound, Conflict, StoreUnavailable)
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
    """Draws four modalities on the grid and in the frame of the mask. Research use only."""
    return _accepted(response, synthesis.create(container, caller, request))


@router.post(
    "/segmentations",
    summary="Segment a case",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=_JSON,
    responses=_POSTED | documented(Conflict),
)
def create_segmentation(
    request: NewSegmentation, response: Response, container: ContainerDep, caller: CallerDep
) -> JobBody:
    """Predicts a label map on the grid, in the frame and in the label values of the upload.

    The result holds the volume of each region and the model's uncertainty there: the mean entropy
    over its voxels. Research use only.
    """
    return _accepted(response, segmentation.create(container, caller, request))


@router.post(
    "/trust-score/volumes",
    summary="Compute trust factors from label maps",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=_JSON,
    responses=_POSTED,
)
def create_volume_score(
    request: NewVolumeScore, response: Response, container: ContainerDep, caller: CallerDep
) -> JobBody:
    """Measures the Dice of each prediction, then answers as `POST /trust-score` does.

    The reference and the two predictions of a case must have one shape and one affine. Research
    use only.
    """
    return _accepted(response, volume_score.create(container, caller, request))


@model_router.post(
    "",
    summary="Import or train a generator",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[Depends(json_only)],
    response_model=JobBody,
    responses=documented(InvalidRequest, Conflict, UnsupportedMediaType, StoreUnavailable)
    | {200: {"model": CheckedModel, "description": "It can be used, for `dry_run`."}},
)
def create_model(
    request: NewModel,
    response: Response,
    container: ContainerDep,
    caller: CallerDep,
    *,
    dry_run: Annotated[
        bool, Query(description="Accept nothing: check all but the upload, before it is sent.")
    ] = False,
) -> JobBody | Response:
    """Starts a job that makes the model. Nothing in a checkpoint is executed.

    Once the job has succeeded, name the model by its name or by the job's id wherever a generator
    is asked for. Research use only.
    """
    if dry_run:
        checked = model_creation.check(container, caller, request)
        return Response(checked.model_dump_json(), media_type="application/json")
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
    """Makes `bundle.zip`, which runs under `python -m monai.bundle run` without this platform."""
    return _accepted(response, bundle.create(container, caller, model_id))


@router.get("/jobs", summary="List jobs, newest first", responses=documented(InvalidRequest))
def list_jobs(
    container: ContainerDep,
    caller: CallerDep,
    query: PageDep,
    *,
    name: NameQuery = None,
    state: RunState | None = None,
    kind: JobKind | None = None,
) -> JobPage:
    """Lists your own jobs. An admin sees those of all clients."""
    wanted = RowFilter(name=name, state=state, besides=(("kind", kind),))
    with container.read() as session:
        return jobs.list_page(session, caller, query, wanted)


@router.get(
    "/jobs/{job_id}",
    summary="Get a job's state",
    responses=documented(NotFound, StoreUnavailable),
)
def get_job(job_id: str, response: Response, container: ContainerDep, caller: CallerDep) -> JobBody:
    """Tells progress and place in the queue, and links to the files once the job has succeeded."""
    job = jobs.get_state(container, caller, job_id)
    poll_again(response, is_live=not job.state.final)
    return job


@router.get(
    "/jobs/{job_id}/result",
    summary="Get a job's result",
    response_class=Response,
    responses=documented(NotFound, Conflict, StoreUnavailable) | _RESULT | UNCHANGED,
)
def get_job_result(
    job_id: str, container: ContainerDep, caller: CallerDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Gives the JSON document that the job made.

    That is the trust factors of scored volumes, the origin of a synthesis, volumes and entropy of a
    segmentation, the card of a model, or the metadata of a bundle.
    """
    return tagged_json(jobs.read_result(container, caller, job_id), if_none_match)


@router.patch(
    "/jobs/{job_id}",
    summary="Change a job's priority",
    dependencies=_JSON,
    responses=documented(NotFound, InvalidRequest, UnsupportedMediaType, StoreUnavailable),
)
def change_job(
    job_id: str, changes: RunChanges, container: ContainerDep, caller: CallerDep
) -> JobBody:
    """Changes which of your jobs come first. What runs already goes on."""
    return jobs.set_priority(container, caller, job_id, changes)


@router.post(
    "/jobs/{job_id}/cancel",
    summary="Cancel a job",
    status_code=status.HTTP_202_ACCEPTED,
    responses=_CHANGED,
)
def cancel_job(
    job_id: str, response: Response, container: ContainerDep, caller: CallerDep
) -> JobBody:
    """Stops the steps that no other job or experiment needs. What is done is kept."""
    return _accepted(response, jobs.change(container, caller, job_id, "cancel"))


@router.post("/jobs/{job_id}/pause", summary="Pause a job", responses=_CHANGED)
def pause_job(job_id: str, container: ContainerDep, caller: CallerDep) -> JobBody:
    """Hands no more of its steps to workers. Those that were handed out go on to their end."""
    return jobs.change(container, caller, job_id, "pause")


@router.post(
    "/jobs/{job_id}/resume",
    summary="Resume a paused job",
    status_code=status.HTTP_202_ACCEPTED,
    responses=_CHANGED,
)
def resume_job(
    job_id: str, response: Response, container: ContainerDep, caller: CallerDep
) -> JobBody:
    """Goes on where it was paused. What was done while it was paused counts."""
    return _accepted(response, jobs.change(container, caller, job_id, "resume"))


@router.post(
    "/jobs/{job_id}/retry",
    summary="Retry a failed job",
    status_code=status.HTTP_202_ACCEPTED,
    responses=_CHANGED,
)
def retry_job(
    job_id: str, response: Response, container: ContainerDep, caller: CallerDep
) -> JobBody:
    """Computes what is missing and nothing else. Failed steps have all their attempts again."""
    return _accepted(response, jobs.change(container, caller, job_id, "retry"))


@router.delete(
    "/jobs/{job_id}",
    summary="Delete a job",
    responses=documented(NotFound, Conflict, InvalidRequest, StoreUnavailable),
)
def remove_job(
    job_id: str, container: ContainerDep, caller: CallerDep, cascade: Cascade = False
) -> RemovedBody:
    """Removes its files, unless another run has them.

    A job that has not ended, or whose model exists, is only removed with `cascade=true`.
    """
    return delete_job(container, caller, job_id, cascade=cascade)


def _accepted(response: Response, job: JobBody) -> JobBody:
    accepted(response, f"/jobs/{job.id}")
    return job
