"""The orchestrator on each kind of database: what the unit tests show on SQLite alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from tests.unit.gateway.orchestrator_harness import MODEL, OrchestratorHarness

from syntrust_core.contracts.experiment_steps import SynthesiseCase
from syntrust_gateway.db.migrations import migrate
from syntrust_gateway.db.schedule_tables import ReadyStep, ScheduledRun
from syntrust_gateway.db.session import make_engine
from syntrust_gateway.db.tables import RunState, Step
from syntrust_gateway.runs.ready_steps import mark_lost


@pytest.fixture
def harness(tmp_path: Path, database_url: str) -> Iterator[OrchestratorHarness]:
    migrate(database_url)
    engine = make_engine(database_url)
    yield OrchestratorHarness(tmp_path, engine)
    engine.dispose()


@pytest.fixture
def ready(harness: OrchestratorHarness) -> str:
    dataset = harness.dataset()
    harness.drain()
    return dataset


def test_an_experiment_runs_to_its_report_beside_one_that_cannot_be_planned(
    harness: OrchestratorHarness, ready: str
) -> None:
    poison, sound = harness.experiment(ready), harness.experiment(ready)
    with harness.write.begin() as session:
        row = session.get_one(type(harness.state(poison)), poison)
        row.spec = {**row.spec, "segmenter": {"overrides": {"a": "\ud800"}}}

    harness.drain()

    assert harness.state(sound).state is RunState.SUCCEEDED
    assert harness.state(poison).state is RunState.FAILED
    with harness.read() as session:
        assert session.scalars(select(ReadyStep)).all() == []
        assert session.scalars(select(ScheduledRun)).all() == []


def test_a_lost_artifact_is_computed_again(harness: OrchestratorHarness, ready: str) -> None:
    case = str(harness.case("p0").step)
    message = SynthesiseCase(case=case, generator=MODEL, sampler="ddim", steps=5, seed=1)
    harness.job(message)
    harness.drain()
    harness.store.delete(message.ref.manifest_key)

    with harness.write.begin() as session:
        mark_lost(session, message.step_id)
    job = harness.job(message)
    harness.drain()

    assert ready
    assert harness.run(job).state is RunState.SUCCEEDED
    assert harness.computed.count(message.step_id) == 2


def test_two_orchestrators_at_the_same_time_log_no_conflict(
    harness: OrchestratorHarness, ready: str
) -> None:
    """No more than one leads, but for a moment two may think so."""
    experiment = harness.experiment(ready)
    first = harness.orchestrator
    harness.restart()
    failed: list[Exception] = []

    def tick() -> None:
        try:
            first.tick()
        except Exception as error:  # noqa: BLE001 - the test shows it
            failed.append(error)

    with capture_logs() as logged:
        for _ in range(30):
            thread = threading.Thread(target=tick)
            thread.start()
            harness.tick()
            thread.join()
            harness.work()

    assert failed == []
    assert [line for line in logged if line["log_level"] == "error"] == []
    assert harness.state(experiment).state is RunState.SUCCEEDED
    with harness.read() as session:
        assert all(step.attempts <= 1 for step in session.scalars(select(Step)))
