"""Reports that show a withdrawn patient: their pictures and pages go, their numbers stay.

Figure 2 shows some of the test cases, with their ids, and report.html and its PDF list every case
with its volumes. `results.json`, `results.csv` and the other figures hold numbers, which other
results may rest on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import null, select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Kind, Manifest, Ref
from syntrust_core.errors import NotFound
from syntrust_gateway.db.lifecycle_tables import Tombstone
from syntrust_gateway.db.schedule_tables import StepNeed
from syntrust_gateway.db.tables import Case, Dataset, Experiment, RunState, Step, StepState
from syntrust_gateway.lifecycle.removal import Removal
from syntrust_gateway.runs.tables import EXPERIMENTS

PAGES: Final = frozenset({"report.html", "report.pdf"})
PICTURES: Final = frozenset({"fig2.svg", "fig2.png"})
_PARTS: Final = ("train", "validation", "test")


def names_case(spec: Any, case: str) -> bool:  # noqa: ANN401 - JSON
    """Whether an experiment's spec has the case in one of its parts."""
    return isinstance(spec, dict) and any(case in spec.get(part, ()) for part in _PARTS)


def find_cut_reports(session: Session, dataset: Dataset, case: str) -> list[str]:
    """Find the experiments on a dataset that have ended, and whose reports hold the case."""
    ended = Experiment.state.in_((RunState.SUCCEEDED, RunState.FAILED))
    query = select(Experiment).where(Experiment.dataset_id == dataset.id, ended)
    found = session.scalars(query.order_by(Experiment.id)).all()
    return [
        row.id
        for row in found
        if names_case(row.spec, case) and (row.state is RunState.SUCCEEDED or row.partial)
    ]


def cut_reports(session: Session, step: str) -> Removal:
    """Take what shows a case, by its inspection, out of every report that nobody else needs whole.

    From then on the manifests that are recorded name the other files only.
    """
    removal = Removal()
    query = (
        select(Step)
        .join(StepNeed, StepNeed.step_id == Step.id)
        .where(StepNeed.need_id == step, Step.kind == str(Kind.BUILD_REPORT))
        .where(Step.state == StepState.DONE, Step.manifest.is_not(null()))
    )
    for report in session.scalars(query).all():
        if not _is_needed_whole(session, report.id, step):
            _cut(report, step, removal)
    return removal


def _is_needed_whole(session: Session, report: str, step: str) -> bool:
    """Whether an experiment with this report is on a dataset that still holds the case."""
    live = (
        select(Case.step)
        .join(Experiment, Experiment.dataset_id == Case.dataset_id)
        .join(EXPERIMENTS.links, EXPERIMENTS.run_id == Experiment.id)
        .where(EXPERIMENTS.links.step_id == report, Case.step == step)
    )
    return session.scalars(live.limit(1)).first() is not None


def _cut(report: Step, step: str, removal: Removal) -> None:
    manifest = Manifest.model_validate(report.manifest)
    gone = set(_showing(report.message, step)) & manifest.files.keys()
    kept = {name: info for name, info in manifest.files.items() if name not in gone}
    left = manifest.model_copy(update={"files": kept})
    report.manifest = left.model_dump(mode="json")
    report.bytes = sum(info.bytes for info in kept.values())
    removal.keys |= {manifest.files[name].key for name in gone}
    removal.cut[Ref(kind=Kind.BUILD_REPORT, id=report.id)] = left


def _showing(message: Any, step: str) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Give the names of the files that may show the case: which are pictured is not recorded."""
    yield from PAGES
    parts = {case["part"] for case in message["cases"] if case["case"] == step}
    if "test" in parts:
        yield from PICTURES


def require_shown(session: Session, experiment: Experiment, name: str) -> None:
    """Refuse a file of a report that shows a case which was withdrawn from its dataset.

    Raises
    ------
    NotFound
        If it does, even where others still need the file.
    """
    if name not in PAGES | PICTURES:
        return
    gone = select(Tombstone.case_id).where(Tombstone.dataset_id == experiment.dataset_id)
    shown = _PARTS if name in PAGES else ("test",)
    for case in session.scalars(gone):
        if any(case in experiment.spec.get(part, ()) for part in shown):
            raise NotFound(
                f"{name} may show the case {case}, which was withdrawn. The numbers of this "
                "experiment stay; for a whole report, ask for an experiment on a dataset without "
                f"the case: POST /datasets/{experiment.dataset_id}/derive."
            )
