"""Experiments: accept them with every choice written out, watch them, cancel them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from syntrust_core.errors import InvalidRequest
from syntrust_core.observability import tracing
from syntrust_gateway.auth.access import PageQuery, find_row, read_page
from syntrust_gateway.auth.filters import RowFilter
from syntrust_gateway.auth.quotas import require_room_for_run
from syntrust_gateway.auth.service import Caller, audit
from syntrust_gateway.container import Container
from syntrust_gateway.datasets.planner_view import DatasetView
from syntrust_gateway.datasets.service import find_ready_dataset
from syntrust_gateway.db.tables import Experiment, RunState
from syntrust_gateway.experiments.repeat import RepeatedSpec, as_request, located, require_same
from syntrust_gateway.experiments.resolve import resolve
from syntrust_gateway.experiments.schemas import ExperimentBody, ExperimentPage, ExperimentSummary
from syntrust_gateway.experiments.spec import ExperimentSpec, ResolvedSpec
from syntrust_gateway.models import registry as models
from syntrust_gateway.models.planner_view import StartView, find_generator, view_start
from syntrust_gateway.runs import control
from syntrust_gateway.runs import tables as runs
from syntrust_gateway.runs.control import Verb
from syntrust_gateway.runs.progress import Progress, get_progress
from syntrust_gateway.runs.schemas import ExperimentChanges
from syntrust_gateway.runs.waiting import Waiting, explain_waiting


def create(
    container: Container, caller: Caller, body: ExperimentSpec | RepeatedSpec
) -> ExperimentBody:
    """Accept an experiment. Each request makes a new one; equal steps of all of them are one.

    Raises
    ------
    InvalidRequest
        With the pointer of the field that cannot be met.
    Conflict
        If the dataset is not ready.
    QuotaExceeded
        If the client has used up the bytes that it may store.
    """
    request = as_request(body)
    spec, dataset = resolve_request(container, caller, body)
    with container.write.begin() as session:
        require_room_for_run(session, caller.id, container.limits.stored_bytes)
        experiment = Experiment(
            name=request.name,
            tags=request.tags,
            dataset_id=dataset.id,
            spec=spec.model_dump(mode="json"),
            state=RunState.QUEUED,
            planned=False,
            priority=request.priority,
            owner=caller.id,
        )
        session.add(experiment)
        session.flush()
        audit(session, caller, "experiment.create", experiment.id, dataset=dataset.id)
    tracing.note_accepted(experiment.id, "experiment")
    return get_state(container, caller, experiment.id)


def resolve_request(
    container: Container, caller: Caller, body: ExperimentSpec | RepeatedSpec
) -> tuple[ResolvedSpec, DatasetView]:
    """Write out every choice of a request, and view its dataset.

    Raises
    ------
    InvalidRequest
        With the pointer of the field that cannot be met.
    Conflict
        If the dataset is not ready.
    """
    request = as_request(body)
    with container.read() as session:
        dataset = find_ready_dataset(session, caller, request.dataset)
    require_same(body, dataset)
    try:
        generator = find_generator(container, caller, request.generator.model)
        start = _start(container, caller, request.segmenter.start)
        return resolve(request, dataset, generator, start, container.precisions), dataset
    except InvalidRequest as error:
        raise located(error, body) from error


def _start(container: Container, caller: Caller, name_or_id: str | None) -> StartView | None:
    if name_or_id is None:
        return None
    at = "/segmenter/start"
    return view_start(
        models.find_as(container, caller, name_or_id, "segmenter", "start_weights", at=at)
    )


def get_state(container: Container, caller: Caller, experiment_id: str) -> ExperimentBody:
    with container.read() as session:
        experiment = find_row(session, caller, Experiment, experiment_id)
        progress = get_progress(session, container.coordinator, experiment)
        ahead = runs.runs_ahead(session, experiment)
        waiting = explain_waiting(
            session, container.coordinator, experiment, is_running=bool(progress.running)
        )
    return _body(experiment, progress, ahead, waiting)


def list_page(
    session: Session, caller: Caller, query: PageQuery, wanted: RowFilter
) -> ExperimentPage:
    # A spec names every case, so a page of them would be megabytes.
    chosen = wanted.apply(session, Experiment, select(Experiment))
    rows = chosen.options(defer(Experiment.spec), defer(Experiment.error))
    found, cursor = read_page(session, Experiment, rows, caller, query)
    return ExperimentPage(items=[_summary(row) for row in found], next=cursor)


def change(container: Container, caller: Caller, experiment_id: str, verb: Verb) -> ExperimentBody:
    """Cancel, pause, resume or retry an experiment; see `runs.control`."""
    with container.write.begin() as session:
        row = find_row(session, caller, Experiment, experiment_id)
        if verb == "retry":
            require_room_for_run(session, row.owner, container.limits.stored_bytes)
        control.CHANGES[verb](session, caller, row)
    return get_state(container, caller, experiment_id)


def change_fields(
    container: Container, caller: Caller, experiment_id: str, changes: ExperimentChanges
) -> ExperimentBody:
    """Change the name, the tags or the priority; no step and no result knows of them."""
    asked = changes.model_dump(mode="json", exclude_unset=True, exclude={"priority"})
    with container.write.begin() as session:
        row = find_row(session, caller, Experiment, experiment_id)
        if "priority" in changes.model_fields_set:
            control.set_priority(session, caller, row, changes.priority)
        if asked:
            row.name = asked.get("name", row.name)
            row.tags = asked.get("tags", row.tags)
            audit(session, caller, "experiment.change", row.id, **asked)
    return get_state(container, caller, experiment_id)


def _body(
    experiment: Experiment, progress: Progress, ahead: int | None, waiting: Waiting | None
) -> ExperimentBody:
    return ExperimentBody(
        **_columns(experiment),
        steps=progress.steps,
        running=progress.running,
        waiting=waiting,
        queue_position=ahead,
        eta_seconds=progress.eta_seconds,
        error=experiment.error,
        spec=experiment.spec,
    )


def _summary(experiment: Experiment) -> ExperimentSummary:
    alphas = [float(alpha) for alpha in experiment.alphas]
    return ExperimentSummary(**_columns(experiment), alphas=alphas)


def _columns(experiment: Experiment) -> dict[str, Any]:
    names = ("id", "name", "tags", "state", "priority", "created", "finished")
    partial = experiment.partial and experiment.state is RunState.FAILED
    return {"partial": partial, "dataset": experiment.dataset_id} | {
        name: getattr(experiment, name) for name in names
    }
