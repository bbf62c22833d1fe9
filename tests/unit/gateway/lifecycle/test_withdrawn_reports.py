"""A finished report shows a withdrawn patient no more, and keeps its numbers."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness, compute

from syntrust_core.contracts.base import Kind, Manifest, StepMessage
from syntrust_core.errors import NotFound
from syntrust_core.runtime.runner import StepContext
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Case, Dataset, DatasetState, Role, RunState, Step
from syntrust_gateway.experiments.answers.results import read_report_file
from syntrust_gateway.lifecycle.collection import Collector
from syntrust_gateway.lifecycle.datasets import withdraw_case
from syntrust_gateway.lifecycle.schemas import WithdrawnBody
from syntrust_gateway.lifecycle.verification import Verifier

ADMIN = Caller(id=1, name="a", role=Role.ADMIN)
FILES = {"report.html", "fig2.svg", "fig2.png", "fig4.svg", "results.json", "results.csv"}
SHOWING = {"report.html", "fig2.svg", "fig2.png"}
TESTED: dict[str, Any] = {"train": ["p1", "p2"], "test": ["p0", "p3"]}
TRAINED: dict[str, Any] = {"train": ["p0", "p1"], "test": ["p2", "p3"]}
LEFT_OUT: dict[str, Any] = {"train": ["p1", "p2"], "test": ["p3", "p4"]}


def write(message: StepMessage, context: StepContext) -> None:
    """Give a report the files that a real one has."""
    if message.KIND is Kind.BUILD_REPORT:
        for name in FILES:
            path = context.scratch / name
            path.write_text(f"{name} of {message.step_id}")
            context.add(name, path)
    compute(message, context)


@pytest.fixture
def served(harness: OrchestratorHarness) -> Container:
    return Container(harness.write, harness.read, harness.store, harness.coordinator)


def run(harness: OrchestratorHarness, dataset: str, split: dict[str, Any]) -> str:
    experiment = harness.experiment(dataset, split=split)
    harness.drain(write)
    assert harness.state(experiment).state is RunState.SUCCEEDED
    return experiment


def withdraw(served: Container, dataset: str) -> WithdrawnBody:
    done = withdraw_case(served, ADMIN, dataset, "p0", cascade_models=False)
    assert done is not None
    return done


def files_of(harness: OrchestratorHarness, experiment: str) -> dict[str, str]:
    """The files of an experiment's report by name, those that the store has."""
    with harness.read() as session:
        step = session.get_one(Step, harness.state(experiment).goal)
    keys = [item.key for item in harness.store.list(f"artifacts/build_report/{step.id}/")]
    return {key.rpartition("/")[2]: key for key in keys if key.rpartition("/")[2] in FILES}


def readable(served: Container, experiment: str) -> set[str]:
    """The files that the client is given. Of the others it is told why."""
    return {name for name in FILES if is_given(served, experiment, name)}


def is_given(served: Container, experiment: str, name: str) -> bool:
    try:
        read_report_file(served, ADMIN, experiment, name)
    except NotFound as error:
        if "the case p0, which was withdrawn" not in error.detail:
            raise
        return False
    return True


@pytest.mark.parametrize(
    ("split", "gone"),
    [(TESTED, SHOWING), (TRAINED, {"report.html"}), (LEFT_OUT, set())],
    ids=["a test case", "a training case", "left out"],
)
def test_what_may_show_the_patient_goes_and_all_numbers_stay(
    harness: OrchestratorHarness,
    served: Container,
    ready: str,
    split: dict[str, Any],
    gone: set[str],
) -> None:
    experiment = run(harness, ready, split)

    done = withdraw(served, ready)

    assert done.reports_cut == ([experiment] if gone else [])
    assert set(files_of(harness, experiment)) == FILES - gone
    assert readable(served, experiment) == FILES - gone
    verifier = Verifier(harness.write, harness.read, harness.store, sizes_only=False, repairs=False)
    assert verifier.verify().findings == ()
    collector = Collector(harness.write, harness.read, harness.store, harness.coordinator)
    assert collector.find() == []


def test_a_crash_before_the_bytes_go_leaves_them_to_gc_and_nothing_to_heal(
    harness: OrchestratorHarness, served: Container, ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = run(harness, ready, TESTED)
    with monkeypatch.context() as patch:
        patch.setattr("syntrust_gateway.lifecycle.datasets.remove", lambda *_: 0)
        withdraw(served, ready)
    assert set(files_of(harness, experiment)) == FILES

    collector = Collector(harness.write, harness.read, harness.store, harness.coordinator)
    collector.collect()

    assert set(files_of(harness, experiment)) == FILES - SHOWING
    verifier = Verifier(harness.write, harness.read, harness.store, sizes_only=False, repairs=True)
    assert verifier.verify().findings == ()
    assert readable(served, experiment) == FILES - SHOWING


def test_a_report_that_another_live_dataset_has_too_keeps_its_files_for_that_one(
    harness: OrchestratorHarness, served: Container, ready: str
) -> None:
    experiment = run(harness, ready, TESTED)
    harness.client(2)
    with harness.write.begin() as session:
        first, cases = session.get_one(Dataset, ready), session.scalars(select(Case)).all()
        other = Dataset(name="e", grid=first.grid, scheme="auto", owner=2, digest=first.digest)
        other.state = DatasetState.READY
        session.add(other)
        session.flush()
        for case in cases:
            copied = {name: getattr(case, name) for name in ("case_id", "files", "state", "record")}
            session.add(Case(dataset_id=other.id, step=case.step, **copied))
        dataset = other.id
    theirs = harness.experiment(dataset, owner=2, split=TESTED)
    harness.drain(write)
    assert harness.state(theirs).goal == harness.state(experiment).goal

    withdraw(served, ready)

    assert readable(served, experiment) == FILES - SHOWING
    assert readable(served, theirs) == FILES


def test_an_experiment_that_leaves_the_case_out_goes_on(
    harness: OrchestratorHarness, served: Container, ready: str
) -> None:
    begun, waiting = (harness.experiment(ready, split=LEFT_OUT) for _ in range(2))
    harness.submit_until(Kind.SYNTHESISE_CASE)
    with harness.write.begin() as session:
        session.get_one(type(harness.state(waiting)), waiting).planned = False

    done = withdraw(served, ready)
    harness.drain(write)

    assert done.failed_runs == []
    assert {harness.state(each).state for each in (begun, waiting)} == {RunState.SUCCEEDED}


def test_the_manifest_that_is_recorded_names_what_is_left(
    harness: OrchestratorHarness, served: Container, ready: str
) -> None:
    experiment = run(harness, ready, TESTED)

    withdraw(served, ready)

    with harness.read() as session:
        step = session.get_one(Step, harness.state(experiment).goal)
    manifest = Manifest.model_validate(step.manifest)
    assert not SHOWING & manifest.files.keys()
    assert step.bytes == sum(info.bytes for info in manifest.files.values())
    stored = Manifest.model_validate_json(
        harness.store.get(f"artifacts/build_report/{step.id}/manifest.json")
    )
    assert stored == manifest
