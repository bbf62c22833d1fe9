"""What the steps of an experiment belong to: trainings of an α or a control, and cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind
from syntrust_core.contracts.report import BuildReport, Control, ReportRun, ReportTraining
from syntrust_gateway.db.tables import Experiment, Step
from syntrust_gateway.runs.tables import EXPERIMENTS


@dataclass(frozen=True)
class Arm:
    """One training by what it is for. Equal trainings are one step, so two arms may share one."""

    alpha: str | None
    seed: int
    control: Control | None
    training: ReportTraining


@dataclass(frozen=True)
class Arms:
    """The trainings of an experiment in the order of its plan, and its cases by their steps."""

    arms: tuple[Arm, ...] = ()
    by_step: dict[str, list[Arm]] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)


def read_arms(session: Session, experiment: Experiment) -> Arms:
    """Read them from the report that was planned; there are none before it is."""
    query = (
        select(Step.message)
        .join(EXPERIMENTS.links, EXPERIMENTS.belongs_to(experiment.id))
        .where(Step.kind == str(Kind.BUILD_REPORT))
        .order_by(EXPERIMENTS.links.position)
        .limit(1)  # that of what is left after a failure comes later
    )
    message = session.scalars(query).one_or_none()
    return Arms() if not message else _describe(BuildReport.model_validate(message))


def _describe(report: BuildReport) -> Arms:
    arms = tuple(_list_arms(report))
    by_step: dict[str, list[Arm]] = {}
    for arm in arms:
        for step in (arm.training.model, *arm.training.scores):
            by_step.setdefault(step, []).append(arm)
    cases = {
        step: case.id
        for case in report.cases
        for step in (case.case, case.twin, case.comparison)
        if step is not None
    }
    return Arms(arms, by_step, cases)


def _list_arms(report: BuildReport) -> Iterator[Arm]:
    for run in report.runs:
        yield _mix(run)
    for arm in report.controls:
        for training in arm.trainings:
            yield Arm(arm.alpha, training.seed, arm.control, training)


def _mix(run: ReportRun) -> Arm:
    return Arm(run.alpha, run.seed, None, run)
