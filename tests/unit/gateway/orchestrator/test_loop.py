"""The conductor: what is wanted is handed out in order, and settled once it is done."""

from __future__ import annotations

from tests.unit.gateway.orchestrator_harness import World, fails_on

from syntrust_core.contracts.base import Kind
from syntrust_core.errors import InvalidVolume
from syntrust_gateway.db.tables import CaseState, Dataset, DatasetState, WishState


def test_a_dataset_of_good_cases_becomes_ready_with_a_digest(world: World) -> None:
    dataset = world.dataset()

    world.settle()

    with world.read() as session:
        row = session.get_one(Dataset, dataset)
    assert row.state is DatasetState.READY
    assert row.digest is not None


def test_a_refused_case_opens_its_dataset_again_and_says_why(world: World) -> None:
    dataset = world.dataset()

    world.settle(
        fails_on(Kind.INSPECT_CASE, lambda: InvalidVolume("bad digest", file="t1", field="sha256"))
    )

    with world.read() as session:
        assert session.get_one(Dataset, dataset).state is DatasetState.OPEN
    assert world.case("p0").state is CaseState.REFUSED
    assert world.case("p0").problems == [{"file": "t1", "field": "sha256", "reason": "bad digest"}]


def test_an_experiment_runs_to_its_report(world: World, ready: str) -> None:
    experiment = world.experiment(ready)

    world.settle()

    assert world.state(experiment).state is WishState.SUCCEEDED
    assert world.state(experiment).finished is not None


def test_the_same_experiment_posted_twice_computes_nothing_the_second_time(
    world: World, ready: str
) -> None:
    world.experiment(ready)
    world.settle()
    world.computed.clear()

    second = world.experiment(ready)
    world.settle()

    assert world.state(second).state is WishState.SUCCEEDED
    assert world.computed == []


def test_a_step_in_the_queue_is_not_submitted_again(world: World, ready: str) -> None:
    world.experiment(ready)
    world.tick()
    submitted = len(world.queue.messages)

    world.tick()

    assert len(world.queue.messages) == submitted


def test_only_a_window_of_steps_is_submitted(world: World) -> None:
    dataset = world.dataset(cases=40)

    world.tick()

    assert len(world.queue.messages) == 8
    world.settle()
    with world.read() as session:
        assert session.get_one(Dataset, dataset).state is DatasetState.READY
