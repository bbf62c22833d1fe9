"""The routes of `/experiments`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi import APIRouter, Depends, Path, Query, Request, Response, status
from sse_starlette import EventSourceResponse, ServerSentEvent

from syntrust_core.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep, json_only
from syntrust_gateway.api.described import json_of
from syntrust_gateway.api.json_route import JsonRoute
from syntrust_gateway.api.pagination import NameQuery, PageDep, TagQuery
from syntrust_gateway.api.patterns import FIGURE
from syntrust_gateway.api.problems import documented
from syntrust_gateway.api.responses import (
    UNCHANGED,
    IfNoneMatch,
    accepted,
    is_known,
    poll_again,
    tagged_json,
)
from syntrust_gateway.auth.filters import RowFilter
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import RunState
from syntrust_gateway.errors import UnsupportedMediaType
from syntrust_gateway.experiments import service as experiments
from syntrust_gateway.experiments.answers import results
from syntrust_gateway.experiments.answers.results import ReportFile
from syntrust_gateway.experiments.answers.schemas import ExperimentResults, PartialExperimentResults
from syntrust_gateway.experiments.cost import calculate_cost
from syntrust_gateway.experiments.events import changes
from syntrust_gateway.experiments.repeat import ExperimentRequest
from syntrust_gateway.experiments.schemas import CostBody, ExperimentBody, ExperimentPage
from syntrust_gateway.lifecycle.deletion import delete_experiment
from syntrust_gateway.lifecycle.schemas import Cascade, RemovedBody
from syntrust_gateway.runs.schemas import ExperimentChanges

router = APIRouter(prefix="/experiments", tags=["experiments"], route_class=JsonRoute)
_PING_S = 15
_FILES = documented(NotFound, Conflict, StoreUnavailable)
_CHANGED = documented(NotFound, Conflict)
_EVENTS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The states, each as an event.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}
_FILE_TYPES = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}


# A browser shows a report as a page that loads nothing, runs nothing and reaches no server.
_FILE_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; sandbox"
)
_CALCULATIONS: RunVar[CapacityLimiter] = RunVar("cost calculations")


def _calculations() -> CapacityLimiter:
    """Give the event loop's limit of costs that are calculated at once."""
    try:
        return _CALCULATIONS.get()
    except LookupError:
        _CALCULATIONS.set(CapacityLimiter(1))
        return _CALCULATIONS.get()


def _file_of(*media_types: str, description: str) -> dict[int | str, dict[str, Any]]:
    """Describe a file of the report, for the `responses` of a route."""
    schema = {"type": "string"}
    content = {media_type: {"schema": schema} for media_type in media_types}
    return {
        200: {"description": description, "content": content},
        304: {"description": "The file of `If-None-Match` is still the file."},
    }


@router.post(
    "",
    summary="Request an experiment",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=ExperimentBody,
    dependencies=[Depends(json_only)],
    responses=documented(InvalidRequest, Conflict, UnsupportedMediaType, StoreUnavailable)
    | {200: {"model": CostBody, "description": "What it would cost, for `dry_run`."}},
)
async def create_experiment(
    request: ExperimentRequest,
    http: Request,
    response: Response,
    container: ContainerDep,
    caller: CallerDep,
    *,
    dry_run: Annotated[
        bool, Query(description="Accept nothing: tell the steps, bytes and device-hours.")
    ] = False,
) -> ExperimentBody | Response:
    """Trains on each share α of real data, and compares scores on real and synthetic cases.

    Every request makes a new experiment. What an earlier one computed is not computed again.
    """
    if dry_run:
        async with _calculations():  # one at a time, the others wait
            cost = await calculate_cost(http.app.state.scorers, container, caller, request)
        return Response(cost.model_dump_json(), media_type="application/json")
    experiment = await to_thread.run_sync(experiments.create, container, caller, request)
    accepted(response, f"/experiments/{experiment.id}")
    return experiment


