"""The trainings of an experiment with their curves: those that ended, and those that go on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import FileInfo, Kind, Ref
from syntrust_core.errors import ObjectMissing
from syntrust_core.observability.training_curves import LIVE_FILE, MOST_BYTES, TrainingCurves
from syntrust_core.storage.base import ObjectStore
from syntrust_core.storage.verified import read_verified
from syntrust_gateway.auth.access import find_row
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Experiment, Step, StepState
from syntrust_gateway.experiments.live.arms import read_arms
from syntrust_gateway.experiments.live.schemas import TrainingBody, TrainingPage
from syntrust_gateway.experiments.live.states import look_up
from syntrust_gateway.experiments.live.steps import describe_arms
from syntrust_gateway.lifecycle.reads import healing
from syntrust_gateway.models.presenter import HISTORY_FILE
from syntrust_gateway.models.schemas import HistoryBody
from syntrust_gateway.models.training_history import make_history, tell_curves

_Found = Row[*tuple[Any, ...]]


def list_trainings(
    container: Container, caller: Caller, experiment_id: str, *, after: int, limit: int
) -> TrainingPage:
    """List one page of trainings, each arm of the experiment one; `after` of them come before.

    Raises
    ------
    NotFound
        If there is no such experiment that the caller may see.
    BeingRecomputed
        If the history of one was damaged.
    """
    with container.read() as session:
        experiment = find_row(session, caller, Experiment, experiment_id)
        arms = read_arms(session, experiment).arms
        shown = arms[after : after + limit]
        rows = _read_steps(session, [arm.training.model for arm in shown])
    waiting = [step for step, row in rows.items() if row.state is StepState.WAITING]
    activity = look_up(container.coordinator, waiting)
    with healing(container):
        histories = {step: _history(container.store, row) for step, row in rows.items()}
    items = [
        TrainingBody(
            **arm.model_dump(),
            step=step,
            state=activity.state_of(step, rows[step].state),
            iterations=rows[step].iterations,
            progress=activity.progress.get(step),
            history=histories[step],
        )
        for arm, step in zip(
            describe_arms(shown), [arm.training.model for arm in shown], strict=True
        )
    ]
    more = after + limit < len(arms)
    return TrainingPage(items=items, next=str(after + limit) if more else None)


def _read_steps(session: Session, steps: Sequence[str]) -> dict[str, _Found]:
    query = select(
        Step.id,
        Step.state,
        Step.manifest["files"][HISTORY_FILE].label("file"),
        Step.message["iterations"].as_integer().label("iterations"),
    ).where(Step.id.in_(steps))
    return {row.id: row for row in session.execute(query)}


def _history(store: ObjectStore, row: _Found) -> HistoryBody | None:
    if row.file is not None:
        info = FileInfo.model_validate(row.file)
        return make_history(json.loads(read_verified(store, info)))
    return None if row.state is StepState.DONE else read_live(store, row.id)


def read_live(store: ObjectStore, step: str) -> HistoryBody | None:
    """Read what a training shows of itself; None if it shows nothing, or nothing that is read."""
    key = Ref(kind=Kind.TRAIN_SEGMENTER, id=step).live_artifact_key(LIVE_FILE)
    info = store.info(key)
    if info is None or info.bytes > MOST_BYTES:
        return None
    try:
        return tell_curves(TrainingCurves.model_validate_json(store.get(key)))
    except (ObjectMissing, ValidationError):
        return None  # it has ended meanwhile, or is of another release
