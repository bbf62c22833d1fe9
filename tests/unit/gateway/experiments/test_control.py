"""Experiments paused, resumed, retried, put first, and priced before they are accepted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from anyio import to_process
from sqlalchemy import func, select
from tests.unit.metrics.conftest import make_experiment
from tests.unit.metrics.report.test_partial import without

from syntrust_core.contracts.base import Kind, Manifest, Ref
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import (
    Audit,
    Experiment,
    ExperimentStep,
    RunState,
    Step,
    StepState,
    utc_now,
)
from syntrust_gateway.experiments import cost
from syntrust_gateway.orchestrator.planning import plan_steps
from syntrust_metrics.experiment.results import build_results

Post = Callable[..., httpx.Response]


@pytest.fixture
def experiment(post_experiment: Post) -> str:
    identity: str = post_experiment().json()["id"]
    return identity


def put(container: Container, experiment: str, **values: Any) -> None:
    with container.write.begin() as session:
        for name, value in values.items():
            setattr(session.get_one(Experiment, experiment), name, value)


def test_a_paused_experiment_waits_until_it_is_resumed(
    api: Any, container: Container, experiment: str
) -> None:
    paused = api.post(f"/experiments/{experiment}/pause")
    again = api.post(f"/experiments/{experiment}/pause")

    assert (paused.status_code, again.status_code) == (200, 200)
    assert paused.json()["state"] == again.json()["state"] == "paused"
    assert (paused.json()["queue_position"], paused.json()["eta_seconds"]) == (None, None)
    resumed = api.post(f"/experiments/{experiment}/resume")
    assert (resumed.status_code, resumed.json()["state"]) == (202, "queued")
    with container.read() as session:
        actions = [row.action for row in session.scalars(select(Audit).order_by(Audit.id))]
    assert actions[-2:] == ["experiment.pause", "experiment.resume"]


def test_a_paused_experiment_can_be_cancelled(api: Any, experiment: str) -> None:
    api.post(f"/experiments/{experiment}/pause")

    assert api.post(f"/experiments/{experiment}/cancel").json()["state"] == "cancelled"


@pytest.mark.parametrize("verb", ["pause", "resume"])
@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED])
def test_what_has_ended_can_neither_be_paused_nor_resumed(
    api: Any, container: Container, experiment: str, verb: str, state: RunState
) -> None:
    put(container, experiment, state=state)

    answer = api.post(f"/experiments/{experiment}/{verb}")

    assert answer.status_code == 409
    assert answer.json()["state"] == state


@pytest.mark.parametrize("state", [each for each in RunState if each is not RunState.FAILED])
def test_only_a_failed_experiment_can_be_retried(
    api: Any, container: Container, experiment: str, state: RunState
) -> None:
    put(container, experiment, state=state)

    assert api.post(f"/experiments/{experiment}/retry").status_code == 409


def test_a_retried_experiment_is_queued_as_if_it_had_not_failed(
    api: Any, container: Container, experiment: str
) -> None:
    error = {"slug": "internal", "text": "Lost.", "log": ["a line"], "failed_steps": 2}
    put(container, experiment, state=RunState.FAILED, error=error, planned=True)
    told = api.get(f"/experiments/{experiment}").json()["error"]
    assert (told["log"], told["failed_steps"]) == (["a line"], 2)

    answer = api.post(f"/experiments/{experiment}/retry")

    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert (answer.json()["error"], answer.json()["finished"]) == (None, None)
    with container.read() as session:
        assert not session.get_one(Experiment, experiment).planned


@pytest.mark.parametrize("verb", ["pause", "resume", "retry"])
def test_others_do_not_learn_that_an_experiment_can_be_changed(
    stranger: Any, experiment: str, verb: str
) -> None:
    assert stranger.post(f"/experiments/{experiment}/{verb}").status_code == 404
    changed = stranger.request("PATCH", f"/experiments/{experiment}", json={"priority": 1})
    assert changed.status_code == 404


def test_of_two_that_wait_the_one_of_higher_priority_comes_first(
    api: Any, post_experiment: Post
) -> None:
    first, second = post_experiment().json()["id"], post_experiment(priority=1).json()["id"]

    assert api.get(f"/experiments/{first}").json()["queue_position"] == 1
    assert api.get(f"/experiments/{second}").json()["queue_position"] == 0
    changed = api.request("PATCH", f"/experiments/{first}", json={"priority": 10})
    assert changed.json()["priority"] == 10
    assert changed.json()["queue_position"] == 0


@pytest.mark.parametrize("priority", [11, -11, "high", None])
def test_a_priority_lies_between_minus_ten_and_ten(
    api: Any, experiment: str, post_experiment: Post, priority: Any
) -> None:
    changed = api.request("PATCH", f"/experiments/{experiment}", json={"priority": priority})

    assert changed.status_code == 422
    assert post_experiment(priority=priority).status_code == 422


def test_partial_results_are_given_out_as_those_of_a_failed_experiment(
    api: Any,
    container: Container,
    experiment: str,
    put_artifact: Callable[[Ref, dict[str, bytes]], Manifest],
) -> None:
    made = make_experiment(alphas=("0", "1"), test=12)
    results = build_results(without(made, ("0", 0)), made.scores)
    ref = Ref(kind=Kind.BUILD_REPORT, id="b" * 64)
    manifest = put_artifact(ref, {"results.json": json.dumps(results).encode()})
    with container.write.begin() as session:
        report = Step(id=ref.id, kind=ref.kind, message={}, needs=[], state=StepState.DONE)
        report.manifest = manifest.model_dump(mode="json")
        session.add(report)
        session.add(ExperimentStep(experiment_id=experiment, step_id=ref.id, position=0))
    put(container, experiment, state=RunState.FAILED, partial=True, goal=ref.id)

    body = api.get(f"/experiments/{experiment}/results").json()

    assert api.get(f"/experiments/{experiment}").json()["partial"] is True
    assert api.get("/experiments").json()["items"][0]["partial"] is True
    assert body["partial"] is True
    assert body["digest"] == results["digest"]
    assert body["alphas"][0]["trust"] is None


def test_what_failed_without_an_arm_has_no_results(
    api: Any, container: Container, experiment: str
) -> None:
    put(container, experiment, state=RunState.FAILED)

    assert api.get(f"/experiments/{experiment}/results").status_code == 409


def rows(container: Container) -> list[int | None]:
    with container.read() as session:
        tables = (Experiment, Step, ExperimentStep, Audit)
        return [session.scalar(select(func.count()).select_from(table)) for table in tables]


def test_a_dry_run_tells_the_steps_and_accepts_nothing(
    api: Any, container: Container, ready_dataset: str
) -> None:
    asked = {"dataset": ready_dataset, "alphas": [0, 0.5, 1]}
    before = rows(container)

    answer = api.post("/experiments?dry_run=true", json=asked)

    assert answer.status_code == 200
    body = answer.json()
    assert rows(container) == before
    assert body["by_kind"]["train_segmenter"]["total"] == 3
    assert body["steps_total"] == sum(kind["total"] for kind in body["by_kind"].values())
    assert (body["steps_done"], body["bytes"]) == (0, None)
    training = body["by_kind"]["train_segmenter"]
    assert training["device_hours"] is None
    assert training["reason"] == "no step train_segmenter of preset tiny was measured here"
    assert body["by_queue"]["segmenter"]["device_hours"] is None
    assert body["detectable"] is None
    assert body["detectable_reason"] == "With fewer than 10 test cases no difference can be tested."


def test_a_dry_run_reckons_with_measured_rates_and_with_what_is_done(
    api: Any, container: Container, ready_dataset: str, post_experiment: Post
) -> None:
    experiment = post_experiment(segmenter={"iterations": 40}).json()["id"]
    finish_every_step(container, experiment)
    asked = {"dataset": ready_dataset, "alphas": [0, 0.5, 1], "segmenter": {"iterations": 80}}

    body = api.post("/experiments?dry_run=true", json=asked).json()

    # The twins are there; three trainings of 80 iterations take 720 s each, as 40 took 360 s.
    assert body["by_kind"]["synthesise_case"]["device_hours"] == 0
    training = body["by_kind"]["train_segmenter"]
    assert (training["done"], training["total"]) == (0, 3)
    assert training["device_hours"] == pytest.approx(3 * 720 / 3600, abs=1e-3)
    assert training["bytes"] == 3 * 1000
    hours = [body["by_kind"][kind]["device_hours"] for kind in ("train_segmenter", "predict_cases")]
    assert body["by_queue"]["segmenter"]["device_hours"] == pytest.approx(sum(hours), abs=1e-3)
    assert body["bytes_reason"] is None


def finish_every_step(container: Container, experiment: str) -> None:
    """Every step has taken 360 s and stored 1000 bytes."""
    with container.write.begin() as session:
        for step in plan_steps(session, session.get_one(Experiment, experiment)).steps:
            file = {"key": "k", "bytes": 1000, "sha256": "0" * 64}
            made = {"host": "h", "started": "2026-01-01T00:00:00+00:00", "seconds": 360.0}
            manifest = {"kind": step.KIND, "id": step.step_id, "attempt": "a"}
            row = Step(id=step.step_id, kind=step.KIND, message=step.model_dump(mode="json"))
            row.manifest = {**manifest, "files": {"f": file}, "made": made}
            row.state, row.done_at = StepState.DONE, utc_now()
            session.add(row)


def test_a_large_plan_is_made_in_a_process_of_its_own_with_the_same_answer(
    api: Any, ready_dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"dataset": ready_dataset, "alphas": [0, 0.5, 1]}
    small = api.post("/experiments?dry_run=true", json=asked).json()
    used: list[bool] = []
    run_sync = to_process.run_sync

    async def spy(*arguments: Any, **options: Any) -> Any:
        used.append(True)
        return await run_sync(*arguments, **options)

    monkeypatch.setattr(to_process, "run_sync", spy)
    monkeypatch.setattr(cost, "LARGE_IMAGES", 0)

    large = api.post("/experiments?dry_run=true", json=asked).json()

    assert large == small
    assert used == [True]


def test_a_dry_run_refuses_what_a_request_is_refused_for(api: Any, ready_dataset: str) -> None:
    asked = {"dataset": ready_dataset, "alphas": [0, 0]}

    answer = api.post("/experiments?dry_run=true", json=asked)

    assert answer.status_code == 422
