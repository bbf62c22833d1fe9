"""The orchestrator: what is wanted is handed out in order, and settled once it is done."""

from __future__ import annotations

from sqlalchemy import select
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness, fails_on

from syntrust_core.contracts.base import Kind, Queue
from syntrust_core.errors import InvalidVolume
from syntrust_gateway.db.tables import Case, CaseState, Dataset, DatasetState, RunState


def test_a_dataset_of_good_cases_becomes_ready_with_a_digest(harness: OrchestratorHarness) -> None:
    dataset = harness.dataset()

    harness.drain()

    with harness.read() as session:
        row = session.get_one(Dataset, dataset)
    assert row.state is DatasetState.READY
    assert row.digest is not None


def test_cases_that_were_inspected_for_another_dataset_are_ready_at_once(
    harness: OrchestratorHarness,
) -> None:
    first = harness.dataset()
    harness.drain()
    harness.tick()  # the review of this minute has been
    with harness.write.begin() as session:
        old = session.get_one(Dataset, first)
        again = Dataset(name="again", grid=old.grid, scheme=old.scheme, owner=1)
        again.state = DatasetState.INSPECTING
        session.add(again)
        session.flush()
        for case in session.scalars(select(Case).where(Case.dataset_id == first)).all():
            row = Case(dataset_id=again.id, case_id=case.case_id, files=case.files)
            row.state = CaseState.INSPECTING
            session.add(row)
        second = again.id

    for _ in range(3):
        harness.tick()

    with harness.read() as session:
        assert session.get_one(Dataset, second).state is DatasetState.READY


def test_a_refused_case_opens_its_dataset_again_and_says_why(harness: OrchestratorHarness) -> None:
    dataset = harness.dataset()

    harness.drain(
        fails_on(Kind.INSPECT_CASE, lambda: InvalidVolume("bad digest", file="t1", field="sha256"))
    )

    with harness.read() as session:
        assert session.get_one(Dataset, dataset).state is DatasetState.OPEN
    assert harness.case("p0").state is CaseState.REFUSED
    assert harness.case("p0").problems == [
        {"file": "t1", "field": "sha256", "reason": "bad digest"}
    ]


def test_an_experiment_runs_to_its_report(harness: OrchestratorHarness, ready: str) -> None:
    experiment = harness.experiment(ready)

    harness.drain()

    assert harness.state(experiment).state is RunState.SUCCEEDED
    assert harness.state(experiment).finished is not None


def test_the_same_experiment_posted_twice_computes_nothing_the_second_time(
    harness: OrchestratorHarness, ready: str
) -> None:
    harness.experiment(ready)
    harness.drain()
    harness.computed.clear()

    second = harness.experiment(ready)
    harness.drain()

    assert harness.state(second).state is RunState.SUCCEEDED
    assert harness.computed == []


def test_a_step_in_the_queue_is_not_submitted_again(
    harness: OrchestratorHarness, ready: str
) -> None:
    harness.experiment(ready)
    harness.tick()
    submitted = len(harness.queue.messages)

    harness.tick()

    assert len(harness.queue.messages) == submitted


def test_of_steps_of_unknown_length_one_more_is_submitted_than_there_are_workers(
    harness: OrchestratorHarness,
) -> None:
    dataset = harness.dataset(cases=40)
    for name in ("a", "b", "c"):
        harness.coordinator.worker_alive(Queue.METRICS, name)

    harness.tick()

    assert len(harness.queue.messages) == 4
    harness.drain()
    with harness.read() as session:
        assert session.get_one(Dataset, dataset).state is DatasetState.READY
