"""Withdraw a patient from a dataset: a tombstone stays, and what was made of the case goes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.log import get_logger
from syntrust_gateway.db.content_tables import Content
from syntrust_gateway.db.lifecycle_tables import Tombstone
from syntrust_gateway.db.session import insert_new
from syntrust_gateway.db.tables import (
    Case,
    CaseState,
    Dataset,
    Experiment,
    Job,
    JobKind,
    Model,
    RunState,
    Step,
    Upload,
    utc_now,
)
from syntrust_gateway.lifecycle.pictures import cut_reports, find_cut_reports, names_case
from syntrust_gateway.lifecycle.printed import find_pdfs
from syntrust_gateway.lifecycle.removal import (
    WITHDRAWN_SLUG,
    Removal,
    close_steps,
    find_dependants,
    unnamed_contents,
)
from syntrust_gateway.runs.tables import EXPERIMENTS, NOT_ENDED, TABLES, RunTable

log = get_logger(__name__)

IMAGES: Final = (
    Kind.SYNTHESISE_CASE,
    Kind.COMPARE_TWIN,
    Kind.PREDICT_CASES,
    Kind.EXPORT_IMAGES,
    Kind.SEGMENT_CASE,
)
"""Kinds that hold images, or label maps, of the case. Scores hold numbers; see `pictures`."""
WEIGHTS: Final = (Kind.TRAIN_SEGMENTER, Kind.TRAIN_GENERATOR)


@dataclass
class Withdrawal:
    """What a withdrawal has done: runs that failed, models that were marked or deleted.

    `kept_for` are other datasets of the same client that hold the same case; `reports_cut` are
    experiments whose report no longer has what shows it.
    """

    removal: Removal = field(default_factory=Removal)
    failed_runs: list[str] = field(default_factory=list)
    models_marked: list[str] = field(default_factory=list)
    models_deleted: list[str] = field(default_factory=list)
    kept_for: list[str] = field(default_factory=list)
    reports_cut: list[str] = field(default_factory=list)


def withdraw(
    session: Session,
    dataset: Dataset,
    case: Case,
    *,
    cascade_models: bool = False,
    at: datetime | None = None,
    tombstone_id: str | None = None,
) -> Withdrawal:
    """Withdraw a case that is inspected. The caller removes the bytes once this is committed."""
    done = Withdrawal()
    files, step = case.files, case.step
    row = Tombstone(
        dataset_id=dataset.id,
        case_id=case.case_id,
        owner=dataset.owner,
        step=step,
        contents=sorted({file["sha256"] for file in files.values()}),
        at=at or utc_now(),
    )
    row.id = tombstone_id or row.id
    session.add(row)
    case.state, case.files, case.record, case.problems = CaseState.WITHDRAWN, {}, None, []
    case.step = None
    session.flush()
    if step is not None:
        done.reports_cut = find_cut_reports(session, dataset, case.case_id)
        done.removal.add(cut_reports(session, step))
        done.removal.marked |= _close_pdfs(session, dataset, done.reports_cut)
        done.failed_runs = _fail_runs(session, dataset, case, step)
        _treat_models(session, dataset, case, step, done, delete=cascade_models)
        _close(session, dataset, step, done)
    cut_contents(session, dataset.owner, row.contents)
    done.removal.keys |= unnamed_contents(session, (str(file["key"]) for file in files.values()))
    log.info("case.withdrawn", dataset=dataset.id, runs=len(done.failed_runs))
    return done


def _close_pdfs(session: Session, dataset: Dataset, experiments: list[str]) -> set[Ref]:
    """Let no PDF of these experiments be read or published: each lists their cases."""
    pdfs = find_pdfs(session, experiments)
    close_steps(session, pdfs, _text(dataset))
    return pdfs


def _text(dataset: Dataset) -> str:
    return (
        f"A case of the dataset {dataset.id} was withdrawn, and what was made of it is gone. "
        f"Derive a dataset without it (POST /datasets/{dataset.id}/derive) and ask again."
    )


def _fail_runs(session: Session, dataset: Dataset, case: Case, step: str) -> list[str]:
    """Fail the runs of this dataset that use the case; their steps are then cancelled."""
    text = f"The case {case.case_id} was withdrawn. {_text(dataset)}"
    values = {
        "state": RunState.FAILED,
        "error": {"slug": WITHDRAWN_SLUG, "text": text},
        "finished": utc_now(),
        "partial": False,
    }
    failed = []
    for table in TABLES:
        for run in _live_users(session, table, dataset, case.case_id, step):
            session.execute(update(table.rows).where(table.rows.id == run).values(values))
            failed.append(run)
    return failed


def _live_users(
    session: Session, table: RunTable, dataset: Dataset, case: str, step: str
) -> list[str]:
    live = (table.rows.owner == dataset.owner) & table.rows.state.in_(NOT_ENDED)
    if table is EXPERIMENTS:
        here = select(Experiment).where(live, Experiment.dataset_id == dataset.id)
        return [row.id for row in session.scalars(here).all() if names_case(row.spec, case)]
    jobs = session.scalars(select(Job).where(live)).all()
    return [job.id for job in jobs if _is_used(session, job, dataset, case, step)]


def _is_used(session: Session, job: Job, dataset: Dataset, case: str, step: str) -> bool:
    """Whether a job has to do with the case; a PDF has if its experiment does."""
    if job.kind is JobKind.REPORT_PDF:
        experiment = session.get(Experiment, job.spec["experiment"])
        return experiment is not None and names_case(experiment.spec, case)
    return dataset.id in json.dumps(job.spec) or step in str(job.plan)


def _treat_models(
    session: Session, dataset: Dataset, case: Case, step: str, done: Withdrawal, *, delete: bool
) -> None:
    """Mark the weights that were trained on the case, or delete them."""
    trained = find_dependants(session, step, (*IMAGES, *WEIGHTS))
    weights = {ref.id: ref for ref in trained if ref.kind in WEIGHTS}
    own = (Model.owner == dataset.owner) & Model.step.in_(list(weights))
    for model in session.scalars(select(Model).where(own)).all():
        if delete:
            session.delete(model)
            done.models_deleted.append(model.id)
            done.removal.marked.add(weights[model.step])
        else:
            model.card = _marked(model.card, case.case_id)
            done.models_marked.append(model.id)
    session.flush()
    done.removal.marked -= _of_others(session, dataset, done.removal.marked)
    close_steps(session, done.removal.marked, _text(dataset))


def _marked(card: Mapping[str, Any], case: str) -> dict[str, Any]:
    """Note a withdrawn case in the card that callers read."""
    if "card" in card:
        return {**card, "card": _marked(card["card"], case)}
    return {**card, "withdrawn_cases": sorted({*card.get("withdrawn_cases", ()), case})}


def _of_others(session: Session, dataset: Dataset, refs: Iterable[Ref]) -> set[Ref]:
    """Find the artifacts that other clients have models or runs of."""
    kept: set[Ref] = set()
    for ref in refs:
        queries = [select(Model.id).where(Model.step == ref.id)]
        for table in TABLES:
            links = select(table.rows.id).join(table.links, table.run_id == table.rows.id)
            others = table.links.step_id == ref.id, table.rows.owner != dataset.owner
            queries.append(links.where(*others))
        if any(session.scalars(query.limit(1)).first() for query in queries):
            kept.add(ref)
    return kept


def _close(session: Session, dataset: Dataset, step: str, done: Withdrawal) -> None:
    """Remove images of the case, unless somebody else's live dataset holds the same case."""
    query = select(Dataset.id, Dataset.owner).join(Case, Case.dataset_id == Dataset.id)
    others = session.execute(query.where(Case.step == step)).all()
    done.kept_for = [row.id for row in others if row.owner == dataset.owner]
    if others:
        return
    inspection = Ref(kind=Kind.INSPECT_CASE, id=step)
    gone = {inspection, *find_dependants(session, step, IMAGES)}
    close_steps(session, gone, _text(dataset))
    done.removal.marked |= gone


