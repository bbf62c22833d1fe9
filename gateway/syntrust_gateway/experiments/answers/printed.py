"""The report of an experiment as a PDF: a job sets it when it is first asked for.

The PDF holds what the client calls its experiment, and the day it ended, so it can be no step of
the experiment's own plan: other clients share the report, and the day is known afterwards. A new
name gives another step, and so another PDF. Whether there is a PDF changes nothing of results.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from syntrust_core.contracts.base import FileInfo
from syntrust_core.contracts.report import PrintReport
from syntrust_core.errors import Conflict
from syntrust_gateway.auth.access import find_row
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Experiment, Job, JobKind, RunState, Step
from syntrust_gateway.experiments.answers.results import (
    REPORT_FILE,
    ReportFile,
    find_file,
    read_cover,
    read_file,
)
from syntrust_gateway.jobs import service as jobs
from syntrust_gateway.jobs.accepted import AcceptedPrinting
from syntrust_gateway.jobs.schemas import JobBody
from syntrust_gateway.lifecycle.pictures import require_shown
from syntrust_gateway.lifecycle.printed import printing_jobs
from syntrust_gateway.lifecycle.reads import require_manifest

PDF_FILE: Final = "report.pdf"


class _Printing(NamedTuple):
    """What is to be printed, for whom, and the request as the job shows it."""

    message: PrintReport
    owner: int
    shown: AcceptedPrinting


def read_pdf(container: Container, caller: Caller, experiment_id: str) -> ReportFile | JobBody:
    """Read the report as a PDF, or give the job that sets it; the first call begins that job.

    Raises
    ------
    Conflict
        If the experiment has not ended or has no results, or if the PDF could not be made.
    NotFound
        If there is no such experiment, or its report shows a case that was withdrawn.
    """
    with container.read() as session:
        asked = _read_request(session, caller, experiment_id)
        job = _find_job(session, asked)
        info = None if job is None else _find_pdf(session, job)
    if info is not None:
        return read_file(container, info)
    identity = _begin(container, caller, asked) if job is None else job.id
    return jobs.get_state(container, caller, identity)


def _read_request(session: Session, caller: Caller, experiment_id: str) -> _Printing:
    experiment = find_row(session, caller, Experiment, experiment_id)
    require_shown(session, experiment, PDF_FILE)
    find_file(session, experiment, REPORT_FILE)
    cover = read_cover(session, experiment)
    message = PrintReport.model_validate(
        {
            "report": experiment.report_step,
            "experiment": experiment.id,
            "title": cover.shown_title,
            "finished": cover.finished,
            "dataset": cover.shown_dataset,
        }
    )
    shown: AcceptedPrinting = {
        "experiment": experiment.id,
        "dataset": experiment.dataset_id,
        "title": message.title,
        "dataset_name": message.dataset,
        "finished": message.finished.isoformat(),
    }
    return _Printing(message, experiment.owner, shown)


def _find_job(session: Session, asked: _Printing) -> Job | None:
    """Find the latest job that sets this very PDF."""
    jobs_of = printing_jobs([asked.message.experiment]).where(Job.owner == asked.owner)
    found = session.scalars(jobs_of.order_by(Job.id.desc()))
    return next((job for job in found if job.plan == _plan(asked.message)), None)


def _plan(message: PrintReport) -> list[Any]:
    return [[message.KIND.value, message.model_dump(mode="json")]]


def _find_pdf(session: Session, job: Job) -> FileInfo | None:
    """Find what a job has made; None while it goes on."""
    if job.state is RunState.SUCCEEDED:
        return require_manifest(session.get_one(Step, job.goal)).files[PDF_FILE]
    if not job.state.final:
        return None
    why = "" if job.error is None else f" {job.error['text']}"
    raise Conflict(
        f"The report could not be set as a PDF: the job {job.id} is {job.state}.{why} "
        f"Ask for it again with POST /jobs/{job.id}/retry; report.html is there.",
        job=job.id,
        state=str(job.state),
    )


def _begin(container: Container, caller: Caller, asked: _Printing) -> str:
    with container.write.begin() as session:
        job = jobs.add(
            container,
            session,
            caller,
            JobKind.REPORT_PDF,
            (asked.message,),
            spec=dict(asked.shown),
            owner=asked.owner,
        )
        return job.id
