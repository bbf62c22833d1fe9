"""A run that does not move says why: nobody works on its queue, or something else runs there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.unit.gateway.conftest import Api

from syntrust_core.contracts.base import Kind, Queue
from syntrust_core.errors import QueueUnavailable
from syntrust_core.testing import MemoryCoordinator
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Experiment, ExperimentStep, RunState, Step, StepState

pytestmark = pytest.mark.any_database
DONE, READY, BLOCKED, OTHER, NEXT = (str(digit) * 64 for digit in range(5))


@pytest.fixture
def experiment(
    post_experiment: Callable[..., httpx.Response],
    container: Container,
    coordinator: MemoryCoordinator,
) -> str:
    """A planned one: a twin is done, a training is ready, and a prediction needs that training."""
    coordinator.note_tick()
    found: str = post_experiment().json()["id"]
    needs: dict[str, tuple[Kind, list[Any]]] = {
        DONE: (Kind.SYNTHESISE_CASE, []),
        BLOCKED: (Kind.PREDICT_CASES, [[Kind.TRAIN_SEGMENTER, READY]]),
        READY: (Kind.TRAIN_SEGMENTER, [[Kind.SYNTHESISE_CASE, DONE]]),
    }
    with container.write.begin() as session:
        session.get_one(Experiment, found).planned = True
        for position, (step, (kind, named)) in enumerate(needs.items()):
            state = StepState.DONE if step == DONE else StepState.WAITING
            session.add(Step(id=step, kind=kind, message={}, needs=named, state=state))
            session.flush()
            session.add(ExperimentStep(experiment_id=found, step_id=step, position=position))
        for step in (OTHER, NEXT):
            session.add(Step(id=step, kind=Kind.TRAIN_SEGMENTER, message={}, needs=[]))
    return found


def waiting(api: Api, experiment: str) -> Any:
    return api.get(f"/experiments/{experiment}").json()["waiting"]


def test_one_whose_queue_has_no_worker_says_which(api: Api, experiment: str) -> None:
    told = waiting(api, experiment)

    assert (told["cause"], told["queue"], told["ahead"], told["busy"]) == (
        "no_worker",
        "segmenter",
        0,
        [],
    )
    assert "queue segmenter" in told["reason"]


def test_one_behind_a_training_says_so_and_since_when(
    api: Api, experiment: str, coordinator: MemoryCoordinator
) -> None:
    coordinator.worker_alive(Queue.SEGMENTER, "w")
    coordinator.acquire_lease(OTHER, "token")
    for step in (NEXT, READY):
        coordinator.set_queued(step)

    told = waiting(api, experiment)

    assert (told["cause"], told["queue"], told["ahead"]) == ("busy", "segmenter", 1)
    [busy] = told["busy"]
    assert busy["kind"] == "train_segmenter"
    assert f"the training of a segmenter since {busy['since'][11:16]}" in told["reason"]
    assert told["reason"].endswith("1 step is before it.")


def test_one_that_is_handed_out_says_so(
    api: Api, experiment: str, coordinator: MemoryCoordinator
) -> None:
    coordinator.worker_alive(Queue.SEGMENTER, "w")

    assert waiting(api, experiment)["cause"] == "queued"


def test_one_of_which_a_step_runs_does_not_wait(
    api: Api, experiment: str, coordinator: MemoryCoordinator
) -> None:
    coordinator.worker_alive(Queue.SEGMENTER, "w")
    coordinator.acquire_lease(READY, "token")

    assert waiting(api, experiment) is None


@pytest.mark.parametrize("state", [state for state in RunState if state.final])
def test_what_has_ended_does_not_wait(
    api: Api, experiment: str, container: Container, state: RunState
) -> None:
    with container.write.begin() as session:
        session.get_one(Experiment, experiment).state = state

    assert waiting(api, experiment) is None


def test_one_that_nobody_hands_out_says_that_the_orchestrator_is_silent(
    api: Api, experiment: str, coordinator: MemoryCoordinator
) -> None:
    coordinator.tick_age = 300.0

    assert waiting(api, experiment)["cause"] == "no_orchestrator"


def test_without_a_queue_server_that_is_the_reason(
    with_changes: Callable[..., Api], experiment: str
) -> None:
    class Away(MemoryCoordinator):
        def tick_age_s(self) -> float | None:
            raise QueueUnavailable("away")

    api = with_changes(coordinator=Away())

    assert waiting(api, experiment)["cause"] == "no_queue_server"


def test_an_unplanned_one_is_being_planned(
    api: Api, coordinator: MemoryCoordinator, post_experiment: Callable[..., httpx.Response]
) -> None:
    coordinator.note_tick()

    assert post_experiment().json()["waiting"]["cause"] == "planning"
