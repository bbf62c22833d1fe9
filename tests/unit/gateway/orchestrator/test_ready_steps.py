"""What is ready follows from what is there, and a tick reads only the steps that come next."""

from __future__ import annotations

import pytest
from sqlalchemy import event, func, select
from tests.unit.gateway.orchestrator_harness import MODEL, OrchestratorHarness

from syntrust_core.contracts.base import Kind, Ref, StepMessage
from syntrust_core.contracts.experiment_steps import CompareTwin, SynthesiseCase
from syntrust_core.runtime.runner import publish_imported
from syntrust_gateway.db.schedule_tables import ReadyStep, ScheduledRun, StepNeed
from syntrust_gateway.db.tables import JobStep, RunState, Step, StepState
from syntrust_gateway.runs.ready_steps import mark_lost

OTHER_MODEL = Ref(kind=Kind.IMPORTED_MODEL, id="d" * 64)


@pytest.fixture
def inspected(harness: OrchestratorHarness, ready: str) -> str:
    assert ready
    return str(harness.case("p0").step)


def twin(inspected: str, seed: int = 0, model: Ref = MODEL) -> SynthesiseCase:
    return SynthesiseCase(case=inspected, generator=model, sampler="ddim", steps=5, seed=seed)


def compared(inspected: str, *twins: StepMessage) -> CompareTwin:
    return CompareTwin(case=inspected, twins=tuple(message.step_id for message in twins))


def ready_ids(harness: OrchestratorHarness) -> set[str]:
    with harness.read() as session:
        return set(session.scalars(select(ReadyStep.step_id)))


def state_of(harness: OrchestratorHarness, message: StepMessage) -> StepState:
    with harness.read() as session:
        return session.get_one(Step, message.step_id).state


def test_a_step_is_ready_once_all_that_it_needs_is_there(
    harness: OrchestratorHarness, inspected: str
) -> None:
    first, second = twin(inspected, 1), twin(inspected, 2)
    goal = compared(inspected, first, second)
    harness.job(first, second, goal)

    harness.tick()
    assert ready_ids(harness) == {first.step_id, second.step_id}
    harness.work(limit=1)
    harness.tick()
    assert ready_ids(harness) == {second.step_id}
    harness.work(limit=1)
    harness.tick()

    assert ready_ids(harness) == {goal.step_id}


def test_an_ended_run_leaves_nothing_in_the_schedule(
    harness: OrchestratorHarness, inspected: str
) -> None:
    first = twin(inspected)
    harness.job(first, compared(inspected, first))

    harness.drain()

    assert ready_ids(harness) == set()
    with harness.read() as session:
        assert session.scalar(select(func.count()).select_from(ScheduledRun)) == 0
        assert session.scalars(select(StepNeed).where(StepNeed.met.is_(False))).all() == []


def test_a_step_waits_for_an_imported_model_until_it_is_published(
    harness: OrchestratorHarness, inspected: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    job = harness.job(twin(inspected, model=OTHER_MODEL))
    harness.drain()
    assert harness.run(job).state is RunState.QUEUED

    weights = tmp_path_factory.mktemp("model") / "model.safetensors"
    weights.write_bytes(b"weights")
    publish_imported(harness.store, OTHER_MODEL, {weights.name: weights})
    harness.drain()

    assert harness.run(job).state is RunState.SUCCEEDED


def test_a_lost_artifact_is_computed_again_before_what_needs_it(
    harness: OrchestratorHarness, inspected: str
) -> None:
    first = twin(inspected)
    goal = compared(inspected, first)
    job = harness.job(first, goal)
    harness.submit_until(Kind.COMPARE_TWIN)
    harness.coordinator.lose_everything()
    harness.store.delete(first.ref.manifest_key)
    harness.computed.clear()

    with harness.write.begin() as session:
        mark_lost(session, first.step_id)
    assert ready_ids(harness) == {first.step_id}
    harness.drain()

    assert harness.run(job).state is RunState.SUCCEEDED
    assert harness.computed == [first.step_id, goal.step_id]


def test_a_lost_inspection_becomes_a_step_of_the_runs_that_wait_for_it(
    harness: OrchestratorHarness, inspected: str
) -> None:
    first = twin(inspected)
    job = harness.job(first, compared(inspected, first))
    harness.tick()
    harness.queue.messages.clear()
    harness.coordinator.lose_everything()
    harness.store.delete(Ref(kind=Kind.INSPECT_CASE, id=inspected).manifest_key)

    with harness.write.begin() as session:
        mark_lost(session, inspected)
    assert ready_ids(harness) == {inspected}
    with harness.read() as session:
        links = select(JobStep.step_id).where(JobStep.job_id == job).order_by(JobStep.position)
        assert session.scalars(links).first() == inspected
    harness.drain()

    assert harness.run(job).state is RunState.SUCCEEDED


def test_what_a_lost_artifact_made_stays_done(harness: OrchestratorHarness, inspected: str) -> None:
    first = twin(inspected)
    goal = compared(inspected, first)
    job = harness.job(first, goal)
    harness.drain()

    with harness.write.begin() as session:
        mark_lost(session, first.step_id)
    harness.drain()

    assert harness.run(job).state is RunState.SUCCEEDED
    assert state_of(harness, goal) is StepState.DONE
    assert state_of(harness, first) is StepState.WAITING


def test_a_tick_reads_no_more_rows_where_a_hundred_times_as_many_steps_are_ready(
    harness: OrchestratorHarness, inspected: str
) -> None:
    counts = []
    for number in (20, 2000):
        harness.job(*(twin(inspected, seed) for seed in range(number)), name=str(number))
        harness.tick()
        harness.tick()
        rows: list[int] = []

        def note(*arguments: object, rows: list[int] = rows) -> None:
            rows.append(1)

        event.listen(harness.engine, "before_cursor_execute", note)
        harness.work(limit=1)
        harness.tick()
        event.remove(harness.engine, "before_cursor_execute", note)
        counts.append(len(rows))

    assert counts[1] <= counts[0] + 5
