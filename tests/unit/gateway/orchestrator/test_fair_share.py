"""Whose step comes next: clients take turns, a newcomer comes soon, and priorities are kept."""

from __future__ import annotations

import json
from collections import Counter
from itertools import count

import pytest
from sqlalchemy import select, update
from tests.unit.gateway.orchestrator_harness import MODEL, OrchestratorHarness, compute

from syntrust_core.contracts.base import QUEUES, Queue, StepMessage
from syntrust_core.contracts.experiment_steps import SynthesiseCase
from syntrust_gateway.db.schedule_tables import ReadyStep
from syntrust_gateway.db.tables import Job, RunState
from syntrust_gateway.orchestrator.scheduling.fair_share import (
    MOST_IN_FLIGHT,
    Chooser,
    Shares,
    Turns,
    Window,
)
from syntrust_gateway.runs.ready_steps import precedence

NEXT = count(1000)  # no seed of the experiments beside them


def twins(inspected: str, number: int) -> list[StepMessage]:
    """Give so many steps that are nobody else's."""
    return [
        SynthesiseCase(case=inspected, generator=MODEL, sampler="ddim", steps=5, seed=next(NEXT))
        for _ in range(number)
    ]


@pytest.fixture
def inspected(harness: OrchestratorHarness, ready: str) -> str:
    assert ready
    for number in (2, 3):
        harness.client(number)
    harness.restart()  # it knows nothing of how long steps take
    return str(harness.case("p0").step)


def compute_slowly(harness: OrchestratorHarness, message: StepMessage) -> None:
    """Compute a step that says that it took ten minutes."""
    harness.bench.attempt(message, compute)
    key = message.ref.manifest_key
    manifest = json.loads(harness.store.get(key))
    manifest["made"]["seconds"] = 600.0
    harness.store.put(key, json.dumps(manifest).encode())


def serve(harness: OrchestratorHarness, limit: int) -> list[str]:
    """Let the one worker of the generator's queue compute so many steps; their ids in order."""
    done: list[str] = []
    for _ in range(limit):
        harness.tick()
        waiting = [m for m in harness.queue.messages if QUEUES[m.KIND] is Queue.GENERATOR]
        for message in waiting[:1]:
            harness.queue.messages.remove(message)
            compute_slowly(harness, message)
            done.append(message.step_id)
    return done


def test_a_newcomers_step_is_next_but_for_what_runs_and_one_more(
    harness: OrchestratorHarness, inspected: str
) -> None:
    harness.coordinator.worker_alive(Queue.GENERATOR, "only")
    harness.job(*twins(inspected, 1000), owner=2)
    serve(harness, 5)
    harness.tick()
    running = harness.queue.take()
    harness.coordinator.acquire_lease(running.step_id, "only")
    (wanted,) = twins(inspected, 1)
    harness.job(wanted, owner=3)

    harness.tick()
    ahead = [message.step_id for message in harness.queue.messages]
    harness.coordinator.release_lease(running.step_id, "only")
    compute_slowly(harness, running)
    harness.tick()

    assert len(ahead) == 1
    assert harness.queue.messages[1].step_id == wanted.step_id


def test_steps_that_are_quick_are_queued_in_greater_numbers(
    harness: OrchestratorHarness, inspected: str
) -> None:
    harness.job(*twins(inspected, 100))
    harness.tick()
    assert len(harness.queue.messages) == 2

    harness.work()
    harness.tick()

    assert len(harness.queue.messages) > 10


@pytest.mark.parametrize("pace_s", [{}, {"k": 60.0}, {"k": 2.0}])
def test_a_window_of_slow_or_unknown_steps_holds_one_more_than_its_workers(
    pace_s: dict[str, float],
) -> None:
    window = Window(3, pace_s)
    while window.has_room:
        window.add("k")

    assert window._in_flight == 4


def test_quick_steps_fill_their_window_in_one_tick(
    harness: OrchestratorHarness, inspected: str
) -> None:
    harness.job(*twins(inspected, MOST_IN_FLIGHT + 50))
    harness.tick()
    harness.work()

    harness.tick()

    assert len(harness.queue.messages) == MOST_IN_FLIGHT


def test_a_window_of_quick_steps_is_bounded() -> None:
    window, held = Window(1, {"k": 0.0}), 0
    while window.has_room:
        window.add("k")
        held += 1

    assert held == MOST_IN_FLIGHT


