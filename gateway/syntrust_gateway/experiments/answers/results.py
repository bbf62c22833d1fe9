"""What a finished experiment gives: the files of its report, and their provenance."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import RECIPES, FileInfo, Kind
from syntrust_core.errors import Conflict, InvalidRequest, NotFound
from syntrust_core.storage.verified import read_verified
from syntrust_gateway.auth.access import find_row
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import (
    Attempt,
    Dataset,
    Experiment,
    ExperimentStep,
    RunState,
    Step,
)
from syntrust_gateway.errors import NotYet
from syntrust_gateway.experiments.answers.cover import Cover, add_cover
from syntrust_gateway.experiments.answers.schemas import (
    AttemptRecord,
    ExperimentResults,
    PartialExperimentResults,
    Provenance,
    StepRecord,
)
from syntrust_gateway.lifecycle.pictures import require_shown
from syntrust_gateway.lifecycle.reads import healing, require_manifest

RESULTS_FILE: Final = "results.json"
REPORT_FILE: Final = "report.html"
TABLE_FILE: Final = "results.csv"


@dataclass(frozen=True)
class ReportFile:
    """A file of a report; its digest serves as entity tag."""

    content: bytes
    sha256: str


def read_results(
    container: Container, caller: Caller, experiment_id: str
) -> ExperimentResults | PartialExperimentResults:
    """Read the report's results, and add the experiment's id and provenance to them.

    Raises
    ------
    Conflict
        If the experiment has not ended, or failed without results.
    """
    with container.read() as session:
        experiment = find_row(session, caller, Experiment, experiment_id)
        info = find_file(session, experiment, RESULTS_FILE)
        provenance = _provenance(session, experiment)
    body = json.loads(read_file(container, info).content)
    added = {"experiment": experiment.id, "provenance": provenance}
    return cast("ExperimentResults | PartialExperimentResults", body | added)


def read_named_results(
    container: Container, caller: Caller, experiment_id: str, *, at: str
) -> bytes:
    """Read the results of an experiment that a body names: JSON without id and provenance.

    Raises
    ------
    InvalidRequest
        If the caller has no such experiment; `at` is the pointer of the field that names it.
    Conflict
        If the experiment has not ended, or failed without results.
    """
    try:
        return read_report_file(container, caller, experiment_id, RESULTS_FILE).content
    except NotFound as error:
        raise InvalidRequest(error.detail, pointer=at) from error


def read_report_file(
    container: Container, caller: Caller, experiment_id: str, name: str
) -> ReportFile:
    """Read a file of the experiment's report.

    Raises
    ------
    Conflict
        If the experiment has not ended, or failed without results.
    NotFound
        If its report has no such file, or shows a case in it that was withdrawn.
    """
    with container.read() as session:
        experiment = find_row(session, caller, Experiment, experiment_id)
        require_shown(session, experiment, name)
        info = find_file(session, experiment, name)
    return read_file(container, info)


def read_report(container: Container, caller: Caller, experiment_id: str) -> ReportFile:
    """Read the experiment's report, with its names on the cover and in the running header.

    Raises
    ------
    Conflict, NotFound
        As of `read_report_file`.
    """
    stored = read_report_file(container, caller, experiment_id, REPORT_FILE)
    with container.read() as session:
        cover = read_cover(session, find_row(session, caller, Experiment, experiment_id))
    served = add_cover(stored.content, cover)
    return ReportFile(served, hashlib.sha256(served).hexdigest())


def read_cover(session: Session, experiment: Experiment) -> Cover:
    dataset = session.get(Dataset, experiment.dataset_id)
    return Cover(
        title=experiment.name,
        experiment=experiment.id,
        finished=experiment.finished,
        dataset=None if dataset is None else dataset.name,
    )


def find_file(session: Session, experiment: Experiment, name: str) -> FileInfo:
    """Find a file of the report of an experiment that has ended.

    Raises
    ------
    Conflict
        If the experiment has not ended, or failed without results.
    NotFound
        If its report has no such file.
    """
    partial = experiment.state is RunState.FAILED and experiment.partial
    if experiment.state is not RunState.SUCCEEDED and not partial:
        refusal = Conflict if experiment.state.final else NotYet
        raise refusal(
            f"The experiment is {experiment.state}; there are results once it has succeeded, or "
            "once it has failed with other arms left.",
            state=str(experiment.state),
        )
    files = require_manifest(session.get_one(Step, experiment.report_step)).files
    found = files.get(name)
    if found is None:
        raise NotFound(f"The report has no {name}; it has {', '.join(sorted(files))}.")
    return found


def read_file(container: Container, info: FileInfo) -> ReportFile:
    """Read a file, or have it computed again if it is damaged."""
    with healing(container):
        return ReportFile(read_verified(container.store, info), info.sha256)


def _provenance(session: Session, experiment: Experiment) -> Provenance:
    steps = _steps(session, experiment.id)
    attempts = _attempts(session, experiment.id)
    return {
        "experiment": {
            "id": experiment.id,
            "name": experiment.name,
            "created": experiment.created.isoformat(),
            "finished": experiment.finished.isoformat() if experiment.finished else None,
        },
        "dataset": experiment.dataset_id,
        "spec": experiment.spec,
        "steps": [_step(step, attempts.get(step.id, [])) for step in steps],
        "recipes": dict(RECIPES),
        "versions": {"syntrust": version("syntrust-gateway"), "python": platform.python_version()},
    }


def _steps(session: Session, experiment: str) -> Iterable[Step]:
    query = (
        select(Step)
        .join(ExperimentStep, ExperimentStep.step_id == Step.id)
        .where(ExperimentStep.experiment_id == experiment)
        .order_by(ExperimentStep.position)
    )
    return session.scalars(query).all()


def _attempts(session: Session, experiment: str) -> dict[str, list[AttemptRecord]]:
    query = (
        select(Attempt)
        .join(ExperimentStep, ExperimentStep.step_id == Attempt.step_id)
        .where(ExperimentStep.experiment_id == experiment)
        .order_by(Attempt.started)
    )
    found: dict[str, list[AttemptRecord]] = {}
    for row in session.scalars(query):
        found.setdefault(row.step_id, []).append(
            {
                "attempt": row.attempt,
                "host": row.host,
                "started": row.started.isoformat(),
                "error": row.error,
            }
        )
    return found


def _step(step: Step, attempts: list[AttemptRecord]) -> StepRecord:
    made = (step.manifest or {}).get("made", {})
    return {
        "step": step.id,
        "kind": Kind(step.kind),
        "attempt": (step.manifest or {}).get("attempt"),
        "host": made.get("host"),
        "started": made.get("started"),
        "seconds": made.get("seconds"),
        "versions": made.get("versions", {}),
        "attempts": attempts,
    }
