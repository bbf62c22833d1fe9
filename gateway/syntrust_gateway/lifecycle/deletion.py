"""Delete what a client has: refuse while something depends on it, or remove that too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.errors import Conflict, NotFound
from syntrust_gateway.auth.access import find_row
from syntrust_gateway.auth.service import Caller, audit
from syntrust_gateway.container import Container
from syntrust_gateway.db.content_tables import JobUpload
from syntrust_gateway.db.schedule_tables import StepNeed
from syntrust_gateway.db.session import in_chunks
from syntrust_gateway.db.tables import Case, Dataset, Experiment, Job, Model, Run, Step, Upload
from syntrust_gateway.lifecycle.collection import forget_steps, wanted_steps
from syntrust_gateway.lifecycle.printed import printing_jobs
from syntrust_gateway.lifecycle.removal import Removal, remove, unnamed_contents
from syntrust_gateway.lifecycle.schemas import RemovedBody
from syntrust_gateway.lifecycle.withdrawal import cut_contents
from syntrust_gateway.models import registry as models
from syntrust_gateway.runs.tables import TABLES, get_table

_IDS_AT_ONCE = 500


@dataclass
class Doomed:
    """Rows that go together, and what hung on them."""

    datasets: list[Dataset] = field(default_factory=list)
    experiments: list[Experiment] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    models: list[Model] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)

    def rows(self) -> list[Any]:
        """List all rows, those first that others refer to last."""
        return [*self.models, *self.jobs, *self.experiments, *self.uploads, *self.datasets]

    def runs(self) -> list[Run]:
        return [*self.jobs, *self.experiments]


def delete_dataset(
    container: Container, caller: Caller, dataset_id: str, *, cascade: bool
) -> RemovedBody:
    """Delete a dataset, and with `cascade` all experiments and trainings on it."""
    with container.write.begin() as session:
        dataset = find_row(session, caller, Dataset, dataset_id, lock=True)
        doomed = Doomed(datasets=[dataset])
        _add_users(session, doomed, dataset)
        _require(doomed, doomed.runs(), dataset_id, "dataset", cascade=cascade)
        removed, removal = _delete(session, caller, doomed, "dataset.delete", dataset.id)
    return _finish(container, removed, removal)


def delete_experiment(
    container: Container, caller: Caller, experiment_id: str, *, cascade: bool
) -> RemovedBody:
    """Delete an experiment with its report and PDFs, with `cascade` also the models it trained."""
    with container.write.begin() as session:
        experiment = find_row(session, caller, Experiment, experiment_id, lock=True)
        doomed = Doomed(experiments=[experiment])
        doomed.jobs += session.scalars(printing_jobs([experiment.id])).all()
        _add_models(session, doomed, experiment)
        _require(doomed, doomed.models, experiment_id, "experiment", cascade=cascade)
        removed, removal = _delete(session, caller, doomed, "experiment.delete", experiment.id)
    return _finish(container, removed, removal)


def delete_job(container: Container, caller: Caller, job_id: str, *, cascade: bool) -> RemovedBody:
    """Delete a job with its files, and with `cascade` the model that it made."""
    with container.write.begin() as session:
        job = find_row(session, caller, Job, job_id, lock=True)
        doomed = Doomed(jobs=[job])
        _add_models(session, doomed, job)
        _require(doomed, doomed.models, job_id, "job", cascade=cascade)
        removed, removal = _delete(session, caller, doomed, "job.delete", job.id)
    return _finish(container, removed, removal)


def delete_model(
    container: Container, caller: Caller, name_or_id: str, *, cascade: bool
) -> RemovedBody:
    """Delete a model, and with `cascade` the runs that use it and have not ended.

    Raises
    ------
    Conflict
        If it is one of the store, which all clients have.
    """
    found = models.find(container, caller, name_or_id)
    with container.write.begin() as session:
        model = session.get(Model, found.id, with_for_update=True)
        if model is None:
            raise Conflict(f"{found.name} is a model of the platform; all clients have it.")
        if not caller.may_see(model.owner):
            raise NotFound(f"There is no model {name_or_id}.")
        doomed = Doomed(models=[model])
        users = _live_users(session, model)
        _add_runs(doomed, users)
        _require(doomed, users, found.name, "model", cascade=cascade)
        removed, removal = _delete(session, caller, doomed, "model.delete", model.id)
    return _finish(container, removed, removal)


def delete_upload(
    container: Container, caller: Caller, upload_id: str, *, cascade: bool
) -> RemovedBody:
    """Delete an upload with its files, and with `cascade` the jobs that still need it."""
    with container.write.begin() as session:
        upload = find_row(session, caller, Upload, upload_id, lock=True)
        jobs = select(Job).join(JobUpload, JobUpload.job_id == Job.id)
        users = session.scalars(jobs.where(JobUpload.upload_id == upload.id)).all()
        live = [job for job in users if not job.state.final]
        doomed = Doomed(uploads=[upload], jobs=live)
        _require(doomed, live, upload_id, "upload", cascade=cascade)
        removed, removal = _delete(session, caller, doomed, "upload.delete", upload.id)
    return _finish(container, removed, removal)


def _add_users(session: Session, doomed: Doomed, dataset: Dataset) -> None:
    """Add the experiments and trainings on a dataset, and what they made."""
    experiments = select(Experiment).where(Experiment.dataset_id == dataset.id)
    doomed.experiments += session.scalars(experiments).all()
    jobs = session.scalars(select(Job).where(Job.owner == dataset.owner)).all()
    doomed.jobs += [job for job in jobs if _names(job.spec, dataset.id)]
    for run in doomed.runs():
        _add_models(session, doomed, run)


def _names(spec: Any, dataset: str) -> bool:  # noqa: ANN401 - JSON
    match spec:
        case {"dataset": str(named)} if named == dataset:
            return True
        case dict():
            return any(_names(value, dataset) for value in spec.values())
    return False


def _add_models(session: Session, doomed: Doomed, run: Run) -> None:
    """Add the models that a run has made."""
    table = get_table(run)
    steps = select(table.links.step_id).where(table.run_id == run.id)
    found = session.scalars(select(Model).where(Model.owner == run.owner, Model.step.in_(steps)))
    known = {model.id for model in doomed.models}
    doomed.models += [m for m in found if _is_made_by(m, run) and m.id not in known]


def _is_made_by(model: Model, run: Run) -> bool:
    return model.id == run.id or (model.card.get("made_by") or {}).get("experiment") == run.id


def _live_users(session: Session, model: Model) -> list[Run]:
    """List the runs that need the model and have not ended."""
    needing = select(StepNeed.step_id).where(StepNeed.need_id == model.step)
    found: list[Run] = []
    for table in TABLES:
        users = select(table.run_id).where(table.links.step_id.in_(needing))
        rows = session.scalars(select(table.rows).where(table.rows.id.in_(users)))
        found += [run for run in rows if not run.state.final and run.owner == model.owner]
    return found


def _add_runs(doomed: Doomed, runs: Iterable[Run]) -> None:
    for run in runs:
        if isinstance(run, Job):
            doomed.jobs.append(run)
        elif isinstance(run, Experiment):
            doomed.experiments.append(run)


def _require(
    doomed: Doomed, dependants: Sequence[Any], what: str, kind: str, *, cascade: bool
) -> None:
    """Refuse while something depends on what is to go, or has not ended, unless asked for both."""
    if cascade:
        return
    live = [run for run in doomed.runs() if not run.state.final]
    if not (live or dependants):
        return
    named = dict.fromkeys(f"{row.__tablename__} {row.id}" for row in (*dependants, *live))
    listed = ", ".join(list(named)[:10]) + (" and more" if len(named) > 10 else "")
    raise Conflict(
        f"The {kind} {what} is used or has not ended: {listed}. "
        "Ask with `cascade=true` to remove these too.",
        dependants=len(named),
    )


def _delete(
    session: Session, caller: Caller, doomed: Doomed, action: str, target: str
) -> tuple[RemovedBody, Removal]:
    """Delete the rows, then the steps that nobody has any more; what is to leave the store."""
    steps, files = _steps_of(session, doomed), list(_files_of(session, doomed))
    owners = {row.owner for row in doomed.datasets} | {row.owner for row in doomed.uploads}
    named = {name: [row.id for row in rows] for name, rows in vars(doomed).items()}
    for upload in doomed.uploads:
        session.execute(delete(JobUpload).where(JobUpload.upload_id == upload.id))
    for row in doomed.rows():
        session.execute(delete(type(row)).where(type(row).id == row.id))
    session.flush()
    removal = Removal(artifacts=_unwanted(session, steps))
    forget_steps(session, [ref.id for ref in removal.artifacts])
    keys = [str(file["key"]) for file in files]
    removal.keys = unnamed_contents(session, keys) | {key for key in keys if _is_staged(key)}
    for owner in owners:
        cut_contents(session, owner, {file["sha256"] for file in files})
    told = RemovedBody(**named, steps=len(removal.artifacts), objects=0)
    audit(session, caller, action, target, **told.model_dump(exclude={"objects"}))
    return told, removal


def _is_staged(key: str) -> bool:
    return key.startswith("staging/")


def _steps_of(session: Session, doomed: Doomed) -> set[str]:
    steps = {model.step for model in doomed.models}
    for run in doomed.runs():
        table = get_table(run)
        steps.update(
            session.scalars(select(table.links.step_id).where(table.run_id == run.id)).all()
        )
    for dataset in doomed.datasets:
        query = select(Case.step).where(Case.dataset_id == dataset.id, Case.step.is_not(None))
        steps.update(step for step in session.scalars(query) if step is not None)
    return steps | {upload.step for upload in doomed.uploads if upload.step is not None}


def _files_of(session: Session, doomed: Doomed) -> Iterable[dict[str, Any]]:
    for dataset in doomed.datasets:
        for files in session.scalars(select(Case.files).where(Case.dataset_id == dataset.id)):
            yield from files.values()
    for upload in doomed.uploads:
        yield from upload.files.values()


def _unwanted(session: Session, steps: Iterable[str]) -> set[Ref]:
    found: set[Ref] = set()
    for chunk in in_chunks(steps, _IDS_AT_ONCE):
        query = select(Step.id, Step.kind).where(Step.id.in_(chunk))
        rows = session.execute(query.where(Step.id.not_in(wanted_steps())))
        found |= {Ref(kind=Kind(kind), id=step) for step, kind in rows}
    return found


def _finish(container: Container, removed: RemovedBody, removal: Removal) -> RemovedBody:
    """Remove the bytes, now that the rows are gone for good."""
    return removed.model_copy(update={"objects": remove(container.store, removal)})
