"""Plan the steps of a run, the same ones at every planning, and its goal among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, StepMessage
from syntrust_core.contracts.registry import parse_message
from syntrust_gateway.datasets.planner_view import view_dataset
from syntrust_gateway.db.tables import Case, Dataset, Experiment, Job, Run
from syntrust_gateway.experiments.plan import plan
from syntrust_gateway.experiments.spec import ResolvedSpec


class PlannedSteps(NamedTuple):
    steps: Sequence[StepMessage]
    goal: str


def plan_steps(session: Session, run: Run) -> PlannedSteps:
    """Plan an experiment from its spec and dataset; a job has its plan since it was accepted."""
    if isinstance(run, Job):
        steps = [parse_message(Kind(kind), message) for kind, message in run.plan]
        return PlannedSteps(steps, steps[-1].step_id)
    dataset = session.get_one(Dataset, session.get_one(Experiment, run.id).dataset_id)
    cases = session.scalars(select(Case).where(Case.dataset_id == dataset.id)).all()
    planned = plan(ResolvedSpec.model_validate(run.spec), view_dataset(dataset, cases))
    return PlannedSteps(planned.steps, planned.report)
