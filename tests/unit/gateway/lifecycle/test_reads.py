"""A caller who asks for a damaged result is told so, and gets the same result later."""

from __future__ import annotations

import pytest
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness

from syntrust_core.contracts.base import Manifest
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Role, RunState, Step
from syntrust_gateway.errors import BeingRecomputed
from syntrust_gateway.experiments.answers.results import read_report_file

ADMIN = Caller(id=1, name="a", role=Role.ADMIN)


@pytest.fixture
def served(harness: OrchestratorHarness) -> Container:
    return Container(harness.write, harness.read, harness.store, harness.coordinator)


def report_key(harness: OrchestratorHarness, experiment: str) -> str:
    with harness.read() as session:
        step = session.get_one(Step, harness.state(experiment).goal)
    return Manifest.model_validate(step.manifest).files["case.json"].key


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_damaged_report_is_computed_again_and_is_then_the_same(
    harness: OrchestratorHarness, served: Container, experiment: str, *, is_gone: bool
) -> None:
    before = read_report_file(served, ADMIN, experiment, "case.json")
    key = report_key(harness, experiment)
    if is_gone:
        harness.store.delete(key)
    else:
        harness.store.put(key, bytes(len(before.content)))

    with pytest.raises(BeingRecomputed, match="is being computed again"):
        read_report_file(served, ADMIN, experiment, "case.json")
    assert harness.state(experiment).state is RunState.RUNNING

    harness.drain()
    assert harness.state(experiment).state is RunState.SUCCEEDED
    assert read_report_file(served, ADMIN, experiment, "case.json") == before


def test_all_experiments_with_the_damaged_report_run_on(
    harness: OrchestratorHarness, served: Container, ready: str, experiment: str
) -> None:
    other = harness.experiment(ready)
    harness.drain()
    harness.store.delete(report_key(harness, experiment))

    with pytest.raises(BeingRecomputed):
        read_report_file(served, ADMIN, experiment, "case.json")

    assert harness.state(other).state is RunState.RUNNING
    harness.drain()
    assert harness.state(other).state is RunState.SUCCEEDED
