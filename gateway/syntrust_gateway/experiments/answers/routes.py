"""The route of `/experiments` that gives the report as a PDF."""

from __future__ import annotations

from fastapi import APIRouter, Response, status

from syntrust_core.errors import Conflict, NotFound, StoreUnavailable
from syntrust_gateway.api.dependencies import CallerDep, ContainerDep
from syntrust_gateway.api.json_route import JsonRoute
from syntrust_gateway.api.problems import documented
from syntrust_gateway.api.responses import UNCHANGED, IfNoneMatch, accepted, is_known
from syntrust_gateway.experiments.answers import printed
from syntrust_gateway.experiments.answers.results import ReportFile
from syntrust_gateway.jobs.schemas import JobBody

router = APIRouter(prefix="/experiments", tags=["experiments"], route_class=JsonRoute)
_PDF = "application/pdf"


@router.get(
    "/{experiment_id}/report.pdf",
    summary="Get the report as a PDF",
    response_class=Response,
    responses=documented(NotFound, Conflict, StoreUnavailable)
    | UNCHANGED
    | {
        200: {
            "description": "The report.",
            "content": {_PDF: {"schema": {"type": "string", "format": "binary"}}},
        },
        202: {"model": JobBody, "description": "A job is making it; ask again."},
    },
)
def get_pdf(
    experiment_id: str,
    container: ContainerDep,
    caller: CallerDep,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Says what report.html says, on numbered pages with tags for screen readers (PDF/UA-1).

    Title, id and date are on the cover and on every page, as they are when it is asked for; the
    digest of the results is on every page too. The first call answers 202 with the job that makes
    it: ask again until it answers 200. An experiment that was renamed gets another PDF. Where the
    job has failed, 409 says why. Research use only.
    """
    found = printed.read_pdf(container, caller, experiment_id)
    if isinstance(found, ReportFile):
        return _send(found, experiment_id, if_none_match)
    content, begun = found.model_dump_json(), status.HTTP_202_ACCEPTED
    response = Response(content, status_code=begun, media_type="application/json")
    accepted(response, f"/jobs/{found.id}")
    return response


def _send(file: ReportFile, experiment: str, if_none_match: str | None) -> Response:
    tag = f'"{file.sha256}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'inline; filename="syntrust-report-{experiment}.pdf"',
    }
    if is_known(tag, if_none_match):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(file.content, media_type=_PDF, headers=headers)
