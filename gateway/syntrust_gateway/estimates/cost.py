"""Estimate what an experiment would cost, from its plan and from what done steps took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from sqlalchemy import null, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import QUEUES, Kind, Queue, StepMessage
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Step, StepState
from syntrust_gateway.estimates.rates import Rate, measure_rates, size_work
from syntrust_gateway.estimates.schemas import CostBody, KindCost, QueueCost
from syntrust_gateway.experiments.plan import plan
from syntrust_gateway.experiments.service import resolve_request
from syntrust_gateway.experiments.spec import ExperimentSpec

IDS_AT_ONCE: Final = 500
HOUR_S: Final = 3600
NO_POWER: Final = "The power calculation is not part of this release."
Rates = Mapping[str, Rate]
ToDo = Mapping[Kind, Sequence[StepMessage]]


def estimate(container: Container, caller: Caller, request: ExperimentSpec) -> CostBody:
    """Estimate the cost of an experiment without accepting it.

    Raises
    ------
    InvalidRequest
        With the pointer of the field that cannot be met, as if it were accepted.
    Conflict
        If the dataset is not ready.
    """
    spec, dataset = resolve_request(container, caller, request)
    steps = {step.step_id: step for step in plan(spec, dataset).steps}
    with container.read() as session:
        done = _find_done(session, list(steps))
        kinds = [kind for kind in Kind if any(step.KIND is kind for step in steps.values())]
        rates = measure_rates(session, kinds)
    costs = {kind: _cost(kind, steps, done, rates) for kind in kinds}
    unknown = [cost.reason for cost in costs.values() if cost.reason is not None]
    return CostBody(
        steps_total=len(steps),
        steps_done=len(done),
        by_kind=costs,
        by_queue=_sum_by_queue(costs),
        bytes=None if unknown else sum(cost.bytes or 0 for cost in costs.values()),
        bytes_reason="; ".join(unknown) or None,
        detectable=None,
        detectable_reason=NO_POWER,
        spec=spec.model_dump(mode="json"),
    )


def _find_done(session: Session, ids: Sequence[str]) -> set[str]:
    """Find the steps that are done, some at a time: a statement takes so many parameters alone."""
    found: set[str] = set()
    usable = select(Step.id).where(Step.state == StepState.DONE, Step.error.is_(null()))
    for start in range(0, len(ids), IDS_AT_ONCE):
        found |= set(session.scalars(usable.where(Step.id.in_(ids[start : start + IDS_AT_ONCE]))))
    return found


def _cost(kind: Kind, steps: Mapping[str, StepMessage], done: set[str], rates: Rates) -> KindCost:
    mine = {step: message for step, message in steps.items() if message.KIND is kind}
    to_do = [size_work(message) for step, message in mine.items() if step not in done]
    unmeasured = sorted({work.sort for work in to_do if work.sort not in rates})
    reason = f"no step {', '.join(unmeasured)} was measured here" if unmeasured else None
    known = [] if unmeasured else [(rates[work.sort], work.units) for work in to_do]
    seconds = sum(rate.seconds_per_unit * units for rate, units in known)
    return KindCost(
        total=len(mine),
        done=len(mine) - len(to_do),
        bytes=None if unmeasured else sum(rate.bytes_per_step for rate, _ in known),
        device_hours=None if unmeasured else _hours(seconds),
        reason=reason,
    )


def _hours(seconds: float) -> float:
    return round(seconds / HOUR_S, 4)


def _sum_by_queue(costs: Mapping[Kind, KindCost]) -> dict[Queue, QueueCost]:
    return {queue: _sum(own) for queue, own in _group_by_queue(costs)}


def _group_by_queue(costs: Mapping[Kind, KindCost]) -> Iterator[tuple[Queue, list[KindCost]]]:
    order = sorted(costs, key=lambda kind: QUEUES[kind].value)
    for queue, kinds in groupby(order, key=lambda kind: QUEUES[kind]):
        yield queue, [costs[kind] for kind in kinds]


def _sum(costs: Sequence[KindCost]) -> QueueCost:
    reasons = [cost.reason for cost in costs if cost.reason is not None]
    hours = sum(cost.device_hours or 0 for cost in costs)
    return QueueCost(
        device_hours=None if reasons else round(hours, 4), reason="; ".join(reasons) or None
    )
