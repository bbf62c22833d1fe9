"""Jobs: a few steps that somebody waits for. Accept them, watch them, cancel them, read results."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from syntrust_core.contracts.base import Kind, Manifest, Ref, StepMessage
from syntrust_core.contracts.case_record import CASE_FILE
from syntrust_core.contracts.job_steps import VOLUME_WARNINGS_FILE
from syntrust_core.errors import Conflict, NotFound
from syntrust_core.observability import tracing
from syntrust_core.storage.base import ObjectStore
from syntrust_core.storage.verified import read_verified
from syntrust_gateway.auth.access import PageQuery, find_row, read_page
from syntrust_gateway.auth.filters import RowFilter
from syntrust_gateway.auth.quotas import require_room_for_run
from syntrust_gateway.auth.service import Caller, audit
from syntrust_gateway.container import Container
from syntrust_gateway.db.content_tables import JobUpload
from syntrust_gateway.db.tables import Client, Job, JobKind, Model, RunState, Step
from syntrust_gateway.errors import TYPE_BASE, NotYet, pointer
from syntrust_gateway.jobs.schemas import JobBody, JobPage, JobProblem, JobProblemField, JobSummary
from syntrust_gateway.lifecycle.reads import healing, require_manifest
from syntrust_gateway.models.registry import MAKING_MODELS
from syntrust_gateway.runs import control
from syntrust_gateway.runs import tables as runs
from syntrust_gateway.runs.control import Verb
from syntrust_gateway.runs.progress import get_progress
from syntrust_gateway.runs.schemas import RunChanges
from syntrust_gateway.runs.tables import NOT_ENDED
from syntrust_gateway.runs.waiting import explain_waiting
from syntrust_gateway.uploads.links import FileLink, make_link, make_links
from syntrust_gateway.uploads.service import TakenUpload

RESULT_FILES: Final[Mapping[JobKind, str]] = {
    JobKind.SYNTHESIS: "twin.json",
    JobKind.SEGMENTATION: "segmentation.json",
    JobKind.TRUST_SCORE: "trust.json",
    JobKind.MODEL_IMPORT: "card.json",
    JobKind.MODEL_TRAINING: "card.json",
    JobKind.MODEL_EXPORT: "metadata.json",
}
SAMPLES_FILE: Final = "samples.png"


def add(
    container: Container,
    session: Session,
    caller: Caller,
    kind: JobKind,
    steps: Sequence[StepMessage],
    *,
    spec: Mapping[str, Any],
    uploads: Iterable[TakenUpload] = (),
    name: str | None = None,
    owner: int | None = None,
) -> Job:
    """Accept a job. `steps` are in order, the goal last; other runs may share them.

    It is planned once all that it takes of `uploads` is received. It is the caller's, unless it
    belongs to something of another `owner`, who then stores what it makes.

    Raises
    ------
    QuotaExceeded
        If the client has used up the bytes that it may store.
    """
    owner = caller.id if owner is None else owner
    require_room_for_run(session, owner, container.limits.stored_bytes)
    job = Job(
        kind=kind,
        name=name,
        spec=dict(spec),
        plan=[[step.KIND.value, step.model_dump(mode="json")] for step in steps],
        state=RunState.QUEUED,
        planned=False,
        owner=owner,
    )
    session.add(job)
    session.flush()
    for taken in {upload.id: upload for upload in uploads}.values():
        session.add(_waits_for(job, taken))
    audit(session, caller, "job.create", job.id, kind=str(kind))
    tracing.note_accepted(job.id, str(kind))
    return job


def _waits_for(job: Job, taken: TakenUpload) -> JobUpload:
    return JobUpload(
        job_id=job.id,
        upload_id=taken.id,
        roles=sorted(taken.files),
        case_id=taken.case,
        received=taken.received,
    )


def get_state(container: Container, caller: Caller, job_id: str) -> JobBody:
    with container.read() as session:
        job = find_row(session, caller, Job, job_id)
        progress = get_progress(session, container.coordinator, job)
        ahead = runs.runs_ahead(session, job)
        manifest = _manifest(session, job)
        waiting = explain_waiting(
            session, container.coordinator, job, is_running=bool(progress.running)
        )
    with healing(container):
        warnings = _warnings(container.store, manifest)
    return JobBody(
        **_summary(job).model_dump(),
        steps=progress.steps,
        running=progress.running,
        waiting=waiting,
        queue_position=ahead,
        eta_seconds=progress.eta_seconds,
        files=_files(container.store, job, manifest),
        warnings=warnings,
        error=_problem(job.error),
        request=job.spec,
    )


def list_page(session: Session, caller: Caller, query: PageQuery, wanted: RowFilter) -> JobPage:
    chosen = wanted.apply(session, Job, select(Job))
    rows = chosen.options(defer(Job.spec), defer(Job.plan), defer(Job.error))
    found, cursor = read_page(session, Job, rows, caller, query)
    return JobPage(items=[_summary(row) for row in found], next=cursor)


def change(container: Container, caller: Caller, job_id: str, verb: Verb) -> JobBody:
    """Cancel, pause, resume or retry a job; see `runs.control`."""
    with container.write.begin() as session:
        job = find_row(session, caller, Job, job_id)
        if verb == "retry":
            require_room_for_run(session, job.owner, container.limits.stored_bytes)
        if verb == "retry" and job.kind in MAKING_MODELS:
            require_free(session, caller, job.name or "")
        control.CHANGES[verb](session, caller, job)
    return get_state(container, caller, job_id)


def set_priority(container: Container, caller: Caller, job_id: str, changes: RunChanges) -> JobBody:
    with container.write.begin() as session:
        job = find_row(session, caller, Job, job_id)
        control.set_priority(session, caller, job, changes.priority)
    return get_state(container, caller, job_id)


def require_free(session: Session, caller: Caller, name: str) -> None:
    """Refuse the name of a model that the caller has, or that a job of theirs is making."""
    # Two requests for one name must not both find it free.
    session.execute(select(Client.id).where(Client.id == caller.id).with_for_update())
    made = select(Model.id).where(Model.owner == caller.id, Model.name == name)
    under_way = select(Job.id).where(
        Job.owner == caller.id,
        Job.name == name,
        Job.kind.in_(MAKING_MODELS),
        Job.state.in_(NOT_ENDED),
    )
    for query in (made, under_way):
        taken_by = session.scalars(query).first()
        if taken_by is not None:
            raise Conflict(f"You have a model {name} already ({taken_by}); choose another name.")


def read_result(container: Container, caller: Caller, job_id: str) -> bytes:
    """Read the JSON document that the job made.

    Raises
    ------
    Conflict
        If the job has not succeeded.
    NotFound
        If jobs of its kind make none.
    """
    with container.read() as session:
        job = find_row(session, caller, Job, job_id)
        manifest = _manifest(session, job)
    if job.kind not in RESULT_FILES:
        raise NotFound("A job that sets a report as a PDF makes no document but its file.")
    if manifest is None:
        refusal = Conflict if job.state.final else NotYet
        raise refusal(
            f"The job is {job.state}; there is a result once it has succeeded.",
            state=str(job.state),
        )
    with healing(container):
        return read_verified(container.store, manifest.files[RESULT_FILES[job.kind]])


def _manifest(session: Session, job: Job) -> Manifest | None:
    """Read what the job's goal published; None unless the job has succeeded."""
    if job.state is not RunState.SUCCEEDED:
        return None
    return require_manifest(session.get_one(Step, job.goal))


