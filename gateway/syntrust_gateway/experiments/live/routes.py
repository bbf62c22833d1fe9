"""The routes of `/experiments` that tell of its steps and trainings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from syntrust_core.contracts.base import Kind
from syntrust_core.errors import InvalidRequest, NotFound, StoreUnavailable
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep
from syntrust_gateway.api.json_route import PlainRoute
from syntrust_gateway.api.problems import documented
from syntrust_gateway.auth.access import MAX_LIMIT
from syntrust_gateway.errors import BeingRecomputed
from syntrust_gateway.experiments.live.schemas import StepPage, TrainingPage
from syntrust_gateway.experiments.live.steps import list_steps
from syntrust_gateway.experiments.live.trainings import list_trainings

router = APIRouter(prefix="/experiments", tags=["experiments"], route_class=PlainRoute)
_MOST_TRAININGS = 20  # the curves of each are read from the store
After = Annotated[
    int | None,
    Query(ge=0, le=2**31 - 1, alias="cursor", description="`next` of the page before."),
]


@router.get(
    "/{experiment_id}/steps",
    summary="List an experiment's steps",
    responses=documented(NotFound, InvalidRequest),
)
def get_steps(
    experiment_id: str,
    container: ContainerDep,
    caller: CallerDep,
    *,
    kind: Annotated[Kind | None, Query(description="Only steps of this kind.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
    cursor: After = None,
) -> StepPage:
    """Lists them in the order of the plan: what each is for, how far it is, who computes it.

    There are none until the experiment is planned.
    """
    after = -1 if cursor is None else cursor
    return list_steps(container, caller, experiment_id, kind=kind, after=after, limit=limit)


@router.get(
    "/{experiment_id}/training",
    summary="Get the curves of an experiment's trainings",
    responses=documented(NotFound, InvalidRequest, StoreUnavailable, BeingRecomputed),
)
def get_training(
    experiment_id: str,
    container: ContainerDep,
    caller: CallerDep,
    *,
    limit: Annotated[int, Query(ge=1, le=_MOST_TRAININGS)] = _MOST_TRAININGS,
    cursor: After = None,
) -> TrainingPage:
    """Gives loss and validation Dice of each training so far, mixes first and then controls.

    Of each at most 200 evenly spread iterations. There are none until the experiment is planned.
    """
    return list_trainings(container, caller, experiment_id, after=cursor or 0, limit=limit)
