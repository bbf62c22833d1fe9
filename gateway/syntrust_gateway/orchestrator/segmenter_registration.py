"""Register the segmenters that experiments have trained as models with a name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import func, literal, null, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Manifest
from syntrust_core.contracts.experiment_steps import TrainSegmenter
from syntrust_core.errors import ObjectMissing
from syntrust_core.storage.base import ObjectStore
from syntrust_core.storage.verified import read_verified
from syntrust_gateway.db.session import insert_new
from syntrust_gateway.db.tables import (
    Case,
    Dataset,
    Experiment,
    ExperimentStep,
    Model,
    Step,
    StepState,
    new_id,
)
from syntrust_gateway.models.registry import CARD_FILES
from syntrust_gateway.orchestrator.containment import contained

NAME: Final = "segmenter-"
NAME_DIGITS: Final = 12
MOST_AT_ONCE: Final = 50  # so that a tick stays short where thousands are new, as after an upgrade


def register_segmenters(session: Session, store: ObjectStore) -> None:
    """Register each segmenter that an experiment has trained, once for each owner."""
    name = literal(NAME) + func.substr(Step.id, 1, NAME_DIGITS)
    known = select(Model.id).where(Model.owner == Experiment.owner, Model.name == name)
    query = (
        select(Step, Experiment)
        .join(ExperimentStep, ExperimentStep.step_id == Step.id)
        .join(Experiment, Experiment.id == ExperimentStep.experiment_id)
        .where(Step.kind == str(Kind.TRAIN_SEGMENTER), Step.state == StepState.DONE)
        .where(Step.error.is_(null()), ~known.exists())
        .order_by(Experiment.created, ExperimentStep.position)
        .limit(MOST_AT_ONCE)
    )
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for step, experiment in session.execute(query).all():
        key = (experiment.owner, step.id)
        with contained(session, store, "model", step.id):
            if key not in rows and (card := _card(store, step)) is not None:
                rows[key] = _row(session, step, experiment, card)
    insert_new(session, Model, rows.values())


def _card(store: ObjectStore, step: Step) -> dict[str, Any] | None:
    """Read the card of the model; None if it is gone, so that other models are still registered."""
    info = Manifest.model_validate(step.manifest).files.get(CARD_FILES["segmenter"])
    if info is None:
        return None
    try:
        card: dict[str, Any] = json.loads(read_verified(store, info))
    except ObjectMissing:
        return None
    return card


def _row(
    session: Session, step: Step, experiment: Experiment, card: Mapping[str, Any]
) -> dict[str, Any]:
    dataset = session.get_one(Dataset, experiment.dataset_id)
    # Cards of earlier releases did not name the grid.
    grid = card.get("grid") or (None if dataset.grid == "native" else dataset.grid)
    return {
        "id": new_id(),
        "kind": step.kind,
        "step": step.id,
        "name": f"{NAME}{step.id[:NAME_DIGITS]}",
        "card": {
            "card": {**card, "grid": grid},
            "cases": _cases(session, step, dataset.id),
            "made_by": _made_by(session, step, experiment),
        },
        "owner": experiment.owner,
    }


def _cases(session: Session, step: Step, dataset: str) -> list[dict[str, Any]]:
    """Name the training images by the ids of the dataset's cases."""
    query = select(Case.step, Case.case_id).where(Case.dataset_id == dataset)
    rows = session.execute(query.order_by(Case.case_id.desc()))
    names = {row.step: row.case_id for row in rows}
    message = TrainSegmenter.model_validate(step.message)
    return [
        {
            "id": names.get(image.case, image.case),
            "image": "real" if image.twin is None else "twin",
            "labels": None if image.labels is None else names.get(image.labels, image.labels),
        }
        for image in message.train
    ]


def _made_by(session: Session, step: Step, experiment: Experiment) -> dict[str, Any]:
    """Say which α and which control arms of the experiment have this model."""
    report = session.get_one(Step, experiment.goal).message
    arms = [
        {**arm, **training}
        for arm in report.get("controls", ())
        for training in arm["trainings"]
        if training["model"] == step.id
    ]
    runs = [run for run in report["runs"] if run["model"] == step.id]
    return {
        "experiment": experiment.id,
        "name": experiment.name,
        "seed": step.message["seed"],
        "alphas": [float(run["alpha"]) for run in runs],
        "controls": sorted({str(arm["control"]) for arm in arms}),
    }
