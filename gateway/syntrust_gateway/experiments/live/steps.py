"""The steps of an experiment, one by one, in the order of its plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind
from syntrust_gateway.auth.access import find_row
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Attempt, Experiment, Step, StepState
from syntrust_gateway.experiments.live.arms import Arm, Arms, read_arms
from syntrust_gateway.experiments.live.schemas import ArmBody, StepBody, StepFault, StepPage
from syntrust_gateway.experiments.live.states import Activity, look_up
from syntrust_gateway.runs.tables import EXPERIMENTS

_Found = Row[*tuple[Any, ...]]


def list_steps(
    container: Container,
    caller: Caller,
    experiment_id: str,
    *,
    kind: Kind | None,
    after: int,
    limit: int,
) -> StepPage:
    """List one page of steps; `after` is the position in the plan that they come after.

    Raises
    ------
    NotFound
        If there is no such experiment that the caller may see.
    """
    with container.read() as session:
        experiment = find_row(session, caller, Experiment, experiment_id)
        rows = _read_page(session, experiment, kind, after, limit)
        shown = rows[:limit]
        arms = read_arms(session, experiment)
        last = _read_attempts(session, [row.id for row in shown if row.state is StepState.FAILED])
    waiting = [row.id for row in shown if row.state is StepState.WAITING]
    activity = look_up(container.coordinator, waiting)
    items = [_body(row, arms, activity, last.get(row.id)) for row in shown]
    return StepPage(items=items, next=str(shown[-1].position) if len(rows) > limit else None)


def _read_page(
    session: Session, experiment: Experiment, kind: Kind | None, after: int, limit: int
) -> Sequence[_Found]:
    # Messages and manifests name every image and file, so no more than is shown is read of them.
    made, links = Step.manifest["made"], EXPERIMENTS.links
    query = (
        select(
            *(Step.id, Step.kind, Step.state, Step.error, Step.attempts, Step.done_at),
            made["host"].as_string().label("host"),
            made["started"].as_string().label("started"),
            Step.message["model"].as_string().label("model"),
            Step.message["case"].as_string().label("case"),
            links.position,
        )
        .join(links, EXPERIMENTS.belongs_to(experiment.id))
        .where(links.position > after)
        .order_by(links.position)
        .limit(limit + 1)
    )
    if kind is not None:
        query = query.where(Step.kind == str(kind))
    return session.execute(query).all()


def _read_attempts(session: Session, steps: Sequence[str]) -> Mapping[str, Attempt]:
    """Find the last attempt at each of the steps that failed."""
    query = select(Attempt).where(Attempt.step_id.in_(steps)).order_by(Attempt.started)
    return {attempt.step_id: attempt for attempt in session.scalars(query)}


def _body(row: _Found, arms: Arms, activity: Activity, last: Attempt | None) -> StepBody:
    host, started = _where_and_when(row, activity, last)
    named = arms.by_step.get(row.id) or arms.by_step.get(row.model or "") or []
    return StepBody(
        step=row.id,
        kind=Kind(row.kind),
        state=activity.state_of(row.id, row.state),
        arms=describe_arms(named),
        case=arms.cases.get(row.id) or arms.cases.get(row.case or ""),
        attempts=row.attempts,
        started=started,
        finished=row.done_at,
        worker=host,
        progress=activity.progress.get(row.id),
        error=None if row.error is None else StepFault.model_validate(row.error),
    )


def describe_arms(arms: Iterable[Arm]) -> list[ArmBody]:
    return [
        ArmBody(
            alpha=None if arm.alpha is None else float(arm.alpha),
            seed=arm.seed,
            control=arm.control,
        )
        for arm in arms
    ]


def _where_and_when(
    row: _Found, activity: Activity, last: Attempt | None
) -> tuple[str | None, datetime | None]:
    holder = activity.holders.get(row.id)
    if holder is not None:
        return holder.host, holder.since
    if last is not None:
        return last.host, last.started
    return row.host, None if row.started is None else datetime.fromisoformat(row.started)
