from __future__ import annotations

from fastapi import APIRouter, Depends, Response, status

from syntrust_core.contracts.models import ModelKind
from syntrust_core.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep, json_only
from syntrust_gateway.api.pagination import PageDep
from syntrust_gateway.api.problems import documented
from syntrust_gateway.api.responses import accepted
from syntrust_gateway.errors import UnsupportedMediaType
from syntrust_gateway.jobs import bundle, model_creation
from syntrust_gateway.jobs.schemas import JobBody
from syntrust_gateway.models import presenter
from syntrust_gateway.models.schemas import ModelBody, ModelPage, NewModel

router = APIRouter(prefix="/models", tags=["models"])


@router.post(
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
    job = model_creation.create(container, caller, request)
    accepted(response, f"/jobs/{job.id}")
    return job


@router.get(
    "", summary="List models, newest first", responses=documented(InvalidRequest, StoreUnavailable)
)
def list_models(
    container: ContainerDep, caller: CallerDep, query: PageDep, kind: ModelKind | None = None
) -> ModelPage:
    """Your own generators and segmenters, and after the last of them those that everybody has.

    What an experiment has trained is listed as soon as it is there.
    """
    return presenter.list_models(container, caller, query, kind)


@router.get(
    "/{model_id}",
    summary="A model by name or id",
    responses=documented(NotFound, StoreUnavailable),
)
def get_model(model_id: str, container: ContainerDep, caller: CallerDep) -> ModelBody:
    """Its card (what it does, what it has seen, how it was made) and links to its files.

    Of a segmenter also its training cases and history; `MODEL_CARD.md` among its files is its card
    for people. A segmenter also goes by the id of the step that trained it.
    """
    return presenter.describe_model(container, caller, model_id)


@router.post(
    "/{model_id}/bundle",
    summary="Export a segmenter as a MONAI bundle",
    status_code=status.HTTP_202_ACCEPTED,
    responses=documented(NotFound, InvalidRequest, StoreUnavailable),
)
def create_bundle(
    model_id: str, response: Response, container: ContainerDep, caller: CallerDep
) -> JobBody:
    """The job's `bundle.zip` runs under `python -m monai.bundle run`, without this platform."""
    job = bundle.create(container, caller, model_id)
    accepted(response, f"/jobs/{job.id}")
    return job
