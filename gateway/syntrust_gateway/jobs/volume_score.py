"""`POST /trust-score/volumes`: a job computes trust factors from label maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from syntrust_core.contracts.job_steps import ScoreVolumes, VolumeCase
from syntrust_core.contracts.vocabulary import VOLUME_ROLES
from syntrust_core.errors import InvalidRequest
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import JobKind
from syntrust_gateway.errors import pointer
from syntrust_gateway.jobs import service as jobs
from syntrust_gateway.jobs.schemas import JobBody, NewVolumeScore, VolumeCaseRequest
from syntrust_gateway.uploads import service as uploads
from syntrust_metrics.trust import InvalidScores
from syntrust_metrics.trust.request.policy import read_policy


def create(container: Container, caller: Caller, request: NewVolumeScore) -> JobBody:
    """Accept label maps for scoring.

    Raises
    ------
    InvalidRequest
        With the pointer of the field that is not possible.
    InvalidFields
        If uploads are not there, or have not arrived whole.
    """
    _require_distinct(request.cases)
    _require_policy(request)
    requested = {pointer("cases", i, "upload"): case.upload for i, case in enumerate(request.cases)}
    taken = uploads.take(container, caller, requested, needs=VOLUME_ROLES)
    step = ScoreVolumes(
        cases=tuple(
            VolumeCase(
                id=case.id, group=case.group, scheme=request.scheme or found.scheme, **found.files
            )
            for case, found in zip(request.cases, taken.values(), strict=True)
        ),
        policy=request.policy,
    )
    shown = request.model_dump(mode="json", exclude_none=True)
    named = [
        replace(found, case=case.id)
        for case, found in zip(request.cases, taken.values(), strict=True)
    ]
    with container.write.begin() as session:
        job = jobs.add(
            container, session, caller, JobKind.TRUST_SCORE, (step,), spec=shown, uploads=named
        )
    return jobs.get_state(container, caller, job.id)


def _require_distinct(cases: Sequence[VolumeCaseRequest]) -> None:
    first: dict[str, int] = {}
    for index, case in enumerate(cases):
        if first.setdefault(case.id, index) != index:
            raise InvalidRequest(
                f"Case {case.id} is listed here and at /cases/{first[case.id]}; list it once.",
                pointer=pointer("cases", index, "id"),
            )


def _require_policy(request: NewVolumeScore) -> None:
    try:
        read_policy(request.policy)
    except InvalidScores as error:
        raise InvalidRequest(error.detail, pointer=error.pointer) from error