@router.get("", summary="List experiments, newest first", responses=documented(InvalidRequest))
def list_experiments(
    container: ContainerDep,
    caller: CallerDep,
    query: PageDep,
    *,
    name: NameQuery = None,
    tag: TagQuery = None,
    state: RunState | None = None,
    dataset: Annotated[str | None, Query(max_length=100, description="Id of a dataset.")] = None,
) -> ExperimentPage:
    """Lists your own experiments. An admin sees those of all clients."""
    wanted = RowFilter(name=name, state=state, tag=tag, besides=(("dataset_id", dataset),))
    with container.read() as session:
        return experiments.list_page(session, caller, query, wanted)


@router.get("/{experiment_id}", summary="Get an experiment's state", responses=documented(NotFound))
def get_experiment(
    experiment_id: str, response: Response, container: ContainerDep, caller: CallerDep
) -> ExperimentBody:
    """Tells the steps done and running, the place in the queue and the seconds to go.

    Its `spec` may be posted again as it is, and asks for the same steps.
    """
    experiment = experiments.get_state(container, caller, experiment_id)
    poll_again(response, is_live=not experiment.state.final)
    return experiment


@router.get(
    "/{experiment_id}/events",
    summary="Watch an experiment's state",
    response_class=EventSourceResponse,
    responses=documented(NotFound) | _EVENTS,
)
def watch_experiment(
    experiment_id: str, container: ContainerDep, caller: CallerDep
) -> EventSourceResponse:
    """Sends the event `state` with the body of the experiment whenever it changes.

    The stream ends after a final state.
    """
    first = experiments.get_state(container, caller, experiment_id)
    return EventSourceResponse(_state_events(container, caller, first), ping=_PING_S)


