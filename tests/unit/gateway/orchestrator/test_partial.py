"""A step that cannot be done: the other arms end, and a retry makes the experiment whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, select
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness, compute
from tests.unit.metrics.conftest import score

from syntrust_core.contracts.base import Kind, Manifest, Ref, StepMessage
from syntrust_core.contracts.experiment_steps import (
    CompareTwin,
    ScoreCases,
    SynthesiseCase,
    TrainSegmenter,
)
from syntrust_core.contracts.report import BuildReport
from syntrust_core.errors import InvalidRequest
from syntrust_core.runtime.runner import StepContext, StepHandler
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.db.tables import Experiment, ExperimentStep, Role, RunState, Step
from syntrust_gateway.runs import control
from syntrust_metrics.experiment.results import build_results
from syntrust_metrics.segmentation.score_file import ScoreFile

ADMIN = Caller(id=1, name="a", role=Role.ADMIN)
Poison = Callable[[StepMessage], bool]
SWEEP: dict[str, Any] = {
    "alphas": [0, 0.5, 1],
    "split": {"train": ["p0", "p1", "p2", "p3"], "test": ["p4", "p5"]},
}


def worker(poison: Poison = lambda _: False) -> StepHandler:
    """A worker that scores by chance and builds true results of it, unless a step is poison."""

    def work(message: StepMessage, context: StepContext) -> None:
        if poison(message):
            raise InvalidRequest("This cannot be done.")
        if isinstance(message, ScoreCases):
            rng = np.random.default_rng(int(message.step_id[:8], 16))
            scores = ScoreFile(cases={case: score(rng) for case in message.cases})
            _write(context, "scores.json", scores.model_dump_json())
        elif isinstance(message, BuildReport):
            _write(context, "results.json", json.dumps(_build(message, context)))
        else:
            compute(message, context)

    return work


def _build(report: BuildReport, context: StepContext) -> Any:
    scores = {
        step: ScoreFile.model_validate_json(
            context.read(Ref(kind=Kind.SCORE_CASES, id=step), "scores.json")
        )
        for each in report.trainings
        for step in each.scores
    }
    cases = tuple(case.model_copy(update={"comparison": None}) for case in report.cases)
    return build_results(report.model_copy(update={"cases": cases}), scores)


def _write(context: StepContext, name: str, content: str) -> None:
    path = context.scratch / name
    path.write_text(content)
    context.add(name, path)


def trains_alone(twins: int) -> Poison:
    """The training on a mix with so many twins."""

    def poison(message: StepMessage) -> bool:
        if not isinstance(message, TrainSegmenter):
            return False
        return sum(image.twin is not None for image in message.train) == twins

    return poison


def retry(harness: OrchestratorHarness, experiment: str) -> None:
    with harness.write.begin() as session:
        control.retry(session, ADMIN, session.get_one(Experiment, experiment))


def read_results(harness: OrchestratorHarness, experiment: str) -> dict[str, Any]:
    with harness.read() as session:
        goal = session.get_one(Step, session.get_one(Experiment, experiment).goal)
    files = Manifest.model_validate(goal.manifest).files
    found: dict[str, Any] = json.loads(harness.store.get(files["results.json"].key))
    return found


def linked(harness: OrchestratorHarness, experiment: str) -> list[str]:
    query = select(ExperimentStep.step_id).where(ExperimentStep.experiment_id == experiment)
    with harness.read() as session:
        return list(session.scalars(query.order_by(ExperimentStep.position)))


@pytest.fixture
def partial(harness: OrchestratorHarness, ready: str) -> str:
    """An experiment whose training at α = 0.5 cannot be done."""
    experiment = harness.experiment(ready, **SWEEP)
    harness.drain(worker(trains_alone(2)))
    return experiment


def test_the_other_arms_of_a_failed_step_end_and_are_reported(
    harness: OrchestratorHarness, partial: str
) -> None:
    row = harness.state(partial)

    assert (row.state, row.partial) == (RunState.FAILED, True)
    assert row.finished is not None
    results = read_results(harness, partial)
    assert results["partial"] is True
    assert [arm["trust"] is None for arm in results["alphas"]] == [False, True, False]
    assert results["alphas"][1]["reason"] == (
        "seed 0: training the segmenter failed (invalid-request)"
    )


def test_a_failed_experiment_names_the_step_that_failed(
    harness: OrchestratorHarness, partial: str
) -> None:
    error = harness.state(partial).error

    assert error is not None
    assert (error["kind"], error["slug"]) == ("train_segmenter", "invalid-request")
    assert error["text"] == "This cannot be done."
    assert error["failed_steps"] == 1


def test_while_other_arms_go_on_the_experiment_runs_and_tells_what_failed(
    harness: OrchestratorHarness, ready: str
) -> None:
    experiment = harness.experiment(ready, **SWEEP)
    for _ in range(100):
        harness.tick()
        if harness.state(experiment).error is not None:
            break
        harness.work(worker(trains_alone(2)), limit=1)

    row = harness.state(experiment)
    assert row.state is RunState.RUNNING
    assert row.error is not None
    assert not row.partial


def test_a_retry_computes_only_what_is_missing_and_gives_the_undisturbed_results(
    harness: OrchestratorHarness,
    partial: str,
    tmp_path: Path,
    new_engine: Callable[[], Engine],
) -> None:
    harness.computed.clear()
    retry(harness, partial)

    harness.drain(worker())

    row = harness.state(partial)
    assert (row.state, row.partial, row.error) == (RunState.SUCCEEDED, False, None)
    # One training, two predictions, two scores and the report.
    assert len(harness.computed) == 6
    whole = undisturbed(tmp_path, new_engine())
    assert read_results(harness, partial)["digest"] == whole["digest"]
    assert "partial" not in whole


def undisturbed(folder: Path, engine: Engine) -> dict[str, Any]:
    other = folder / "undisturbed"
    other.mkdir()
    harness = OrchestratorHarness(other, engine)
    dataset = harness.dataset()
    harness.drain()
    experiment = harness.experiment(dataset, **SWEEP)
    harness.drain(worker())
    return read_results(harness, experiment)


def test_a_retry_that_fails_again_gives_the_same_partial_results(
    harness: OrchestratorHarness, partial: str
) -> None:
    first, steps = read_results(harness, partial), linked(harness, partial)
    retry(harness, partial)

    harness.drain(worker(trains_alone(2)))

    assert harness.state(partial).partial
    assert read_results(harness, partial)["digest"] == first["digest"]
    assert linked(harness, partial) == steps


def test_an_experiment_of_which_no_arm_is_left_fails_at_once(
    harness: OrchestratorHarness, ready: str
) -> None:
    experiment = harness.experiment(ready, **SWEEP)
    tested = {harness.case(case).step for case in SWEEP["split"]["test"]}
    failed: list[str] = []

    def twin_of_a_test_case(message: StepMessage) -> bool:
        poison = isinstance(message, SynthesiseCase) and message.case in tested
        failed.extend([message.step_id] if poison else [])
        return poison

    while not failed:
        harness.tick()
        harness.work(worker(twin_of_a_test_case))
    harness.tick()

    row = harness.state(experiment)
    assert (row.state, row.partial) == (RunState.FAILED, False)
    assert row.error is not None
    computed = list(harness.computed)
    harness.drain(worker(twin_of_a_test_case))
    assert harness.computed == computed


def test_a_comparison_that_fails_takes_no_arm_with_it(
    harness: OrchestratorHarness, ready: str
) -> None:
    experiment = harness.experiment(ready, **SWEEP)
    compared: list[str] = []

    def first_comparison(message: StepMessage) -> bool:
        if isinstance(message, CompareTwin):
            compared.append(message.step_id)
        return message.step_id in compared[:1]

    harness.drain(worker(first_comparison))

    results = read_results(harness, experiment)
    assert harness.state(experiment).partial
    assert all(arm["trust"] for arm in results["alphas"])
    assert results["curve"] is not None
    [twin] = results["missing"]["twins"]
    assert twin["reason"] == "comparing the twins failed (invalid-request)"


def test_second_twins_that_fail_cost_the_noise_floor_alone(
    harness: OrchestratorHarness, ready: str
) -> None:
    twice = {**SWEEP, "generator": {"twins": 2}}
    experiment = harness.experiment(ready, **twice)

    harness.drain(worker(lambda message: getattr(message, "twin", 0) == 1))

    results = read_results(harness, experiment)
    assert all(arm["trust"] for arm in results["alphas"])
    reason = "drawing a twin failed (invalid-request)"
    assert results["floors"]["twins"] == {"reason": reason, "alphas": []}
    assert results["missing"]["second_twins"] == reason


def test_a_partial_report_that_fails_leaves_no_results_and_can_be_retried(
    harness: OrchestratorHarness, ready: str
) -> None:
    experiment = harness.experiment(ready, **SWEEP)
    lost = trains_alone(2)
    harness.drain(worker(lambda message: lost(message) or message.KIND is Kind.BUILD_REPORT))
    assert (harness.state(experiment).state, harness.state(experiment).partial) == (
        RunState.FAILED,
        False,
    )

    retry(harness, experiment)
    harness.drain(worker())

    assert harness.state(experiment).state is RunState.SUCCEEDED


def test_two_experiments_that_share_a_failed_step_both_end_with_their_other_arms(
    harness: OrchestratorHarness, ready: str
) -> None:
    first = harness.experiment(ready, **SWEEP)
    second = harness.experiment(ready, **{**SWEEP, "alphas": [0.5, 1]})

    harness.drain(worker(trains_alone(2)))

    assert harness.state(first).partial
    assert harness.state(second).partial
