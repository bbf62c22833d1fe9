"""`POST /models`: a job imports a checkpoint or trains a generator, and gives a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from syntrust_core.contracts.base import StepMessage
from syntrust_core.contracts.job_steps import GeneratorCase, ImportModel, TrainGenerator
from syntrust_core.errors import Conflict, InvalidRequest
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.datasets.planner_view import CaseView
from syntrust_gateway.datasets.service import find_ready_dataset
from syntrust_gateway.db.tables import JobKind
from syntrust_gateway.errors import pointer
from syntrust_gateway.jobs import service as jobs
from syntrust_gateway.jobs.schemas import JobBody
from syntrust_gateway.models import registry as models
from syntrust_gateway.models.registry import FoundModel
from syntrust_gateway.models.schemas import CheckedModel, NewModel, Training
from syntrust_gateway.uploads import service as uploads

USUAL_MODEL: Final = "tiny"
SHOWN_TO_NETWORK: Final = ("view", "intensity", "expanded", "position")


def check(container: Container, caller: Caller, request: NewModel) -> CheckedModel:
    """Check a request before a checkpoint is sent: all of it but the bytes.

    Raises
    ------
    Conflict, InvalidRequest
        As `create` would.
    """
    if request.train is not None:
        _training(container, caller, request)
    with container.write.begin() as session:
        _require_free(container, session, caller, request.name)
    return CheckedModel(name=request.name)


def create(container: Container, caller: Caller, request: NewModel) -> JobBody:
    """Accept a job that makes a model.

    Raises
    ------
    Conflict
        If a shipped model has the name, or one that this caller has or makes.
    InvalidRequest
        With the pointer of the field that is not possible.
    InvalidFields
        If the upload is not there, or has not arrived.
    """
    step, taken = (
        (_training(container, caller, request), ())
        if request.train
        else _import(container, caller, request)
    )
    kind = JobKind.MODEL_TRAINING if request.train else JobKind.MODEL_IMPORT
    with container.write.begin() as session:
        _require_free(container, session, caller, request.name)
        shown = request.model_dump(mode="json", exclude_none=True)
        job = jobs.add(
            container, session, caller, kind, (step,), spec=shown, uploads=taken, name=request.name
        )
    return jobs.get_state(container, caller, job.id)


def _require_free(container: Container, session: Session, caller: Caller, name: str) -> None:
    if models.is_shipped(container.store, name):
        raise Conflict(f"{name} is the name of a shipped model; choose another.")
    jobs.require_free(session, caller, name)


def _import(
    container: Container, caller: Caller, request: NewModel
) -> tuple[StepMessage, tuple[uploads.TakenUpload, ...]]:
    at = "/upload"
    if request.upload is None:
        raise InvalidRequest(
            "Give either `upload`, the id of an upload with the file `checkpoint`, or `train`.",
            pointer=at,
        )
    taken = uploads.take(container, caller, {at: request.upload}, needs=("checkpoint",))[at]
    checkpoint = taken.files["checkpoint"]
    return ImportModel(name=request.name, checkpoint=checkpoint, seen=request.seen), (taken,)


def _training(container: Container, caller: Caller, request: NewModel) -> StepMessage:
    train = request.train
    assert train is not None  # noqa: S101 - the caller has asked; this tells the type checker
    with container.read() as session:
        dataset = find_ready_dataset(session, caller, train.dataset, at="/train/dataset")
    start = (
        None if train.start is None else _generator(container, caller, train.start, "/train/start")
    )
    config = train.config
    if config is None:
        config = _config(start or _generator(container, caller, USUAL_MODEL, "/train/config"))
    return TrainGenerator(
        name=request.name,
        cases=tuple(
            GeneratorCase(id=case.id, case=case.step) for case in _chosen(train, dataset.cases)
        ),
        config=container.precisions.complete_training(config),
        seed=train.seed,
        iterations=train.iterations,
        start=None if start is None else start.ref,
    )


def _generator(container: Container, caller: Caller, name_or_id: str, at: str) -> FoundModel:
    return models.find_as(container, caller, name_or_id, "generator", at=at)


def _config(model: FoundModel) -> dict[str, Any]:
    """Read the settings that a model was trained with, for another training.

    Its precision suited the machine that trained it, so it is left out.

    Raises
    ------
    InvalidRequest
        If its weights were imported, so that the card does not say how they were trained.
    """
    card: Mapping[str, Any] = model.card
    if card["recipe"] is None:
        raise InvalidRequest(
            f"The card of {model.name} does not say how it was trained; give a config.",
            pointer="/train/config",
        )
    recipe = {name: value for name, value in card["recipe"].items() if name != "precision"}
    shown = {name: card["domain"][name] for name in SHOWN_TO_NETWORK if name in card["domain"]}
    return {
        **shown,
        "architecture": card["architecture"],
        "recipe": recipe,
        "schedule_steps": card["schedule_steps"],
        "default": card["default"],
    }


def _chosen(train: Training, cases: Sequence[CaseView]) -> Sequence[CaseView]:
    if train.cases is None:
        return cases
    known, seen = {case.id: case for case in cases}, set[str]()
    for index, case in enumerate(train.cases):
        at = pointer("train", "cases", index)
        if case not in known:
            raise InvalidRequest(f"The dataset has no case {case}.", pointer=at)
        if case in seen:
            raise InvalidRequest(f"{case} is listed twice; name each case once.", pointer=at)
        seen.add(case)
    return [known[case] for case in sorted(train.cases)]