@router.get(
    "/{experiment_id}/results",
    summary="Get an experiment's results",
    response_class=Response,
    responses=_FILES
    | json_of(ExperimentResults, PartialExperimentResults, description="The results.")
    | UNCHANGED,
)
def get_results(
    experiment_id: str,
    container: ContainerDep,
    caller: CallerDep,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Gives scores, trust factors and their intervals by α and seed, and their provenance.

    The experiment must have succeeded, or failed with other arms left: then `partial` is true, and
    `missing` names what is not there. Research use only.
    """
    body = results.read_results(container, caller, experiment_id)
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return tagged_json(text.encode(), if_none_match)


@router.get(
    "/{experiment_id}/results.csv",
    summary="Get every measurement of every test case as CSV",
    response_class=Response,
    responses=_FILES | _file_of("text/csv", description="The table."),
)
def get_long_table(
    experiment_id: str,
    container: ContainerDep,
    caller: CallerDep,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Gives one row for each case × set × α × seed × region × metric, sorted.

    Columns: `case, group, seen, set, alpha, seed, region, metric, value`. `set` is `real`,
    `synthetic`, or `synthetic_again` (a second twin); `seen` says whether the generator was trained
    on the case. An empty value is undefined, not 0. A name that a spreadsheet would
    run as a formula has an apostrophe before it. Of partial results, each training that is
    missing has a row without case, and the reason as its metric. Research use only.
    """
    file = results.read_report_file(container, caller, experiment_id, results.TABLE_FILE)
    return _file_response(file, results.TABLE_FILE, if_none_match)


@router.get(
    "/{experiment_id}/figures/{figure}",
    summary="Get a figure of the report",
    response_class=Response,
    responses=_FILES | _file_of("image/svg+xml", "image/png", description="The figure."),
)
def get_figure(
    experiment_id: str,
    figure: Annotated[str, Path(pattern=FIGURE, examples=["fig4.svg"])],
    container: ContainerDep,
    caller: CallerDep,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """`fig2` shows images, `fig3` region volumes, `fig4` to `fig8` trust factors T1 to T5 over α.

    Three more are not in the paper: `dice_volume` shows Dice against region volume, `bland_altman`
    the difference of real and synthetic Dice against their mean, and `floors` T3 and T4 against
    their noise floor and against pairs of different cases.
    """
    file = results.read_report_file(container, caller, experiment_id, figure)
    return _file_response(file, figure, if_none_match)


@router.get(
    "/{experiment_id}/report.html",
    summary="Get the report as one file",
    response_class=Response,
    responses=_FILES | _file_of("text/html", description="The report."),
)
def get_report(
    experiment_id: str,
    container: ContainerDep,
    caller: CallerDep,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Holds figures, tables, settings and provenance, and loads nothing. Research use only.

    Its cover and running header name the experiment, its dataset and the day it finished.
    """
    file = results.read_report(container, caller, experiment_id)
    return _file_response(file, results.REPORT_FILE, if_none_match)


@router.patch(
    "/{experiment_id}",
    summary="Change an experiment's name, tags or priority",
    dependencies=[Depends(json_only)],
    responses=documented(NotFound, InvalidRequest, UnsupportedMediaType),
)
def change_experiment(
    experiment_id: str, changes: ExperimentChanges, container: ContainerDep, caller: CallerDep
) -> ExperimentBody:
    """Changes what your lists call it, and which of your experiments come first.

    What runs already goes on. No step and no digest has to do with any of it.
    """
    return experiments.change_fields(container, caller, experiment_id, changes)


@router.post(
    "/{experiment_id}/cancel",
    summary="Cancel an experiment",
    status_code=status.HTTP_202_ACCEPTED,
    responses=_CHANGED,
)
def cancel_experiment(
    experiment_id: str, response: Response, container: ContainerDep, caller: CallerDep
) -> ExperimentBody:
    """Stops the steps that no other experiment or job needs. What is done is kept."""
    accepted(response, f"/experiments/{experiment_id}")
    return experiments.change(container, caller, experiment_id, "cancel")


@router.post("/{experiment_id}/pause", summary="Pause an experiment", responses=_CHANGED)
def pause_experiment(
    experiment_id: str, container: ContainerDep, caller: CallerDep
) -> ExperimentBody:
    """Hands no more of its steps to workers. Those that were handed out go on to their end."""
    return experiments.change(container, caller, experiment_id, "pause")


@router.post(
    "/{experiment_id}/resume",
    summary="Resume a paused experiment",
    status_code=status.HTTP_202_ACCEPTED,
    responses=_CHANGED,
)
def resume_experiment(
    experiment_id: str, response: Response, container: ContainerDep, caller: CallerDep
) -> ExperimentBody:
    """Goes on where it was paused. What was done while it was paused counts."""
    accepted(response, f"/experiments/{experiment_id}")
    return experiments.change(container, caller, experiment_id, "resume")


@router.post(
    "/{experiment_id}/retry",
    summary="Retry a failed experiment",
    status_code=status.HTTP_202_ACCEPTED,
    responses=_CHANGED,
)
def retry_experiment(
    experiment_id: str, response: Response, container: ContainerDep, caller: CallerDep
) -> ExperimentBody:
    """Computes what is missing and nothing else. Failed steps have all their attempts again.

    Partial results are gone until it has ended. Complete ones are those of an experiment of which
    no step has failed.
    """
    accepted(response, f"/experiments/{experiment_id}")
    return experiments.change(container, caller, experiment_id, "retry")


@router.delete(
    "/{experiment_id}",
    summary="Delete an experiment",
    responses=documented(NotFound, Conflict, InvalidRequest, StoreUnavailable),
)
def remove_experiment(
    experiment_id: str, container: ContainerDep, caller: CallerDep, cascade: Cascade = False
) -> RemovedBody:
    """Removes its report and every result that no other run has.

    An experiment that has not ended, or whose segmenters exist, is only removed with
    `cascade=true`: the segmenters go too.
    """
    return delete_experiment(container, caller, experiment_id, cascade=cascade)


def _file_response(file: ReportFile, name: str, if_none_match: str | None) -> Response:
    """Send a file of a report, or 304 if the caller has it already."""
    tag = f'"{file.sha256}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": _FILE_POLICY,
    }
    if is_known(tag, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=_FILE_TYPES[name.rpartition(".")[2]], headers=headers)


async def _state_events(
    container: Container, caller: Caller, first: ExperimentBody
) -> AsyncIterator[ServerSentEvent]:
    async for state in changes(container, caller, first):
        yield ServerSentEvent(data=state.model_dump_json(), event="state")
