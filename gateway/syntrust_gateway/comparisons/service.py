"""Read what is compared, and have it compared in a process of its own."""

from __future__ import annotations

import json
from typing import Any

from anyio import to_thread
from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.errors import InvalidRequest, NotFound
from syntrust_gateway.auth.access import find_row
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.comparisons.compute import COMPARE
from syntrust_gateway.comparisons.schemas import ComparisonRequest
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Case, Experiment
from syntrust_gateway.errors import pointer
from syntrust_gateway.experiments.answers.results import read_named_results
from syntrust_gateway.trust_score.service import ScorerPool


async def compare(
    scorers: ScorerPool, container: Container, caller: Caller, request: ComparisonRequest
) -> bytes:
    """Compute the answer of `POST /comparisons`.

    Raises
    ------
    InvalidRequest
        If the caller has no such experiment, with the pointer of its id.
    Conflict
        If one of them has no results yet.
    """
    parts = await to_thread.run_sync(_read, container, caller, request)
    return await scorers.compute(COMPARE, parts)


def _read(container: Container, caller: Caller, request: ComparisonRequest) -> list[bytes]:
    places = [(pointer("experiments", n), each) for n, each in enumerate(request.experiments)]
    with container.read() as session:
        described = [_describe(session, caller, each, at) for at, each in places]
    results = [read_named_results(container, caller, each, at=at) for at, each in places]
    return [json.dumps(described).encode(), *results]


def _describe(session: Session, caller: Caller, experiment_id: str, at: str) -> dict[str, Any]:
    try:
        row = find_row(session, caller, Experiment, experiment_id)
    except NotFound as error:
        raise InvalidRequest(error.detail, pointer=at) from error
    tested = set(row.spec["test"])
    cases = session.execute(
        select(Case.case_id, Case.record).where(Case.dataset_id == row.dataset_id)
    )
    contents = {case: record["fingerprint"] for case, record in cases if record and case in tested}
    return {"id": row.id, "name": row.name, "spec": row.spec, "contents": contents}
