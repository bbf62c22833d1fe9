"""A ready dataset whose uploaded files are in the store, and an experiment on it that has ended."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import select
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness

from syntrust_core.contracts.uploads import content_key
from syntrust_gateway.db.tables import Case


def give_contents(harness: OrchestratorHarness, dataset: str) -> None:
    """Put the files of a dataset into the store, before it is inspected."""
    with harness.write.begin() as session:
        for case in session.scalars(select(Case).where(Case.dataset_id == dataset)):
            content = f"scan of {case.case_id}".encode()
            sha256 = hashlib.sha256(content).hexdigest()
            file = {"key": content_key(sha256), "bytes": len(content), "sha256": sha256}
            case.files = {"t1": file}
            harness.store.put(content_key(sha256), content)


@pytest.fixture
def ready(harness: OrchestratorHarness) -> str:
    dataset = harness.dataset()
    give_contents(harness, dataset)
    harness.drain()
    harness.computed.clear()
    return dataset


@pytest.fixture
def experiment(harness: OrchestratorHarness, ready: str) -> str:
    experiment = harness.experiment(ready)
    harness.drain()
    harness.computed.clear()
    return experiment
