"""`admin verify` finds what is not whole, and has it computed again if asked."""

from __future__ import annotations

import pytest
from tests.unit.gateway.orchestrator_harness import MODEL, OrchestratorHarness

from syntrust_core.contracts.base import Kind, Manifest, Ref
from syntrust_gateway.db.tables import RunState, Step, StepState
from syntrust_gateway.lifecycle.verification import Verification, Verifier

pytestmark = pytest.mark.any_database


def verify(
    harness: OrchestratorHarness, *, sizes_only: bool = False, repairs: bool = False
) -> Verification:
    return Verifier(
        harness.write, harness.read, harness.store, sizes_only=sizes_only, repairs=repairs
    ).verify()


def goal_file(harness: OrchestratorHarness, experiment: str) -> str:
    with harness.read() as session:
        step = session.get_one(Step, harness.state(experiment).goal)
    return Manifest.model_validate(step.manifest).files["case.json"].key


def test_an_undisturbed_installation_is_whole(
    harness: OrchestratorHarness, experiment: str
) -> None:
    found = verify(harness)

    assert found.findings == ()
    assert found.artifacts == len(harness.steps(StepState.DONE)) > 0
    assert harness.state(experiment).state is RunState.SUCCEEDED


def test_a_flipped_byte_is_found_by_its_digest_alone(
    harness: OrchestratorHarness, experiment: str
) -> None:
    key = goal_file(harness, experiment)
    harness.store.put(key, bytes(len(harness.store.get(key))))

    assert verify(harness, sizes_only=True).findings == ()
    (finding,) = verify(harness).findings
    assert finding.name == f"build_report {harness.state(experiment).goal}"
    assert finding.reason == "case.json has other content than its digest says"
    assert harness.state(experiment).state is RunState.SUCCEEDED


def test_repair_computes_again_what_is_gone(harness: OrchestratorHarness, experiment: str) -> None:
    key = goal_file(harness, experiment)
    before = harness.store.get(key)
    harness.store.delete(key)

    (finding,) = verify(harness, sizes_only=True, repairs=True).findings
    harness.drain()

    assert finding.repair == "is computed again when a run needs it"
    assert harness.state(experiment).state is RunState.SUCCEEDED
    assert harness.store.get(goal_file(harness, experiment)) == before
    assert verify(harness).findings == ()


def test_a_damaged_model_of_the_store_is_named(harness: OrchestratorHarness) -> None:
    entry = f'{{"id": "{MODEL.id}", "kind": "generator"}}'
    harness.store.put("models/names/tiny.json", entry.encode())
    harness.store.delete(Ref(kind=Kind.IMPORTED_MODEL, id=MODEL.id).manifest_key)

    (finding,) = verify(harness).findings

    assert finding.name == "models/names/tiny.json"
    assert finding.reason == "its manifest is missing"