def test_running_steps_are_no_backlog() -> None:
    window = Window(2, {"k": 1.5})
    window.add("k", is_running=True)
    window.add("k", is_running=True)
    assert window.has_room
    window.add("k")
    assert window.has_room
    window.add("k")
    window.add("k")
    assert not window.has_room


def test_clients_take_turns_in_proportion_to_their_weights() -> None:
    turns, weights = Turns(), {1: 1, 2: 3}
    served: Counter[int] = Counter()

    for _ in range(400):
        owner = turns.order([1, 2])[0]
        turns.take(owner, weights[owner])
        served[owner] += 1

    assert served == {1: 100, 2: 300}


def test_a_client_that_had_nothing_to_do_gets_no_more_turns_for_it() -> None:
    turns = Turns()
    for _ in range(1000):
        turns.take(1, 1)

    first = []
    for _ in range(10):
        owner = turns.order([1, 2])[0]
        turns.take(owner, 1)
        first.append(owner)

    assert Counter(first) == {1: 5, 2: 5}


def test_a_thousand_steps_of_one_client_do_not_starve_another(
    harness: OrchestratorHarness, inspected: str
) -> None:
    harness.job(*twins(inspected, 1000), owner=2)
    serve(harness, 3)
    mine = twins(inspected, 2)
    job = harness.job(*mine, owner=3)

    done = serve(harness, 7)
    harness.tick()

    assert {message.step_id for message in mine} <= set(done)
    assert harness.run(job).state is RunState.SUCCEEDED


def test_a_client_with_a_limit_has_no_more_steps_in_flight(
    harness: OrchestratorHarness, inspected: str
) -> None:
    harness.job(*twins(inspected, 10), owner=2)
    harness.job(*twins(inspected, 10), owner=3)
    harness.tick()
    harness.queue.messages.clear()
    harness.coordinator.lose_everything()

    with harness.read() as session:
        chooser = Chooser(session, Queue.GENERATOR, Turns(), Shares(limits={2: 1, 3: 4}))
        window = Window(20, {})
        chosen = chooser.choose(window, set(), {3: 1})

    assert Counter(step.owner for step in chosen) == {2: 1, 3: 3}


def test_jobs_come_before_experiments_and_older_ones_first(
    harness: OrchestratorHarness, inspected: str, ready: str
) -> None:
    experiment = harness.experiment(ready)
    jobs = [twins(inspected, 1) for _ in range(3)]
    for messages in jobs:
        harness.job(*messages)

    assert serve(harness, 3) == [message.step_id for (message,) in jobs]
    assert harness.run(experiment).state is RunState.QUEUED


def test_a_higher_priority_comes_before_age_and_kind_of_run() -> None:
    job, experiment = precedence(1, 0), precedence(2, 0)
    urgent, patient = precedence(2, 1), precedence(1, -1)

    assert urgent < job < experiment < patient


def test_a_changed_precedence_changes_what_comes_next(
    harness: OrchestratorHarness, inspected: str
) -> None:
    first, second = twins(inspected, 10), twins(inspected, 1)
    harness.job(*first)
    later = harness.job(*second)
    harness.tick()

    with harness.write.begin() as session:
        session.execute(update(ReadyStep).where(ReadyStep.run_id == later).values(precedence=-3))
    done = serve(harness, 4)

    assert second[0].step_id in done[:3]


def test_no_step_of_an_ended_run_is_ready(harness: OrchestratorHarness, inspected: str) -> None:
    job = harness.job(*twins(inspected, 10))
    serve(harness, 2)

    with harness.write.begin() as session:
        session.get_one(Job, job).state = RunState.CANCELLED
    harness.tick()

    with harness.read() as session:
        assert session.scalars(select(ReadyStep)).all() == []


def test_steps_that_several_clients_want_are_computed_once(
    harness: OrchestratorHarness, inspected: str
) -> None:
    shared = twins(inspected, 5)
    jobs = [harness.job(*shared, owner=owner) for owner in (1, 2, 3)]

    harness.drain()

    assert {harness.run(job).state for job in jobs} == {RunState.SUCCEEDED}
    assert len(harness.computed) == len(set(harness.computed)) == 5
