"""A withdrawn patient is gone: from new work, from what runs, and from the store."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from tests.unit.gateway.lifecycle.conftest import give_contents
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness, compute

from syntrust_core.contracts.base import Kind, Ref, StepMessage
from syntrust_core.errors import Conflict, NotFound
from syntrust_core.runtime.runner import StepContext
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.datasets.service import find_ready_dataset, get_dataset
from syntrust_gateway.db.tables import (
    Audit,
    Case,
    CaseState,
    Dataset,
    DatasetState,
    Model,
    Role,
    RunState,
    Step,
    StepState,
)
from syntrust_gateway.lifecycle.collection import Collector
from syntrust_gateway.lifecycle.datasets import derive, withdraw_case
from syntrust_gateway.lifecycle.schemas import Derivation, WithdrawnBody
from syntrust_gateway.lifecycle.verification import Verifier

ADMIN = Caller(id=1, name="a", role=Role.ADMIN)


@pytest.fixture
def served(harness: OrchestratorHarness) -> Container:
    return Container(harness.write, harness.read, harness.store, harness.coordinator)


def withdraw(served: Container, dataset: str, *, cascade: bool = False) -> WithdrawnBody:
    done = withdraw_case(served, ADMIN, dataset, "p0", cascade_models=cascade)
    assert done is not None
    return done


def case_of(harness: OrchestratorHarness, dataset: str) -> Case:
    with harness.read() as session:
        return session.get_one(Case, (dataset, "p0"))


def step_of(harness: OrchestratorHarness, dataset: str) -> str:
    return str(case_of(harness, dataset).step)


def objects_about(harness: OrchestratorHarness, kind: Kind, step: str) -> list[str]:
    prefix = Ref(kind=kind, id=step).prefix
    return [item.key for item in harness.store.list(f"{prefix}/")]


def twins_of(harness: OrchestratorHarness, inspection: str) -> list[str]:
    with harness.read() as session:
        twins = session.scalars(select(Step).where(Step.kind == "synthesise_case")).all()
    return [twin.id for twin in twins if ["inspect_case", inspection] in twin.needs]


def second_client(harness: OrchestratorHarness) -> str:
    """Another client with a ready dataset of the same files."""
    harness.client(2)
    with harness.write.begin() as session:
        first = session.scalars(select(Dataset)).one()
        cases = session.scalars(select(Case)).all()
        dataset = Dataset(name="e", grid=first.grid, scheme="auto", owner=2)
        dataset.state, dataset.digest = DatasetState.READY, first.digest
        session.add(dataset)
        session.flush()
        for case in cases:
            row = Case(dataset_id=dataset.id, case_id=case.case_id, files=case.files)
            row.state, row.step, row.record = CaseState.READY, case.step, case.record
            session.add(row)
        return dataset.id


def test_a_dataset_keeps_its_digest_says_who_is_withdrawn_and_takes_no_new_work(
    harness: OrchestratorHarness, served: Container, ready: str
) -> None:
    with harness.read() as session:
        before = get_dataset(session, ADMIN, ready)

    withdraw(served, ready)

    with harness.read() as session:
        after = get_dataset(session, ADMIN, ready)
        with pytest.raises(Conflict, match="Derive a dataset without it"):
            find_ready_dataset(session, ADMIN, ready)
        (row,) = session.scalars(select(Audit).where(Audit.action == "case.withdraw"))
    assert (after.digest, after.state) == (before.digest, DatasetState.READY)
    assert after.withdrawn == ["p0"]
    assert row.target == f"{ready}/p0"
    with pytest.raises(NotFound):
        withdraw_case(served, ADMIN, ready, "p0", cascade_models=False)


def test_its_files_and_all_images_made_of_it_go_and_the_others_stay(
    harness: OrchestratorHarness, served: Container, ready: str, experiment: str
) -> None:
    inspection = step_of(harness, ready)
    (twin,) = twins_of(harness, inspection)
    file = harness.case("p0").files["t1"]["key"]

    done = withdraw(served, ready)

    assert done.objects > 0
    assert not harness.store.exists(file)
    assert objects_about(harness, Kind.INSPECT_CASE, inspection) == []
    assert objects_about(harness, Kind.SYNTHESISE_CASE, twin) == []
    with harness.read() as session:
        kept = session.scalars(select(Step).where(Step.state == StepState.DONE)).all()
    kinds = {step.kind for step in kept}
    assert {"inspect_case", "synthesise_case", "train_segmenter", "build_report"} <= kinds
    assert harness.state(experiment).state is RunState.SUCCEEDED
    verifier = Verifier(harness.write, harness.read, harness.store, sizes_only=False, repairs=False)
    assert verifier.verify().findings == ()
    collector = Collector(harness.write, harness.read, harness.store, harness.coordinator)
    assert collector.find() == []


def test_a_run_that_uses_it_fails_with_a_sentence_and_its_steps_are_cancelled(
    harness: OrchestratorHarness, served: Container, ready: str
) -> None:
    experiment = harness.experiment(ready)
    message = harness.submit_until(Kind.SYNTHESISE_CASE)
    harness.coordinator.acquire_lease(message.step_id, "worker")
    harness.tick()

    done = withdraw(served, ready)
    harness.tick()

    assert done.failed_runs == [experiment]
    run = harness.state(experiment)
    assert run.state is RunState.FAILED
    assert run.error is not None
    assert "The case p0 was withdrawn" in run.error["text"]
    assert harness.coordinator.cancelled(message.step_id)


def test_a_late_worker_cannot_publish_a_twin_of_it(
    harness: OrchestratorHarness, served: Container, ready: str
) -> None:
    harness.experiment(ready)
    inspection = step_of(harness, ready)
    harness.tick()
    (twin,) = twins_of(harness, inspection)
    late: list[str] = []

    def slow(message: StepMessage, context: StepContext) -> None:
        if message.step_id == twin:
            withdraw(served, ready)
            harness.coordinator.cancels.clear()
            late.append(message.step_id)
        compute(message, context)

    harness.drain(slow)

    assert late == [twin]
    assert not harness.store.exists(Ref(kind=Kind.SYNTHESISE_CASE, id=twin).manifest_key)
    left = objects_about(harness, Kind.SYNTHESISE_CASE, twin)
    assert not [key for key in left if key.endswith("case.json")]


def test_what_another_client_holds_too_stays_until_it_withdraws_as_well(
    harness: OrchestratorHarness, served: Container, ready: str, experiment: str
) -> None:
    other = second_client(harness)
    inspection = step_of(harness, ready)
    file = case_of(harness, ready).files["t1"]["key"]

    done = withdraw(served, ready)

    assert done.kept_for == []
    assert other not in done.model_dump_json()
    assert harness.store.exists(file)
    assert objects_about(harness, Kind.INSPECT_CASE, inspection)
    theirs = harness.experiment(other, owner=2)
    harness.drain()
    assert harness.state(theirs).state is RunState.SUCCEEDED

    withdraw(served, other)
    assert not harness.store.exists(file)
    assert objects_about(harness, Kind.INSPECT_CASE, inspection) == []
    assert harness.state(experiment).state is RunState.SUCCEEDED


@pytest.mark.parametrize("cascade", [False, True])
def test_models_that_were_trained_on_it_are_marked_or_deleted(
    harness: OrchestratorHarness, served: Container, ready: str, experiment: str, *, cascade: bool
) -> None:
    with harness.write.begin() as session:
        steps = session.scalars(select(Step).where(Step.kind == "train_segmenter")).all()
        for number, step in enumerate(steps):
            row = Model(id=f"{number:036d}", kind=step.kind, step=step.id, name=f"m{number}")
            row.card, row.owner = {"card": {"preset": "tiny"}, "cases": []}, 1
            session.add(row)
        weights = [step.id for step in steps]

    done = withdraw(served, ready, cascade=cascade)

    with harness.read() as session:
        cards = [row.card["card"] for row in session.scalars(select(Model))]
    touched = done.models_deleted if cascade else done.models_marked
    assert touched
    if cascade:
        assert len(cards) == len(weights) - len(touched)
        gone = [step for step in weights if not objects_about(harness, Kind.TRAIN_SEGMENTER, step)]
        assert len(gone) == len(touched)
    else:
        marked = [card for card in cards if card.get("withdrawn_cases") == ["p0"]]
        assert len(marked) == len(touched)
        assert all(objects_about(harness, Kind.TRAIN_SEGMENTER, step) for step in weights)
    assert harness.state(experiment).state is RunState.SUCCEEDED


def test_a_derived_dataset_is_ready_at_once_and_computes_nothing_again(
    harness: OrchestratorHarness, served: Container, ready: str, experiment: str
) -> None:
    withdraw(served, ready)

    derived = derive(served, ADMIN, ready, Derivation())

    with harness.read() as session:
        body = get_dataset(session, ADMIN, derived)
        original = get_dataset(session, ADMIN, ready)
    assert body.state is DatasetState.READY
    assert [case.id for case in body.cases] == ["p1", "p2", "p3", "p4", "p5"]
    assert body.digest != original.digest
    assert harness.state(experiment).state is RunState.SUCCEEDED
    second = harness.experiment(derived)
    harness.drain()
    assert harness.state(second).state is RunState.SUCCEEDED
    with harness.read() as session:
        kinds = [session.get_one(Step, step).kind for step in harness.computed]
    assert "inspect_case" not in kinds


def test_a_derived_dataset_keeps_its_origin(
    harness: OrchestratorHarness, served: Container, ready: str
) -> None:
    with harness.write.begin() as session:
        session.get_one(Dataset, ready).origin = "phantoms"
    withdraw(served, ready)

    derived = derive(served, ADMIN, ready, Derivation())

    with harness.read() as session:
        assert get_dataset(session, ADMIN, derived).origin == "phantoms"
        assert find_ready_dataset(session, ADMIN, derived).origin == "phantoms"


def test_the_same_patient_uploaded_anew_can_be_used_again(
    harness: OrchestratorHarness, served: Container, ready: str
) -> None:
    inspection = step_of(harness, ready)
    withdraw(served, ready)
    with harness.write.begin() as session:
        first = session.get_one(Dataset, ready)
        dataset = Dataset(name="again", grid=first.grid, scheme="auto", owner=1)
        dataset.state = DatasetState.INSPECTING
        session.add(dataset)
        session.flush()
        row = Case(dataset_id=dataset.id, case_id="p0", files={}, state=CaseState.INSPECTING)
        session.add(row)
        anew = dataset.id
    give_contents(harness, anew)

    harness.drain()

    with harness.read() as session:
        assert session.get_one(Dataset, anew).state is DatasetState.READY
    assert step_of(harness, anew) == inspection
    assert objects_about(harness, Kind.INSPECT_CASE, inspection)
