"""The routes of `/trust-score` and `/trust-factors`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from syntrust_core.errors import InvalidRequest, Unavailable
from syntrust_gateway.api.dependencies import parse_media_type
from syntrust_gateway.api.described import json_of, schema_of
from syntrust_gateway.api.json_route import PlainRoute
from syntrust_gateway.api.problems import documented
from syntrust_gateway.errors import UnsupportedMediaType
from syntrust_gateway.trust_score.pipe import CSV, HTML, JSON
from syntrust_gateway.trust_score.service import ScorerPool
from syntrust_metrics.trust import list_definitions
from syntrust_metrics.trust.schema.answer import TrustAnswer
from syntrust_metrics.trust.schema.definitions import TrustDefinitions
from syntrust_metrics.trust.schema.request import ScoreRequest

router = APIRouter(tags=["trust score"], route_class=PlainRoute)

_JSON_EXAMPLE: dict[str, Any] = {
    "cases": [
        {"id": "a", "real": {"ET": 0.91, "ED": 0.88}, "synthetic": {"ET": 0.90, "ED": 0.93}},
        {"id": "b", "real": {"ET": 0.84, "ED": 0.79}, "synthetic": {"ET": 0.86, "ED": 0.77}},
    ],
    "policy": {"confidence": 0.95, "resamples": 2000, "seed": 0},
}
_CSV_EXAMPLE = "case,set,region,dice\na,real,ET,0.91\na,synthetic,ET,0.90\n"
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": schema_of(ScoreRequest), "example": _JSON_EXAMPLE},
            CSV: {"schema": {"type": "string"}, "example": _CSV_EXAMPLE},
        },
    }
}


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The trust factors, by `Accept` as JSON or as a page that prints.",
        "content": {
            JSON: {"schema": schema_of(TrustAnswer)},
            HTML: {"schema": {"type": "string"}},
        },
    }
}
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@router.post(
    "/trust-score",
    summary="Compute trust factors from Dice scores",
    response_class=Response,
    openapi_extra=_BODY,
    responses={**documented(InvalidRequest, UnsupportedMediaType, Unavailable), **_ANSWERS},
)
async def trust_score(
    request: Request,
) -> Response:
    """Gives T1 to T5 with intervals, what to read beside them, equivalence and a score.

    Takes Dice per case and region on a real and a synthetic test set, at most 100,000 cases. The
    same request gives the same bytes. It needs no queue, store or workers. Research use only.
    """
    kind = parse_media_type(request.headers.get("content-type"))
    if kind not in {JSON, CSV}:
        raise UnsupportedMediaType(f"Send {JSON} or {CSV}, not {kind or 'a body without a type'}.")
    scorers: ScorerPool = request.app.state.scorers
    answer = await scorers.score(await request.body(), kind, request.headers.get("accept"))
    headers = {"Vary": "Accept"}
    if answer.kind == HTML:
        headers["Content-Security-Policy"] = _PAGE_POLICY
    return Response(answer.content, media_type=answer.kind, headers=headers)


@router.get(
    "/trust-factors",
    summary="Get the definitions of the trust factors",
    response_class=JSONResponse,
    responses=json_of(TrustDefinitions, description="The definitions."),
)
def trust_factors() -> JSONResponse:
    """Gives formula, range, direction and citation of everything in an answer.

    That is the factors, what to read beside them, equivalence and the score, each with the cases in
    which it is undefined. The default policy and the limits of a request are there, too.
    """
    return JSONResponse(list_definitions())
