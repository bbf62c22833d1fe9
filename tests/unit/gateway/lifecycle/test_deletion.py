"""A deletion refuses while something depends on it, or removes all that nobody else has."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness

from syntrust_core.contracts.base import Kind
from syntrust_core.errors import Conflict, NotFound
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import (
    Audit,
    Case,
    Experiment,
    Job,
    Model,
    Role,
    RunState,
    Step,
    Upload,
    utc_now,
)
from syntrust_gateway.lifecycle.collection import Collector
from syntrust_gateway.lifecycle.deletion import (
    delete_dataset,
    delete_experiment,
    delete_job,
    delete_model,
    delete_upload,
)
from syntrust_gateway.lifecycle.verification import Verifier

ADMIN = Caller(id=1, name="a", role=Role.ADMIN)
STRANGER = Caller(id=2, name="b", role=Role.USER)


@pytest.fixture
def served(harness: OrchestratorHarness) -> Container:
    return Container(harness.write, harness.read, harness.store, harness.coordinator)


def left_kinds(harness: OrchestratorHarness) -> set[str]:
    return {item.key.split("/")[1] for item in harness.store.list("artifacts/")}


def count(harness: OrchestratorHarness, table: type[Step | Case | Job]) -> int:
    with harness.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def train_models(harness: OrchestratorHarness, experiment: str) -> int:
    """Register the segmenters of an experiment, as the orchestrator does."""
    with harness.write.begin() as session:
        steps = session.scalars(select(Step).where(Step.kind == "train_segmenter")).all()
        for number, step in enumerate(steps):
            row = Model(id=f"{number:036d}", kind=step.kind, step=step.id, name=f"m{number}")
            row.card = {"card": {"preset": "tiny"}, "made_by": {"experiment": experiment}}
            row.owner = 1
            session.add(row)
        return len(steps)


def require_whole(harness: OrchestratorHarness) -> None:
    """What is left is whole, and nothing is left that nobody has."""
    found = Verifier(
        harness.write, harness.read, harness.store, sizes_only=False, repairs=False
    ).verify()
    assert found.findings == ()
    collector = Collector(harness.write, harness.read, harness.store, harness.coordinator)
    assert collector.find() == []


def test_a_dataset_with_experiments_is_refused_by_name_and_goes_whole_if_asked(
    harness: OrchestratorHarness, served: Container, ready: str, experiment: str
) -> None:
    with pytest.raises(Conflict, match=f"experiment {experiment}") as refused:
        delete_dataset(served, ADMIN, ready, cascade=False)
    assert refused.value.context["dependants"] == 1

    removed = delete_dataset(served, ADMIN, ready, cascade=True)

    assert (removed.datasets, removed.experiments) == ([ready], [experiment])
    assert removed.steps > 0
    assert removed.objects > 0
    assert left_kinds(harness) == {"imported_model"}
    assert list(harness.store.list("content/")) == []
    assert count(harness, Step) == 0
    with harness.read() as session:
        row = session.scalars(select(Audit).where(Audit.action == "dataset.delete")).one()
    assert row.detail["experiments"] == [experiment]


def test_an_experiment_goes_without_what_another_has_too(
    harness: OrchestratorHarness, served: Container, ready: str, experiment: str
) -> None:
    other = harness.experiment(ready, alphas=[0])
    harness.drain()

    delete_experiment(served, ADMIN, experiment, cascade=False)

    assert harness.state(other).state is RunState.SUCCEEDED
    assert {"synthesise_case", "train_segmenter", "build_report"} <= left_kinds(harness)
    require_whole(harness)
    delete_experiment(served, ADMIN, other, cascade=False)
    assert left_kinds(harness) == {"imported_model", "inspect_case"}


def test_a_running_experiment_is_refused_and_ends_if_asked(
    harness: OrchestratorHarness, served: Container, ready: str
) -> None:
    experiment = harness.experiment(ready)
    harness.tick()
    message = harness.queue.take()
    harness.coordinator.acquire_lease(message.step_id, "worker")
    harness.tick()

    with pytest.raises(Conflict, match="has not ended"):
        delete_experiment(served, ADMIN, experiment, cascade=False)
    delete_experiment(served, ADMIN, experiment, cascade=True)
    harness.tick()

    assert harness.coordinator.cancelled(message.step_id)
    harness.drain()
    assert count(harness, Case) == 6


def test_models_of_an_experiment_stay_unless_asked(
    harness: OrchestratorHarness, served: Container, experiment: str
) -> None:
    models = train_models(harness, experiment)

    with pytest.raises(Conflict, match="model 0000"):
        delete_experiment(served, ADMIN, experiment, cascade=False)
    removed = delete_experiment(served, ADMIN, experiment, cascade=True)

    assert len(removed.models) == models
    assert "train_segmenter" not in left_kinds(harness)


def test_a_model_goes_but_not_the_weights_that_an_experiment_has(
    harness: OrchestratorHarness, served: Container, experiment: str
) -> None:
    train_models(harness, experiment)

    removed = delete_model(served, ADMIN, "m0", cascade=False)

    assert len(removed.models) == 1
    assert removed.steps == 0
    require_whole(harness)
    with pytest.raises(NotFound):
        delete_model(served, ADMIN, "m0", cascade=False)


def test_a_job_goes_with_its_files(
    harness: OrchestratorHarness, served: Container, ready: str
) -> None:
    experiment = harness.experiment(ready)
    message = harness.submit_until(Kind.SYNTHESISE_CASE)
    job = harness.job(message)
    harness.drain()

    removed = delete_job(served, ADMIN, job, cascade=False)

    assert (removed.jobs, removed.steps) == ([job], 0)
    assert harness.state(experiment).state is RunState.SUCCEEDED
    assert count(harness, Job) == 0


def test_an_upload_goes_with_its_files_unless_a_case_has_the_same(
    harness: OrchestratorHarness, served: Container, ready: str
) -> None:
    with harness.write.begin() as session:
        same = session.get_one(Case, (ready, "p0")).files["t1"]
        own = {"key": f"content/{'b' * 64}", "bytes": 1, "sha256": "b" * 64}
        staged = {"key": "staging/1/x", "bytes": 1, "sha256": "c" * 64}
        files = {"t1": same, "t2": own, "flair": staged}
        upload = Upload(scheme="auto", files=files, owner=1, problems=[])
        session.add(upload)
        session.flush()
        identity = upload.id
    for file in (own, staged):
        harness.store.put(str(file["key"]), b"x")

    removed = delete_upload(served, ADMIN, identity, cascade=False)

    assert removed.objects == 2
    assert harness.store.exists(same["key"])
    require_whole(harness)


def test_what_belongs_to_another_client_is_not_there(
    harness: OrchestratorHarness, served: Container, ready: str, experiment: str
) -> None:
    train_models(harness, experiment)

    for delete, name in (
        (delete_dataset, ready),
        (delete_experiment, experiment),
        (delete_model, "m0"),
    ):
        with pytest.raises(NotFound):
            delete(served, STRANGER, name, cascade=True)
    with harness.read() as session:
        assert session.get(Experiment, experiment) is not None


def test_an_interrupted_removal_is_finished_by_gc(
    harness: OrchestratorHarness,
    served: Container,
    experiment: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def crash(*_: object) -> int:
        raise RuntimeError("killed")

    monkeypatch.setattr("syntrust_gateway.lifecycle.deletion.remove", crash)
    with pytest.raises(RuntimeError):
        delete_experiment(served, ADMIN, experiment, cascade=False)
    assert "build_report" in left_kinds(harness)

    later = utc_now() + timedelta(days=40)
    Collector(harness.write, harness.read, harness.store, harness.coordinator, now=later).collect()

    assert left_kinds(harness) == {"imported_model", "inspect_case"}
