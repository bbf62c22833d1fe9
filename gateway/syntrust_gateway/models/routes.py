from __future__ import annotations

from fastapi import APIRouter

from syntrust_core.contracts.models import ModelKind
from syntrust_core.errors import InvalidRequest, NotFound, StoreUnavailable
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep
from syntrust_gateway.api.pagination import PageDep
from syntrust_gateway.api.problems import documented
from syntrust_gateway.models import presenter
from syntrust_gateway.models.schemas import ModelBody, ModelPage

router = APIRouter(prefix="/models", tags=["models"])


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