def cut_contents(session: Session, owner: int, contents: Iterable[str]) -> None:
    """Forget that the client has proven these files, unless something else of it names them."""
    left = set(contents)
    cases = select(Case.files).join(Dataset, Dataset.id == Case.dataset_id)
    own = cases.where(Dataset.owner == owner, Case.state != CaseState.WITHDRAWN)
    for query in (own, select(Upload.files).where(Upload.owner == owner)):
        for files in session.scalars(query):
            left -= {file["sha256"] for file in files.values()}
    for sha256 in left:
        row = session.get(Content, (owner, sha256))
        if row is not None:
            session.delete(row)


def apply_tombstones(session: Session, tombstones: Iterable[Mapping[str, Any]]) -> Removal:
    """Withdraw, after a restore, what was withdrawn before or since."""
    removal = Removal()
    for told in tombstones:
        case = session.get(Case, (told["dataset_id"], told["case_id"]))
        known = session.get(Tombstone, told["id"]) is not None
        if case is not None and case.state is not CaseState.WITHDRAWN:
            dataset = session.get_one(Dataset, case.dataset_id)
            at = datetime.fromisoformat(told["at"])
            name = None if known else told["id"]
            removal.add(withdraw(session, dataset, case, at=at, tombstone_id=name).removal)
        elif not known:
            values = {**told, "at": datetime.fromisoformat(told["at"])}
            insert_new(session, Tombstone, [values])
    return removal


def list_withdrawn_steps(session: Session) -> set[str]:
    """List the steps that were closed because of a withdrawal."""
    query = select(Step.id).where(
        Step.error.is_not(None), Step.error["slug"].as_string() == WITHDRAWN_SLUG
    )
    return set(session.scalars(query))
