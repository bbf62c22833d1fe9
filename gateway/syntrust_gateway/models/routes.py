"""The routes of `/models` that read."""

from __future__ import annotations

from fastapi import APIRouter

from syntrust_core.contracts.models import ModelKind
from syntrust_core.errors import InvalidRequest, NotFound, StoreUnavailable
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep
from syntrust_gateway.api.json_route import PlainRoute
from syntrust_gateway.api.pagination import NameQuery, PageDep
from syntrust_gateway.api.problems import documented
from syntrust_gateway.models import presenter
from syntrust_gateway.models.schemas import ModelBody, ModelPage

router = APIRouter(prefix="/models", tags=["models"], route_class=PlainRoute)


@router.get(
    "", summary="List models, newest first", responses=documented(InvalidRequest, StoreUnavailable)
)
def list_models(
    container: ContainerDep,
    caller: CallerDep,
    query: PageDep,
    kind: ModelKind | None = None,
    name: NameQuery = None,
) -> ModelPage:
    """Lists your own models, then those that all clients have.

    A model that an experiment trains is listed as soon as it is trained.
    """
    return presenter.list_models(container, caller, query, kind, name)


@router.get(
    "/{model_id}",
    summary="Get a model by name or id",
    responses=documented(NotFound, StoreUnavailable),
)
def get_model(model_id: str, container: ContainerDep, caller: CallerDep) -> ModelBody:
    """Gives its card (what it does, what it has seen, how it was made) and links to its files.

    A segmenter also has its training cases and history. `MODEL_CARD.md` among its files is the card
    for people. A segmenter can also be named by the id of the step that trained it.
    """
    return presenter.describe_model(container, caller, model_id)
