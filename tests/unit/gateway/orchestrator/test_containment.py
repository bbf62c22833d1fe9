"""What is wrong with one run, one step or one artifact stops no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text, update
from tests.unit.gateway.orchestrator_harness import MODEL, OrchestratorHarness, compute

from syntrust_core.contracts.base import StepMessage
from syntrust_core.contracts.experiment_steps import SynthesiseCase
from syntrust_core.errors import StoreUnavailable
from syntrust_core.testing import MemoryStore
from syntrust_gateway.db.tables import Case, CaseState, Experiment, RunState, Step, StepState


class RefusingStore(MemoryStore):
    """A store that refuses to read the keys that a test names."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: set[str] = set()
        self.is_away = False

    def _refuse(self, key: str) -> None:
        if self.is_away or key in self.refused:
            raise StoreUnavailable(f"The object store refused {key}: AccessDenied.")

    def get(self, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
        self._refuse(key)
        return super().get(key, offset=offset, length=length)

    def exists(self, key: str) -> bool:
        self._refuse(key)
        return super().exists(key)


def twin(seed: int, case: str) -> SynthesiseCase:
    return SynthesiseCase(case=case, generator=MODEL, sampler="ddim", steps=5, seed=seed)


@pytest.fixture
def refusing(
    tmp_path: Path, new_engine: Callable[[], Engine]
) -> tuple[OrchestratorHarness, RefusingStore]:
    """A harness on a store that can refuse."""
    store = RefusingStore()
    return OrchestratorHarness(tmp_path, new_engine(), store), store


@pytest.fixture
def inspected(harness: OrchestratorHarness, ready: str) -> str:
    """The step that has inspected a case."""
    assert ready
    step = harness.case("p0").step
    assert step is not None
    return step


def test_an_experiment_that_cannot_be_planned_fails_and_another_completes(
    harness: OrchestratorHarness, ready: str
) -> None:
    poison, sound = harness.experiment(ready), harness.experiment(ready)
    with harness.write.begin() as session:
        row = session.get_one(Experiment, poison)
        segmenter = {**row.spec["segmenter"], "overrides": {"a": "\ud800"}}
        row.spec = {**row.spec, "segmenter": segmenter}

    harness.drain()

    assert harness.state(sound).state is RunState.SUCCEEDED
    failed = harness.state(poison)
    assert failed.state is RunState.FAILED
    assert failed.finished is not None
    assert failed.error is not None
    assert failed.error["slug"] == "internal"
    assert "could not plan this experiment" in failed.error["text"]


@pytest.mark.any_database  # PostgreSQL keeps no JSON that cannot be read
def test_a_row_that_cannot_be_read_fails_its_run_alone(
    harness: OrchestratorHarness, ready: str
) -> None:
    poison, sound = harness.experiment(ready), harness.experiment(ready)
    with harness.write.begin() as session:
        spoil = text("UPDATE experiment SET spec = '{' WHERE id = :id")
        session.execute(spoil, {"id": poison})

    harness.drain()

    assert harness.state(sound).state is RunState.SUCCEEDED
    with harness.read() as session:
        query = text("SELECT state FROM experiment WHERE id = :id")
        assert session.scalar(query, {"id": poison}) == "failed"


def test_a_damaged_manifest_is_set_aside_and_its_step_computed_again(
    harness: OrchestratorHarness, inspected: str
) -> None:
    first, second = twin(1, inspected), twin(2, inspected)
    harness.store.put(first.ref.manifest_key, b"not json")
    damaged, sound = harness.job(first), harness.job(second)

    harness.drain()

    assert harness.run(damaged).state is RunState.SUCCEEDED
    assert harness.run(sound).state is RunState.SUCCEEDED
    aside = [item.key for item in harness.store.list(f"{first.ref.prefix}/damaged/")]
    assert [harness.store.get(key) for key in aside] == [b"not json"]


def test_a_manifest_of_another_step_counts_as_damaged(
    harness: OrchestratorHarness, inspected: str
) -> None:
    first, second = twin(1, inspected), twin(2, inspected)
    harness.job(second)
    harness.drain()
    harness.store.put(first.ref.manifest_key, harness.store.get(second.ref.manifest_key))
    job = harness.job(first)

    harness.drain()

    assert harness.run(job).state is RunState.SUCCEEDED
    assert first.step_id in harness.computed


def test_a_step_whose_artifact_is_always_damaged_fails_and_names_it(
    harness: OrchestratorHarness, inspected: str
) -> None:
    message = twin(1, inspected)
    job, sound = harness.job(message), harness.job(twin(2, inspected))

    def spoil(step: StepMessage, context: Any) -> None:
        compute(step, context)
        if step == message:
            harness.store.put(message.ref.manifest_key, b"\x00")

    harness.drain(spoil)

    error = harness.run(job).error
    assert error is not None
    assert error["slug"] == "object-damaged"
    assert f"synthesise_case {message.step_id} was damaged 3 times" in error["text"]
    assert harness.run(sound).state is RunState.SUCCEEDED


@pytest.mark.parametrize("record", [b"", b"{}", b'{"host": "h", "started": "then", "seconds": 0}'])
def test_an_attempt_that_cannot_be_read_counts_and_stops_nothing(
    harness: OrchestratorHarness, inspected: str, record: bytes
) -> None:
    message = twin(1, inspected)
    job = harness.job(message)
    harness.tick()
    harness.queue.messages.clear()
    harness.coordinator.lose_everything()
    harness.store.put(message.ref.attempt_key("a"), record)

    harness.drain()

    assert harness.run(job).state is RunState.SUCCEEDED


def test_problems_that_cannot_be_read_have_the_case_inspected_again(
    harness: OrchestratorHarness,
) -> None:
    harness.dataset(cases=2)
    spoiled: list[str] = []

    def spoil(message: StepMessage, context: Any) -> None:
        path = context.scratch / ("problems.json" if not spoiled else "case.json")
        record = {"scheme": {"NCR": 1}, "digests": {"t1": message.step_id}}
        path.write_text(json.dumps(record) if spoiled else "garbage")
        spoiled.append(message.step_id)
        context.add(path.name, path)

    harness.drain(spoil)

    assert spoiled.count(spoiled[0]) == 2
    assert {harness.case(name).state for name in ("p0", "p1")} == {CaseState.READY}


def test_a_case_record_that_cannot_be_read_has_the_case_inspected_again(
    harness: OrchestratorHarness,
) -> None:
    harness.dataset(cases=2)
    spoiled: list[str] = []

    def spoil(message: StepMessage, context: Any) -> None:
        if spoiled:
            compute(message, context)
            return
        spoiled.append(message.step_id)
        path = context.scratch / "case.json"
        path.write_text('{"scheme": {}}')
        context.add(path.name, path)

    harness.drain(spoil)

    assert {harness.case(name).state for name in ("p0", "p1")} == {CaseState.READY}


def test_a_stored_message_that_cannot_be_read_fails_its_step_alone(
    harness: OrchestratorHarness, inspected: str
) -> None:
    first, second = twin(1, inspected), twin(2, inspected)
    poison = harness.job(first, second)
    sound = harness.job(second, twin(3, inspected))
    harness.orchestrator.tick()
    harness.queue.messages.clear()
    harness.coordinator.lose_everything()
    with harness.write.begin() as session:
        unreadable = update(Step).where(Step.id == first.step_id).values(message={"kind": "?"})
        session.execute(unreadable)

    harness.drain()

    error = harness.run(poison).error
    assert error is not None
    assert error["step"] == first.step_id
    assert "cannot be read by this version" in error["text"]
    assert harness.run(sound).state is RunState.SUCCEEDED


def test_a_key_that_the_store_refuses_fails_its_step_alone_and_says_so(
    refusing: tuple[OrchestratorHarness, RefusingStore],
) -> None:
    harness, store = refusing
    harness.dataset()
    harness.drain()
    inspected = str(harness.case("p0").step)
    first, second = twin(1, inspected), twin(2, inspected)
    refused, sound = harness.job(first), harness.job(second)
    store.refused.add(first.ref.manifest_key)

    for _ in range(6):
        harness.drain()

    error = harness.run(refused).error
    assert error is not None
    assert error["slug"] == "store-unavailable"
    assert first.ref.manifest_key in error["text"]
    assert harness.run(sound).state is RunState.SUCCEEDED


def test_a_store_that_answers_nobody_fails_nothing(
    refusing: tuple[OrchestratorHarness, RefusingStore],
) -> None:
    harness, store = refusing
    harness.dataset()
    harness.tick()
    store.is_away = True
    harness.queue.messages.clear()
    harness.coordinator.lose_everything()

    for _ in range(20):
        with pytest.raises(StoreUnavailable):
            harness.tick()
        harness.clock.advance(minutes=1)
    store.is_away = False
    harness.drain()

    assert harness.steps(StepState.FAILED) == []
    assert harness.case("p0").state is CaseState.READY


def test_a_case_that_no_step_can_be_made_for_is_refused_alone(harness: OrchestratorHarness) -> None:
    dataset = harness.dataset(cases=2)
    with harness.write.begin() as session:
        session.get_one(Case, (dataset, "p0")).files = {"t1": {"key": 7}}

    harness.drain()

    assert harness.case("p0").state is CaseState.REFUSED
    assert "Register it again" in harness.case("p0").problems[0]["reason"]
    assert harness.case("p1").state is CaseState.READY


def test_a_goal_that_completes_badly_fails_its_run_alone(
    harness: OrchestratorHarness, inspected: str
) -> None:
    poison = harness.job(twin(1, inspected))
    sound = harness.job(twin(2, inspected))
    with harness.write.begin() as session:
        session.execute(
            text("UPDATE job SET kind = 'model_training', name = 'm' WHERE id = :id"),
            {"id": poison},
        )

    harness.drain()

    assert harness.run(sound).state is RunState.SUCCEEDED
    failed = harness.run(poison)
    assert failed.state is RunState.FAILED
    assert failed.error == {
        "slug": "internal",
        "text": "The platform failed at this step; its log has the reason.",
    }
