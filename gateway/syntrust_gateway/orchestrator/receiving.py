"""Uploads are received before steps are shared: cases are inspected and jobs planned only then.

A step is named by the digests of its files. So whoever only knows a digest must not come so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, select, true
from sqlalchemy.orm import Session

from syntrust_core.errors import InvalidVolume, PlatformError
from syntrust_core.log import get_logger
from syntrust_core.runtime.runner import INTERNAL_TEXT
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.db.content_tables import JobUpload
from syntrust_gateway.db.session import insert_new
from syntrust_gateway.db.tables import (
    Case,
    Dataset,
    Job,
    JobStep,
    RunState,
    Step,
    StepState,
    Upload,
)
from syntrust_gateway.orchestrator.demand import ensure_steps
from syntrust_gateway.orchestrator.reconcile import Clock, Servers
from syntrust_gateway.orchestrator.rewritten_plans import name_kept_files
from syntrust_gateway.runs.ready_steps import make_ready
from syntrust_gateway.runs.tables import JOBS, LIVE, RunTable
from syntrust_gateway.uploads.receipts import is_received, make_receipt, take_receipt

log = get_logger(__name__)

BEFORE_THE_PLAN: Final = -1
"""Position of receiving steps among the steps of a job."""


class Wanted(NamedTuple):
    """A job that is not planned yet, an upload, and which roles of it the job needs."""

    row: JobUpload
    upload: Upload
    job: Job


def take_case_receipt(session: Session, store: ObjectStore, case: Case, step: Step) -> list[Any]:
    """Take what was received of a case; give the problems, or have the case inspected if none."""
    owner = session.get_one(Dataset, case.dataset_id).owner
    problems = take_receipt(session, store, owner, case, step)
    case.step = None
    return problems


def has_its_uploads(table: RunTable) -> ColumnElement[bool]:
    """Say in SQL whether a run may be planned: whether all the uploads it names are received."""
    if table is not JOBS:
        return true()
    missing = select(JobUpload).where(JobUpload.job_id == Job.id, JobUpload.received.is_(False))
    return ~missing.exists()


def receive_uploads(session: Session, servers: Servers) -> None:
    """Bring the uploads that jobs wait for one step further: to be received, taken or refused."""
    wanted = _list_wanted(session)
    uploads = {each.upload.id: each.upload for each in wanted}.values()
    failed = _take_receipts(session, servers.store, uploads)
    for each in wanted:
        with _contained(each.job, servers.clock):
            _judge(session, each, failed.get(each.upload.id), servers.clock)
    waiting = [each for each in wanted if not (each.row.received or each.job.state.final)]
    _give_steps(session, servers, waiting)


@contextmanager
def _contained(job: Job, clock: Clock) -> Iterator[None]:
    """Fail a job whose rows cannot be used, so that the others go on."""
    try:
        yield
    except (KeyError, TypeError, ValueError):
        log.exception("orchestrator.upload_not_readable", run=job.id)
        _fail(job, {"slug": PlatformError.slug, "text": INTERNAL_TEXT}, clock)


def has_wanted(session: Session) -> bool:
    """Whether `receive_uploads` may have something to do."""
    return session.scalar(_of_waiting_jobs(select(JobUpload.job_id)).limit(1)) is not None


def _of_waiting_jobs(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return query.join(Job, Job.id == JobUpload.job_id).where(
        Job.state.in_(LIVE), Job.planned.is_(False), JobUpload.received.is_(False)
    )


def _list_wanted(session: Session) -> list[Wanted]:
    query = select(JobUpload, Upload, Job).join(Upload, Upload.id == JobUpload.upload_id)
    ordered = _of_waiting_jobs(query).order_by(Job.created, Job.id, Upload.id)
    return [Wanted(*found) for found in session.execute(ordered)]


def _take_receipts(
    session: Session, store: ObjectStore, uploads: Iterable[Upload]
) -> dict[str, Step]:
    """Take what finished steps have received or refused; give those that failed, by upload."""
    failed = {}
    for upload in uploads:
        step = None if upload.step is None else session.get_one(Step, upload.step)
        if step is None or step.state is StepState.WAITING:
            continue
        upload.step = None
        if step.state is StepState.FAILED:
            failed[upload.id] = step
        else:
            problems = take_receipt(session, store, upload.owner, upload, step)
            upload.problems = [*upload.problems, *problems]
    return failed


def _judge(session: Session, wanted: Wanted, failed: Step | None, clock: Clock) -> None:
    """End a job that cannot have its upload, and note it where it has all of it."""
    row, upload, job = wanted
    problems = [problem for problem in upload.problems if problem["file"] in row.roles]
    if problems:
        _fail(job, _refusal(problems[0], row.case_id), clock)
    elif failed is not None and session.get(JobStep, (job.id, failed.id)) is not None:
        _fail(job, {**(failed.error or {}), "step": failed.id, "kind": failed.kind}, clock)
    else:
        row.received = all(is_received(upload.files[role]) for role in row.roles)
        if row.received:
            job.plan = name_kept_files(session, upload.owner, job.plan)


def _refusal(problem: Mapping[str, Any], case: str | None) -> dict[str, Any]:
    told = {"slug": InvalidVolume.slug, "file": problem["file"], "field": problem["field"]}
    if case is None:
        return {**told, "text": problem["reason"]}
    return {**told, "case": case, "text": f"Case {case}, {problem['file']}: {problem['reason']}"}


def _fail(job: Job, error: dict[str, Any], clock: Clock) -> None:
    job.state, job.error, job.finished = RunState.FAILED, error, clock()


def _give_steps(session: Session, servers: Servers, waiting: Sequence[Wanted]) -> None:
    """Make sure that each upload is being received, by a step that every waiting job wants."""
    for row, upload, job in waiting:
        if upload.step is None:
            with _contained(job, servers.clock):
                receipt = make_receipt({role: upload.files[role] for role in row.roles})
                asked = [] if receipt is None else [receipt]
                steps = ensure_steps(session, servers.store, asked, owner=upload.owner)
                upload.step = next(iter(steps), None)
    session.flush()
    received = [each for each in waiting if each.upload.step]
    insert_new(session, JobStep, [_link(each) for each in received])
    make_ready(session, {str(each.upload.step) for each in received})


def _link(wanted: Wanted) -> dict[str, Any]:
    return {
        "job_id": wanted.job.id,
        "step_id": wanted.upload.step,
        "position": BEFORE_THE_PLAN,
    }
