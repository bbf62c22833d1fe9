"""`POST /models/{id}/bundle`: a job writes a trained segmenter as a MONAI bundle."""

from __future__ import annotations

from syntrust_core.contracts.job_steps import ExportBundle
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import JobKind
from syntrust_gateway.jobs import service as jobs
from syntrust_gateway.jobs.schemas import JobBody
from syntrust_gateway.models import registry as models


def create(container: Container, caller: Caller, model_id: str) -> JobBody:
    """Accept the export of a segmenter.

    Raises
    ------
    NotFound
        If there is no such model for this caller.
    InvalidRequest
        If it is not a segmenter.
    """
    model = models.find(container, caller, model_id)
    models.require_kind(model, "segmenter", at="")
    shown = {"model": {"name": model.name, "model": model.ref.model_dump(mode="json")}}
    with container.write.begin() as session:
        step = ExportBundle(model=model.ref)
        job = jobs.add(container, session, caller, JobKind.MODEL_EXPORT, (step,), spec=shown)
    return jobs.get_state(container, caller, job.id)
