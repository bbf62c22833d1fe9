"""`admin gc` removes what nobody needs, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness

from syntrust_core.contracts.base import Kind, Ref
from syntrust_gateway.db.content_tables import JobUpload
from syntrust_gateway.db.tables import (
    Experiment,
    ExperimentStep,
    Job,
    JobKind,
    RunState,
    StepState,
    Upload,
    utc_now,
)
from syntrust_gateway.lifecycle.collection import Collector
from syntrust_gateway.lifecycle.verification import Verifier

pytestmark = pytest.mark.any_database


PLACES = ("staging", "content")


def collector(harness: OrchestratorHarness, *, later: timedelta = timedelta()) -> Collector:
    return Collector(
        harness.write, harness.read, harness.store, harness.coordinator, now=utc_now() + later
    )


def a_step(harness: OrchestratorHarness) -> Ref:
    step = harness.steps(StepState.DONE)[0]
    return Ref(kind=Kind(step.kind), id=step.id)


def test_nothing_that_a_run_or_a_dataset_has_is_garbage(
    harness: OrchestratorHarness, experiment: str
) -> None:
    assert collector(harness, later=timedelta(days=400)).find() == []
    assert harness.state(experiment).goal is not None


def test_files_of_a_loser_go_after_a_day_unless_its_step_runs(
    harness: OrchestratorHarness, experiment: str
) -> None:
    ref = a_step(harness)
    key = ref.file_key("loser", "case.json")
    harness.store.put(key, b"{}")
    assert collector(harness).find() == []
    harness.coordinator.acquire_lease(ref.id, "somebody")
    assert collector(harness, later=timedelta(days=2)).find() == []
    harness.coordinator.leases.clear()

    (found,) = collector(harness, later=timedelta(days=2)).find()
    assert (found.key, found.why) == (key, "of an attempt that has not won")
    assert harness.store.exists(key)

    collector(harness, later=timedelta(days=2)).collect()
    assert not harness.store.exists(key)
    assert harness.state(experiment).goal is not None


def test_uploads_that_nobody_names_go_after_a_day(harness: OrchestratorHarness) -> None:
    for key in ("staging/1/abandoned", f"content/{'a' * 64}"):
        harness.store.put(key, b"x")

    assert collector(harness).find() == []
    found = collector(harness, later=timedelta(days=2)).collect()

    assert {item.key for item in found} == {"staging/1/abandoned", f"content/{'a' * 64}"}


def test_uploads_that_no_job_has_taken_leave_no_row_after_a_day(
    harness: OrchestratorHarness, ready: str
) -> None:
    del ready  # its client
    staged, received = ({"key": f"{place}/1/x", "bytes": 9, "sha256": "0" * 64} for place in PLACES)
    with harness.write.begin() as session:
        rows = [Upload(files={"t1": file}, scheme="auto", owner=1) for file in (staged, received)]
        used = Upload(files={"t1": staged}, scheme="auto", owner=1)
        job = Job(kind=JobKind.SYNTHESIS, spec={}, plan=[], owner=1, state=RunState.FAILED)
        session.add_all([*rows, used, job])
        session.flush()
        taken = {"roles": ["t1"], "case_id": None, "received": False}
        session.add(JobUpload(job_id=job.id, upload_id=used.id, **taken))
        abandoned, kept = rows[0].id, {rows[1].id, used.id}
    young, old = collector(harness), collector(harness, later=timedelta(days=2))

    assert [item.key for item in young.find() if item.key.startswith("upload ")] == []
    assert [item.key for item in old.find() if item.key.startswith("upload ")] == [
        f"upload {abandoned}"
    ]
    assert f"upload {abandoned}" in {item.key for item in old.collect()}

    with harness.read() as session:
        assert set(session.scalars(select(Upload.id))) == kept


def test_what_only_a_deleted_run_had_goes_after_its_retention(
    harness: OrchestratorHarness, experiment: str
) -> None:
    with harness.write.begin() as session:
        session.execute(delete(ExperimentStep))
        session.execute(delete(Experiment))

    assert collector(harness, later=timedelta(days=20)).find() == []
    collector(harness, later=timedelta(days=40)).collect()

    left = {step.kind for step in harness.steps(StepState.DONE)}
    assert left == {"inspect_case"}
    assert {item.key.split("/")[1] for item in harness.store.list("artifacts/")} == {
        "inspect_case",
        "imported_model",
    }
    found = Verifier(
        harness.write, harness.read, harness.store, sizes_only=False, repairs=False
    ).verify()
    assert found.findings == ()
    assert experiment