def _files(store: ObjectStore, job: Job, manifest: Manifest | None) -> dict[str, FileLink]:
    if manifest is not None:
        return make_links(store, manifest.files)
    if job.kind is JobKind.MODEL_TRAINING and job.goal is not None:
        # The training overwrites this picture of its samples from time to time.
        key = Ref(kind=Kind.TRAIN_GENERATOR, id=job.goal).live_artifact_key(SAMPLES_FILE)
        info = store.info(key)
        return {} if info is None else {SAMPLES_FILE: make_link(store, key, size=info.bytes)}
    return {}


def _warnings(store: ObjectStore, manifest: Manifest | None) -> list[str]:
    """List what was chosen or noticed in the uploads that the job's files came from."""
    files = {} if manifest is None else manifest.files
    if VOLUME_WARNINGS_FILE in files:
        return _told(json.loads(read_verified(store, files[VOLUME_WARNINGS_FILE])))
    if CASE_FILE not in files:
        return []
    record = json.loads(read_verified(store, files[CASE_FILE]))
    warnings = _told(record["warnings"])
    if record["resampling"] == "linear":
        spacing = "x".join(f"{edge:g}" for edge in record["canonical"]["spacing_mm"])
        warnings.append(f"Computed at {spacing} mm and brought back to the grid of the upload.")
    return warnings


def _told(problems: Iterable[Mapping[str, str]]) -> list[str]:
    return [f"{problem['file']}: {problem['reason']}" for problem in problems]


def _summary(job: Job) -> JobSummary:
    names = ("id", "kind", "name", "state", "priority", "created", "finished")
    return JobSummary(**{name: getattr(job, name) for name in names})


def _problem(error: Mapping[str, Any] | None) -> JobProblem | None:
    if error is None:
        return None
    problems = error.get("problems", ())
    known = {"slug", "text", "problems"}
    told = {name: value for name, value in error.items() if name not in known}
    return JobProblem(
        **told,
        type=TYPE_BASE + error["slug"],
        detail=error["text"],
        errors=[
            JobProblemField(pointer=pointer("files", item["file"]), detail=item["reason"])
            for item in problems
        ],
    )
