"""No log line holds a key, or what a client has called a patient."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import structlog
from sqlalchemy import Engine, update
from tests.unit.gateway.api_harness import ApiHarness, key_of, refuse
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness, compute

from syntrust_core import log
from syntrust_core.contracts.base import Kind, StepMessage
from syntrust_core.errors import InvalidRequest
from syntrust_core.runtime.runner import StepContext
from syntrust_core.testing import MemoryStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Case, Client, RunState

MARK: Final = "Doe-Jane"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, logged: list[Any]) -> Iterator[io.StringIO]:
    """Log as an entry point does, tracebacks included."""
    written, before = io.StringIO(), structlog.get_config()
    monkeypatch.setattr(sys, "stderr", written)
    log.configure()
    yield written
    structlog.configure(**before)


@pytest.fixture
def harness(container: Container, store: MemoryStore, tmp_path: Path) -> ApiHarness:
    return ApiHarness(container, store, tmp_path)


def name_patients(message: StepMessage, context: StepContext) -> None:
    """Fail a training with a sentence about a patient, and leave records that cannot be read."""
    if message.KIND is Kind.TRAIN_SEGMENTER:
        raise InvalidRequest(f"The case {MARK} has no tumour.")
    if message.KIND is Kind.COMPARE_TWIN:
        raise KeyError(MARK)
    compute(message, context)


def garble(message: StepMessage, context: StepContext) -> None:
    path = context.scratch / "case.json"
    path.write_text(json.dumps({MARK: MARK}))
    context.add(path.name, path)


def rename_cases(harness: OrchestratorHarness) -> None:
    with harness.write.begin() as session:
        renamed = {"case_id": Case.case_id + f"-{MARK}", "group": MARK}
        session.execute(update(Case).values(renamed))


def test_no_line_names_a_patient_while_a_dataset_is_registered_and_refused(
    api: Any, store: MemoryStore, harness: ApiHarness, lines: io.StringIO, container: Container
) -> None:
    dataset = api.post("/datasets", json={"name": "d"}).json()["id"]
    where = f"/datasets/{dataset}/cases"
    names = ("t1", "t1ce", "t2", "flair", "seg")
    contents = {name: name.encode() for name in names}
    files = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in contents.items()
    }
    body = {"id": f"{MARK}-1", "group": MARK, "files": files}
    targets = api.post(where, json=body)
    assert targets.status_code == 201, targets.text
    for role, target in targets.json().items():
        store.put(key_of(target["url"]), contents[role])
    assert api.post(where, json={"id": f"{MARK}/2", "files": files}).status_code == 422
    assert api.get(f"{where}/{MARK}-9").status_code in {404, 405}
    assert api.get(f"/datasets?cursor={MARK}").status_code == 422
    assert api.post(f"/datasets/{dataset}/commit").status_code == 202
    harness.drain(refuse)
    with container.read() as session:
        assert session.get_one(Case, (dataset, f"{MARK}-1")).problems
    assert api.delete(f"{where}/{MARK}-1").status_code < 500

    _assert_clean(lines, api, "/datasets/{dataset_id}/cases/{case_id}")


@pytest.fixture
def orchestrated(tmp_path: Path, new_engine: Callable[[], Engine]) -> OrchestratorHarness:
    return OrchestratorHarness(tmp_path, new_engine())


def test_no_line_names_a_patient_while_an_experiment_fails(
    orchestrated: OrchestratorHarness, lines: io.StringIO
) -> None:
    dataset = orchestrated.dataset()
    rename_cases(orchestrated)
    orchestrated.drain()
    experiment = orchestrated.experiment(dataset)
    orchestrated.drain(name_patients)

    assert orchestrated.state(experiment).state is RunState.FAILED
    text = lines.getvalue()
    assert MARK not in text
    assert "KeyError" in text
    failed = [json.loads(line) for line in text.splitlines() if "orchestrator.step_failed" in line]
    assert {line["run"] for line in failed} == {experiment}
    assert all(line["step"] for line in failed)


def test_no_line_names_a_case_whose_record_cannot_be_read(
    orchestrated: OrchestratorHarness, lines: io.StringIO
) -> None:
    dataset = orchestrated.dataset(cases=1)
    rename_cases(orchestrated)
    orchestrated.drain(garble)

    text = lines.getvalue()
    assert MARK not in text
    (contained, *_) = [json.loads(line) for line in text.splitlines() if ".contained" in line]
    assert contained["dataset"] == dataset


@pytest.mark.any_database
@pytest.mark.parametrize("name", [f"{MARK}-1", "0" * 64, "0193a5c2-7d8e-7b1a-9c3d-2f4e5a6b7c8d"])
def test_a_request_that_crashes_is_logged_without_case_and_text(
    api: Any, monkeypatch: pytest.MonkeyPatch, container: Container, lines: io.StringIO, name: str
) -> None:
    def crash(*_: object, **__: object) -> None:
        client = Client(name=api.key)
        with container.write.begin() as session:
            session.add(client)
            session.flush()
            session.add(Client(id=client.id, name=name))

    monkeypatch.setattr("syntrust_gateway.datasets.routes.withdraw_case", crash)

    answer = api.delete(f"/datasets/{MARK}/cases/{name}")

    assert answer.status_code == 500
    assert name not in lines.getvalue()
    _assert_clean(lines, api, "request.crashed", "IntegrityError", "DELETE")


@pytest.mark.any_database
def test_a_failed_request_names_the_ids_that_the_platform_has_made(
    api: Any, lines: io.StringIO
) -> None:
    job = "0193a5c2-7d8e-7b1a-9c3d-2f4e5a6b7c8d"
    api.get(f"/jobs/{job}")
    (line,) = map(json.loads, lines.getvalue().splitlines())
    assert (line["route"], line["job_id"], line["status"]) == ("/jobs/{job_id}", job, 404)


def _assert_clean(lines: io.StringIO, api: Any, *expected: str) -> None:
    text = lines.getvalue()
    for part in expected:
        assert part in text
    assert MARK not in text
    assert api.key not in text
    assert all(json.loads(line) for line in text.splitlines() if line.startswith("{"))
