"""What a failed step leaves of its run: what can still be done, and a report of what is there."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, null, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind
from syntrust_core.contracts.report import BuildReport
from syntrust_core.log import get_logger
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.db.schedule_tables import UNMET, ReadyStep, StepNeed
from syntrust_gateway.db.session import insert_new
from syntrust_gateway.db.tables import Attempt, Job, Run, RunState, Step, StepState
from syntrust_gateway.orchestrator.demand import ensure_steps
from syntrust_gateway.orchestrator.ending.partial_report import (
    Reasons,
    describe_failure,
    plan_partial_report,
)
from syntrust_gateway.orchestrator.reconcile import Clock
from syntrust_gateway.runs.ready_steps import make_ready, unschedule
from syntrust_gateway.runs.tables import get_table

log = get_logger(__name__)


class Outlook(NamedTuple):
    """What failed steps leave of a run.

    `reasons` has the steps that have failed or can never begin; `goes_on` says whether another step
    than the goal can still be done.
    """

    reasons: Reasons
    goes_on: bool


def settle_failure(session: Session, store: ObjectStore, run: Run, clock: Clock) -> bool:
    """Look whether a run has failed steps, and if so let the others end; False if it has none.

    A failed step blocks what depends on it and nothing else. Once all other steps have ended, an
    experiment gets a report of what is there, and ends as failed when that is written. It ends at
    once where no report is possible, as a job does.
    """
    failed = count_failed(session, run)
    if not failed:
        return False
    goal = session.get_one(Step, run.goal)
    if isinstance(run, Job) or goal.error is not None or _has_lost_need(session, run):
        run.error = run.error or describe_error(session, run, failed)
        _fail(session, run, clock)
    elif not run.partial and _is_news(session, run, failed):
        run.error = describe_error(session, run, failed)
        _continue_or_report(session, store, run, clock)
    return True


def _has_lost_need(session: Session, run: Run) -> bool:
    """Whether what the report of what is there needs was lost since, and cannot be made again."""
    needs = select(StepNeed.need_id).where(StepNeed.step_id == run.goal, UNMET)
    lost = select(Step.id).where(Step.id.in_(needs), Step.state == StepState.FAILED)
    return run.partial and session.scalars(lost.limit(1)).first() is not None


def _continue_or_report(session: Session, store: ObjectStore, run: Run, clock: Clock) -> None:
    outlook = read_outlook(session, run)
    whole = BuildReport.model_validate(session.get_one(Step, run.goal).message)
    report = plan_partial_report(whole, outlook.reasons)
    if report is None:
        _fail(session, run, clock)
    elif not outlook.goes_on:
        _plan(session, store, run, report)


def _fail(session: Session, run: Run, clock: Clock) -> None:
    """End the run without results, and hand out none of its steps from now on."""
    unschedule(session, [run.id])
    run.state, run.finished, run.partial = RunState.FAILED, clock(), False


def _plan(session: Session, store: ObjectStore, run: Run, report: BuildReport) -> None:
    """Make the report of what is there the goal of the run."""
    (step,) = ensure_steps(session, store, [report], owner=run.owner)
    session.flush()
    table = get_table(run)
    last = session.scalar(select(func.max(table.links.position)).where(table.run_id == run.id))
    link = {table.run_id.key: run.id, "step_id": step, "position": (last or 0) + 1}
    insert_new(session, table.links, [link])
    make_ready(session, [step])
    run.goal, run.partial = step, True
    log.info("orchestrator.partial_report_planned", run=run.id, what=table.name, step=step)


def count_failed(session: Session, run: Run) -> int:
    return session.scalar(select(func.count()).select_from(Step).where(_failed_of(run))) or 0


def _failed_of(run: Run) -> ColumnElement[bool]:
    """Select the failed steps of a run.

    Few of all steps have failed, so looking at these costs less than looking at all of the run's.
    A job is short, and a refused inspection of it is done with an error.
    """
    table = get_table(run)
    mine = select(table.links.step_id).where(table.belongs_to(run.id)).correlate(Step).exists()
    if isinstance(run, Job):
        own = select(table.links.step_id).where(table.run_id == run.id)
        return Step.id.in_(own) & Step.error.is_not(null())
    return (Step.state == StepState.FAILED) & mine


def _is_news(session: Session, run: Run, failed: int) -> bool:
    """Say whether to look at all steps again: none is ready or runs, or one more has failed."""
    known = (run.error or {}).get("failed_steps")
    ready = select(ReadyStep.step_id).where(ReadyStep.run_id == run.id).limit(1)
    return known != failed or session.scalar(ready) is None


def read_outlook(session: Session, run: Run) -> Outlook:
    """Read which steps of a run can never begin, from the plan's order: needs come first."""
    table, reasons, goes_on = get_table(run), dict[str, str](), False
    query = (
        select(Step.id, Step.kind, Step.state, Step.needs, Step.error)
        .join(table.links, table.belongs_to(run.id))
        .order_by(table.links.position)
    )
    for step in session.execute(query):
        if step.error is not None:
            reasons[step.id] = describe_failure(Kind(step.kind), step.error)
        elif step.state is StepState.WAITING and step.id != run.goal:
            why = next((reasons[need] for _, need in step.needs if need in reasons), None)
            goes_on = goes_on or why is None
            reasons |= {} if why is None else {step.id: why}
    return Outlook(reasons, goes_on)


def describe_error(session: Session, run: Run, failed: int) -> dict[str, Any]:
    """Describe the first failed step of a run: which it is, why, and the last lines of its log."""
    table = get_table(run)
    position = select(table.links.position).where(table.belongs_to(run.id)).scalar_subquery()
    first = session.scalars(select(Step).where(_failed_of(run)).order_by(position).limit(1)).one()
    attempts = session.scalars(
        select(Attempt.error)
        .where(Attempt.step_id == first.id, Attempt.error.is_not(null()))
        .order_by(Attempt.started.desc())
    ).all()
    lines: list[str] = next((one["log"] for one in attempts if one and one.get("log")), [])
    told = {"step": first.id, "kind": first.kind, "failed_steps": failed, "log": lines}
    return {**(first.error or {}), **told}
