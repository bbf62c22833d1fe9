"""Calculate what steps would cost, from what done steps took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from sqlalchemy import null, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import QUEUES, Kind, Queue
from syntrust_gateway.costs.outline import Outline
from syntrust_gateway.costs.rates import Rate, measure_rates
from syntrust_gateway.costs.schemas import Cost, KindCost, QueueCost
from syntrust_gateway.db.tables import Step, StepState

IDS_AT_ONCE: Final = 500
HOUR_S: Final = 3600
Rates = Mapping[str, Rate]


def price(session: Session, outline: Outline) -> Cost:
    """Calculate what the steps of an outline would cost."""
    kinds = [kind for kind in Kind if any(group.kind is kind for group in outline)]
    done = _find_done(session, [step for ids in outline.values() for step in ids])
    rates = measure_rates(session, kinds)
    costs = {kind: _cost(kind, outline, done, rates) for kind in kinds}
    unknown = [cost.reason for cost in costs.values() if cost.reason is not None]
    return Cost(
        steps_total=sum(cost.total for cost in costs.values()),
        steps_done=len(done),
        by_kind=costs,
        by_queue=_sum_by_queue(costs),
        bytes=None if unknown else sum(cost.bytes or 0 for cost in costs.values()),
        bytes_reason="; ".join(unknown) or None,
    )


def _find_done(session: Session, ids: Sequence[str]) -> set[str]:
    """Find the steps that are done, some at a time: a statement takes so many parameters alone."""
    found: set[str] = set()
    usable = select(Step.id).where(Step.state == StepState.DONE, Step.error.is_(null()))
    for start in range(0, len(ids), IDS_AT_ONCE):
        found |= set(session.scalars(usable.where(Step.id.in_(ids[start : start + IDS_AT_ONCE]))))
    return found


def _cost(kind: Kind, outline: Outline, done: set[str], rates: Rates) -> KindCost:
    mine = {group.work: ids for group, ids in outline.items() if group.kind is kind}
    to_do = {work: sum(step not in done for step in ids) for work, ids in mine.items()}
    unmeasured = sorted({work.sort for work, steps in to_do.items() if steps} - rates.keys())
    reason = f"no step {', '.join(unmeasured)} was measured here" if unmeasured else None
    known = [] if unmeasured else [(work, steps) for work, steps in to_do.items() if steps]
    seconds = sum(rates[work.sort].seconds_per_unit * work.units * steps for work, steps in known)
    total = sum(map(len, mine.values()))
    size = sum(rates[work.sort].bytes_per_step * steps for work, steps in known)
    return KindCost(
        total=total,
        done=total - sum(to_do.values()),
        bytes=None if unmeasured else size,
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
