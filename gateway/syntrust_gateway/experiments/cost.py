"""Calculate what an experiment would cost, before it is accepted."""

from __future__ import annotations

from typing import Final

from anyio import to_process, to_thread

from syntrust_gateway.auth.quotas import describe_room
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.costs.outline import Outline, outline_steps
from syntrust_gateway.costs.service import price
from syntrust_gateway.datasets.planner_view import DatasetView
from syntrust_gateway.experiments.plan import plan
from syntrust_gateway.experiments.repeat import RepeatedSpec
from syntrust_gateway.experiments.schemas import CostBody
from syntrust_gateway.experiments.service import resolve_request
from syntrust_gateway.experiments.spec import ExperimentSpec, ResolvedSpec

LARGE_IMAGES: Final = 20_000


async def calculate_cost(
    container: Container, caller: Caller, request: ExperimentSpec | RepeatedSpec
) -> CostBody:
    """Calculate the cost of an experiment without accepting it.

    A large plan takes seconds in which its process does little else, so it gets one of its own.

    Raises
    ------
    InvalidRequest
        With the pointer of the field that cannot be met, as if it were accepted.
    Conflict
        If the dataset is not ready.
    """
    spec, dataset = await to_thread.run_sync(resolve_request, container, caller, request)
    if is_large(spec):
        outline = await to_process.run_sync(outline_plan, spec, dataset, cancellable=True)
    else:
        outline = await to_thread.run_sync(outline_plan, spec, dataset)
    return await to_thread.run_sync(_price, container, caller, spec, outline)


def outline_plan(spec: ResolvedSpec, dataset: DatasetView) -> Outline:
    """Plan the steps, and keep of each what its cost depends on."""
    return outline_steps(plan(spec, dataset).steps)


def is_large(spec: ResolvedSpec) -> bool:
    """Say whether a plan names so many images that it would hold up a process for long."""
    trainings = len(spec.alphas) * len(spec.seeds) * (1 + len(spec.controls))
    images = len(spec.train) + 2 * (len(spec.validation) + len(spec.test))
    return trainings * images > LARGE_IMAGES


def _price(container: Container, caller: Caller, spec: ResolvedSpec, outline: Outline) -> CostBody:
    with container.read() as session:
        cost = price(session, outline)
        room = describe_room(session, caller.id, container.limits.stored_bytes, cost.bytes)
    return CostBody(**dict(cost), room=room, spec=spec.model_dump(mode="json"))
